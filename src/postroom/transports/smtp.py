"""Send mail over SMTP: one recipient a message, one connection kept for many.

Each attempt ends in exactly one outcome; `_smtp_outcome` has the table. Nothing here waits and tries
again: that is the outbox's. The one exception is a kept connection that the server had closed in the
meantime, which is opened anew when the next mail finds out before anything of it was sent.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import ClassVar, Final, Literal

from pydantic import ConfigDict, Field, model_validator

from postroom.errors import TransportError
from postroom.model import Deferred, Email, Mail, Message, Outcome, Post, Prepared, Refused, Scope, Sent
from postroom.transports._smtp_mail import Transaction, transaction
from postroom.transports._smtp_opening import Route, opened
from postroom.transports._smtp_outcome import Stage, Trouble, judge
from postroom.transports._smtp_session import Gone, Session
from postroom.transports._smtp_wire import Patience
from postroom.transports.fields import AnchoredPath, Host, Signing
from postroom.transports.protocol import TransportSettings
from postroom.transports.secret import Secret

_PORTS: Final = {"starttls": 587, "implicit": 465, "none": 25}  # RFC 8314 §3.3, RFC 6409, RFC 5321
_KEEP_FOR: Final = 30.0  # seconds; firewalls forget quiet connections, and we would find out too late


class Transport:
    """A server that takes mail for everyone: a smarthost or the submission port of a provider."""

    kind: ClassVar[str] = "smtp"
    accepts: ClassVar[frozenset[type[Email] | type[Post]]] = frozenset({Email})
    rehearsal: ClassVar[bool] = False
    idempotent: ClassVar[bool] = False
    prepares: ClassVar[bool] = False
    limits: ClassVar[Mapping[str, int]] = {"recipients": 1}

    class Settings(TransportSettings):
        """`port` is that of `tls` unless given. `ehlo` is the name we go by; if not given, the domain
        of the sender. `ca` is a file of certificates to trust instead of the system's. `dkim` are the
        signatures that each mail gets, none if it is empty.
        """

        model_config = ConfigDict(
            json_schema_extra={
                "examples": [
                    {
                        "kind": "smtp",
                        "host": "smtp.example.org",
                        "username": "${SMTP_USER}",
                        "password": "${SMTP_PASSWORD}",
                        "rate": "14 per second",
                    }
                ]
            }
        )

        kind: Literal["smtp"] = "smtp"
        host: Host
        port: int | None = Field(default=None, ge=1, le=65535)
        tls: Literal["starttls", "implicit", "none"] = "starttls"
        username: Secret | None = None
        password: Secret | None = None
        ehlo: str | None = Field(default=None, pattern=r"^[A-Za-z0-9._:\[\]-]+$", max_length=253)
        connections: int = Field(default=4, ge=1, le=64)
        ca: AnchoredPath | None = None
        dkim: list[Signing] = Field(
            default=[], json_schema_extra={"examples": [[{"selector": "news2026", "key": "keys/dkim.pem"}]]}
        )

        @model_validator(mode="after")
        def _log_in_is_whole_and_hidden(self) -> Transport.Settings:
            if (self.username is None) != (self.password is None):
                raise ValueError("give both `username` and `password`, or neither")
            if self.username is not None and self.tls == "none" and not _is_loopback(self.host):
                raise ValueError(
                    "a password must not travel in clear: use `tls: starttls` or `tls: implicit`"
                )
            return self

        @property
        def server(self) -> tuple[str, int]:
            """The host, and the port that is given or goes with `tls`."""
            return self.host, self.port or _PORTS[self.tls]

    def __init__(
        self, settings: Settings, secrets: Callable[[str], str], patience: Patience | None = None
    ) -> None:
        self._settings = settings
        self._secrets = secrets
        self._patience = patience or Patience()
        self._session: Session | None = None
        self._ahead: tuple[Message, Transaction] | None = None

    def prepare(self, message: Message, progress: Mapping[str, str]) -> Prepared | Deferred:
        """Do nothing: SMTP has no step that can be repeated unseen."""
        return Prepared(progress=progress)

    def send(self, messages: Iterable[Message]) -> Iterator[Outcome]:
        """Send one mail after another; the next is announced together with the end of the last.

        Where the server wants none of them, the rest is not tried.
        """
        queue = iter(messages)
        message = next(queue, None)
        try:
            while message is not None:
                begun = self._begin(message)
                if isinstance(begun, Transaction):
                    following = next(queue, None)
                    yield (outcome := self._finish(begun, following))
                else:
                    yield (outcome := begun)
                    following = next(queue, None)
                while _is_everyones(outcome) and following is not None:
                    yield outcome
                    following = next(queue, None)
                message = following
        finally:
            self._break_off()

    def close(self) -> None:
        """Say goodbye and hang up."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _begin(self, message: Message) -> Transaction | Outcome:
        """Bring a mail so far that the server waits for its data; else return how it ended."""
        if not isinstance(message.content, Mail):
            return Refused(reason="SMTP carries mail, not posts")
        try:
            session = self._open_session(message.content)
            mail = self._made(message, message.content, session)
            if isinstance(mail, Transaction):
                session.begin(mail)
            return mail
        except Gone:  # once: a new connection cannot have gone
            return self._begin(message)
        except Trouble as trouble:
            return judge(trouble, self._settings.host)
        except Exception as error:  # edge: nothing of the message went out, and that must stay known
            return self._surprised(error)

    def _surprised(self, error: Exception) -> Deferred:
        """Hang up after a fault of our own: over this mail, or, where no session came about, over any.

        What the fault says is not told: it may hold an address or a secret.
        """
        scope = Scope.TRANSPORT
        if self._session is not None:
            self._session.hang_up()
            scope = Scope.RECIPIENT
        reason = (
            f"{self._settings.host}: Postroom failed before the message went out ({type(error).__name__})"
        )
        return Deferred(reason=reason, scope=scope)

    def _finish(self, mail: Transaction, following: Message | None) -> Outcome:
        """Send the data of the mail that was begun, and announce what follows it."""
        session = self._session
        assert session is not None
        try:
            reply = session.finish(mail, self._upcoming(following, session))
        except Trouble as trouble:
            return judge(trouble, self._settings.host)
        return Sent(reply=str(reply))

    def _upcoming(self, following: Message | None, session: Session) -> Transaction | None:
        """Write what can be announced with the end of another mail; what fails here is told at its own turn."""
        if following is None or not session.pipelines or not isinstance(following.content, Mail):
            return None
        try:
            made = self._made(following, following.content, session)
        except Exception:  # edge: it must not make the mail uncertain that goes out now
            return None
        return made if isinstance(made, Transaction) else None

    def _made(self, message: Message, mail: Mail, session: Session) -> Transaction | Refused:
        """Write a mail for a session, once."""
        if self._ahead is not None and self._ahead[0] is message:
            return self._ahead[1]
        made = transaction(mail, session.offer)
        self._ahead = (message, made) if isinstance(made, Transaction) else None
        return made

    def _break_off(self) -> None:
        """Take back what was announced and is not to follow."""
        self._ahead = None
        if self._session is not None and self._session.is_midway:
            self._session.hang_up()

    def _open_session(self, mail: Mail) -> Session:
        """Return the kept session, or a new one for the first mail and after a break."""
        session = self._session
        if session is not None and not session.is_midway and session.idle > _KEEP_FOR:
            self.close()
        if self._session is None or self._session.is_broken:
            self._session = self._ahead = None  # another server may be behind the same name
            self._session = Session(opened(self._route(mail), self._patience), self._patience)
        return self._session

    def _route(self, mail: Mail) -> Route:
        settings = self._settings
        host, port = settings.server
        try:
            return Route(
                host=host,
                port=port,
                ehlo=settings.ehlo or mail.mail_from.rpartition("@")[2],
                starttls=settings.tls == "starttls",
                implicit=settings.tls == "implicit",
                context=self._context(),
                username=self._expand(settings.username),
                password=self._expand(settings.password),
            )
        except TransportError as error:
            raise Trouble(Stage.AUTH, detail=str(error), final=True) from error

    def _expand(self, secret: Secret | None) -> str | None:
        return None if secret is None else self._secrets(secret.reference)

    def _context(self) -> ssl.SSLContext | None:
        """Make a context that verifies certificate and host name, as the standard library's default does."""
        if self._settings.tls == "none":
            return None
        ca = self._settings.ca
        try:
            if ca is not None and ca.exists() and not ca.is_file():  # a pipe would be waited for
                raise OSError("no plain file")
            return ssl.create_default_context(cafile=None if ca is None else str(ca))
        except OSError as error:  # ssl.SSLError is one
            raise TransportError(f"the file of `ca`, {ca}, holds no certificates that can be read") from error


def _is_everyones(outcome: Outcome) -> bool:
    """Whether the next mail would end the same way."""
    return isinstance(outcome, Deferred | Refused) and outcome.scope is Scope.TRANSPORT


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
