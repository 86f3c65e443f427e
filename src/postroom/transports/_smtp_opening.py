"""How a session with an SMTP server begins: connected, greeted, secured by TLS, logged in."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from postroom.transports._smtp_login import MECHANISMS, log_in
from postroom.transports._smtp_outcome import Reply, Stage, Trouble
from postroom.transports._smtp_wire import Garbled, Patience, TLSWire, Wire

_DONE: Final = range(200, 300)
_LOGGED_IN: Final = frozenset({235, 503})  # 503: already (RFC 4954 §4)

BREAKS: Final = (OSError, smtplib.SMTPException, Garbled, ValueError)
"""Everything that the other side, the network or TLS can do to us. ValueError: a Python without MD5 (FIPS)."""


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


def opened(route: Route, patience: Patience) -> Wire:
    """Connect, greet, change to TLS, log in. Raises Trouble, with nothing left open."""
    wire = _connected(route, patience)
    try:
        _greet(wire, patience)
        if route.starttls:
            _secure(wire, route, patience)
            _greet(wire, patience)  # RFC 3207 §4.2: what was said before TLS must be forgotten
        if route.username is not None:
            _log_in(wire, route.username, route.password or "", patience)
    except BaseException:
        wire.close()
        raise
    return wire


def trouble_of(stage: Stage, error: BaseException) -> Trouble:
    """Tell as Trouble what broke an attempt, one of `BREAKS`."""
    match error:
        case smtplib.SMTPResponseException():
            return Trouble(stage, Reply.of(error.smtp_code, error.smtp_error))
        case ssl.SSLCertVerificationError():
            return Trouble(stage, detail=f"the certificate is not to be trusted ({error.verify_message})")
        case TimeoutError():
            return Trouble(stage, detail="no answer in time")
    return Trouble(stage, detail=getattr(error, "strerror", None) or str(error))


def _connected(route: Route, patience: Patience) -> Wire:
    with _told_as_trouble(Stage.CONNECT):
        if route.implicit and route.context is not None:
            return TLSWire(route.host, route.port, route.ehlo, patience, route.context)
        return Wire(route.host, route.port, route.ehlo, patience)


def _greet(wire: Wire, patience: Patience) -> None:
    wire.patience = patience.answer
    with _told_as_trouble(Stage.EHLO):
        code, text = wire.ehlo()
    if code not in _DONE:
        raise Trouble(Stage.EHLO, Reply.of(code, text))


def _secure(wire: Wire, route: Route, patience: Patience) -> None:
    if not wire.has_extn("starttls"):
        detail = "no STARTTLS is offered and nothing goes out in clear; does this port need `tls: implicit`?"
        raise Trouble(Stage.STARTTLS, detail=detail)
    wire.patience = patience.answer
    with _told_as_trouble(Stage.STARTTLS):
        wire.starttls(context=route.context)


def _log_in(wire: Wire, username: str, password: str, patience: Patience) -> None:
    """Try one mechanism, once: a second try with the same password helps nobody."""
    offered = wire.esmtp_features.get("auth", "").upper().split()
    mechanism = next((each for each in MECHANISMS if each in offered), None)
    if mechanism is None:
        detail = f"the server lets nobody log in by {', '.join(MECHANISMS)} here; is it the right port?"
        raise Trouble(Stage.AUTH, detail=detail, final=True)
    wire.patience = patience.answer
    with _told_as_trouble(Stage.AUTH):
        code, text = log_in(wire, mechanism, username, password)
    if code not in _LOGGED_IN:
        raise Trouble(Stage.AUTH, Reply.of(code, text))


@contextmanager
def _told_as_trouble(stage: Stage) -> Iterator[None]:
    try:
        yield
    except BREAKS as error:
        raise trouble_of(stage, error) from error
