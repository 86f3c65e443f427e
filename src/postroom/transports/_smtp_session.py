"""One SMTP session: opened with TLS and AUTH as its route says, then one mail after another."""

from __future__ import annotations

import base64
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from postroom.model import Mail, Refused
from postroom.transports._smtp_mail import blocks, needs_utf8, parameters, unfit
from postroom.transports._smtp_outcome import Reply, Stage, Trouble
from postroom.transports._smtp_wire import Garbled, Patience, TLSWire, Wire

_DONE: Final = range(200, 300)
_GOING_ON: Final = range(354, 355)  # the only answer after which a message may follow (RFC 5321 §4.3.2)
_CLOSING: Final = 421
_LOGGED_IN: Final = frozenset({235, 503})  # 503: already (RFC 4954 §4)
_MECHANISMS: Final = ("PLAIN", "LOGIN", "CRAM-MD5")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How to come to a server. `implicit` and `starttls` exclude each other; both need `context`."""

    host: str
    port: int
    ehlo: str
    starttls: bool
    implicit: bool
    context: ssl.SSLContext | None
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)


class Session:
    """An open session. When `is_broken`, it has closed itself and must not be used again."""

    def __init__(self, route: Route, patience: Patience) -> None:
        """Connect, greet, change to TLS, log in. Raises Trouble, with nothing left open."""
        self._patience = patience
        self._wire = _connect(route, patience)
        self.is_broken = False
        self.is_used = False
        self._rested_at = monotonic()
        try:
            self._introduce(route)
        except BaseException:
            self._wire.close()
            raise

    @property
    def idle(self) -> float:
        """Seconds since the session was last used."""
        return monotonic() - self._rested_at

    def refusal(self, mail: Mail) -> Refused | None:
        """Say why a mail must not be sent in this session; None where it may."""
        return unfit(mail, self._wire.esmtp_features)

    def deliver(self, mail: Mail) -> Reply:
        """Send one mail and return the answer that took it. Raises Trouble."""
        self._wire.deadline = monotonic() + self._patience.transaction
        try:
            reply = self._transact(mail)
        except Trouble as trouble:
            self._wire.deadline = None
            self._settle(trouble)
            raise
        finally:
            self._rested_at = monotonic()
        self.is_used = True
        return reply

    def close(self) -> None:
        """Say goodbye, within seconds, and hang up."""
        if not self.is_broken:
            self.is_broken = True
            self._wire.patience = self._patience.farewell
            with suppress(OSError, smtplib.SMTPException, Garbled):
                self._wire.docmd("QUIT")
        self._wire.close()

    def _introduce(self, route: Route) -> None:
        self._greet()
        if route.starttls:
            self._secure(route)
            self._greet()  # RFC 3207 §4.2: what was said before TLS must be forgotten
        if route.username is not None:
            self._log_in(route.username, route.password or "")

    def _greet(self) -> None:
        with self._at(Stage.EHLO, self._patience.answer):
            code, text = self._wire.ehlo()
        if code not in _DONE:
            raise Trouble(Stage.EHLO, Reply.of(code, text))

    def _secure(self, route: Route) -> None:
        if not self._wire.has_extn("starttls"):
            detail = (
                "no STARTTLS is offered and nothing goes out in clear; does this port need `tls: implicit`?"
            )
            raise Trouble(Stage.STARTTLS, detail=detail)
        with self._at(Stage.STARTTLS, self._patience.answer):
            self._wire.starttls(context=route.context)

    def _log_in(self, username: str, password: str) -> None:
        """Try one mechanism, once: a second try with the same password helps nobody."""
        offered = self._wire.esmtp_features.get("auth", "").upper().split()
        mechanism = next((each for each in _MECHANISMS if each in offered), None)
        if mechanism is None:
            detail = f"the server lets nobody log in by {', '.join(_MECHANISMS)} here; is it the right port?"
            raise Trouble(Stage.AUTH, detail=detail, final=True)
        with self._at(Stage.AUTH, self._patience.answer):
            code, text = self._authenticate(mechanism, username, password)
        if code not in _LOGGED_IN:
            raise Trouble(Stage.AUTH, Reply.of(code, text))

    def _authenticate(self, mechanism: str, username: str, password: str) -> tuple[int, bytes]:
        if mechanism == "PLAIN":  # smtplib's own takes ASCII only; RFC 4616 says UTF-8
            initial = base64.b64encode(f"\0{username}\0{password}".encode()).decode()
            return self._wire.docmd("AUTH", f"PLAIN {initial}")
        self._wire.user, self._wire.password = username, password
        answer = self._wire.auth_login if mechanism == "LOGIN" else self._wire.auth_cram_md5
        return self._wire.auth(mechanism, answer)

    def _transact(self, mail: Mail) -> Reply:
        patience = self._patience
        self._wire.command_encoding = "utf-8" if needs_utf8(mail) else "ascii"
        options = parameters(mail, self._wire.esmtp_features)
        self._ask(Stage.MAIL, patience.mail, f"MAIL FROM:<{mail.mail_from}>{options}")
        self._ask(Stage.RCPT, patience.rcpt, f"RCPT TO:<{mail.rcpt_to}>")
        self._ask(Stage.DATA, patience.data, "DATA", _GOING_ON)
        with self._at(Stage.DATA, patience.block):
            for block in blocks(mail.data):
                self._wire.send(block)
        self._wire.deadline = None  # from here on a shorter wait would only make more mails uncertain
        return self._ask(Stage.DOT, patience.dot, ".")

    def _ask(self, stage: Stage, seconds: float, command: str, wanted: range = _DONE) -> Reply:
        with self._at(stage, seconds):
            reply = Reply.of(*self._wire.docmd(command))
        if reply.code not in wanted:
            raise Trouble(stage, reply)
        return reply

    def _settle(self, trouble: Trouble) -> None:
        """Make ready for the next mail after trouble, or hang up where the two sides may disagree."""
        reply = trouble.reply
        if reply is None or reply.code == _CLOSING or reply.code // 100 not in (4, 5):
            self._hang_up()
        elif trouble.stage is not Stage.DOT:
            self._reset()

    def _reset(self) -> None:
        try:
            self._ask(Stage.MAIL, self._patience.answer, "RSET")
        except Trouble:
            self._hang_up()

    def _hang_up(self) -> None:
        self.is_broken = True
        self._wire.close()

    @contextmanager
    def _at(self, stage: Stage, seconds: float) -> Iterator[None]:
        self._wire.patience = seconds
        with _told_as_trouble(stage):
            yield


def _connect(route: Route, patience: Patience) -> Wire:
    with _told_as_trouble(Stage.CONNECT):
        if route.implicit and route.context is not None:
            return TLSWire(route.host, route.port, route.ehlo, patience, route.context)
        return Wire(route.host, route.port, route.ehlo, patience)


@contextmanager
def _told_as_trouble(stage: Stage) -> Iterator[None]:
    """Turn everything that the other side, the network or TLS can do to us into Trouble."""
    try:
        yield
    except smtplib.SMTPResponseException as error:
        raise Trouble(stage, Reply.of(error.smtp_code, error.smtp_error)) from error
    except ssl.SSLCertVerificationError as error:
        detail = f"the certificate is not to be trusted ({error.verify_message})"
        raise Trouble(stage, detail=detail) from error
    except TimeoutError as error:
        raise Trouble(stage, detail="no answer in time") from error
    except (OSError, Garbled, ValueError) as error:  # ValueError: a challenge that is no base64
        raise Trouble(stage, detail=getattr(error, "strerror", None) or str(error)) from error
