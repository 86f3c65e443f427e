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
from postroom.transports._smtp_outcome import OPENING, Reply, Stage, Trouble, judge
from postroom.transports._smtp_session import Route, Session
from postroom.transports._smtp_wire import Patience
from postroom.transports.fields import AnchoredPath
from postroom.transports.protocol import TransportSettings
from postroom.transports.secret import Secret

_PORTS: Final = {"starttls": 587, "implicit": 465, "none": 25}  # RFC 8314 §3.3, RFC 6409, RFC 5321
_CLOSING: Final = 421
_KEEP_FOR: Final = 30.0  # seconds; firewalls forget quiet connections, and we would find out too late


class Transport:
    """A server that takes mail for everyone: a smarthost or the submission port of a provider."""

    kind: ClassVar[str] = "smtp"
    accepts: ClassVar[frozenset[type[Email] | type[Post]]] = frozenset({Email})
    rehearsal: ClassVar[bool] = False
    idempotent: ClassVar[bool] = False
    prepares: ClassVar[bool] = False
    max_batch: ClassVar[int] = 1  # each mail is a transaction of its own; a stop waits for no more than one
    limits: ClassVar[Mapping[str, int]] = {"recipients": 1}

    class Settings(TransportSettings):
        """`port` is that of `tls` unless given. `ehlo` is the name we go by; if not given, the domain
        of the sender. `ca` is a file of certificates to trust instead of the system's.
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
        host: str = Field(pattern=r"^[A-Za-z0-9._:-]+$", max_length=253)
        port: int | None = Field(default=None, ge=1, le=65535)
        tls: Literal["starttls", "implicit", "none"] = "starttls"
        username: Secret | None = None
        password: Secret | None = None
        ehlo: str | None = Field(default=None, pattern=r"^[A-Za-z0-9._:\[\]-]+$", max_length=253)
        connections: int = Field(default=4, ge=1, le=64)
        ca: AnchoredPath | None = None

        @model_validator(mode="after")
        def _log_in_is_whole_and_hidden(self) -> Transport.Settings:
            if (self.username is None) != (self.password is None):
                raise ValueError("give both `username` and `password`, or neither")
            if self.username is not None and self.tls == "none" and not _is_loopback(self.host):
                raise ValueError(
                    "a password must not travel in clear: use `tls: starttls` or `tls: implicit`"
                )
            return self

    def __init__(
        self, settings: Settings, secrets: Callable[[str], str], patience: Patience | None = None
    ) -> None:
        self._settings = settings
        self._secrets = secrets
        self._patience = patience or Patience()
        self._session: Session | None = None

    def prepare(self, message: Message, progress: Mapping[str, str]) -> Prepared | Deferred:
        """Do nothing: SMTP has no step that can be repeated unseen."""
        return Prepared(progress=progress)

    def send(self, messages: Iterable[Message]) -> Iterator[Outcome]:
        """Send one mail after another. Where the server wants none of them, the rest is not tried."""
        rest = iter(messages)
        for message in rest:
            outcome, is_hopeless = self._attempt(message)
            yield outcome
            if is_hopeless:
                break
        yield from (outcome for _ in rest)

    def close(self) -> None:
        """Say goodbye and hang up."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def _attempt(self, message: Message) -> tuple[Outcome, bool]:
        """Return how it ended, and whether the next mail would end the same way."""
        if not isinstance(message.content, Mail):
            return Refused(reason="SMTP carries mail, not posts"), False
        try:
            outcome = self._deliver(message.content)
            opened = True
        except Trouble as trouble:
            outcome = judge(trouble, self._settings.host)
            opened = trouble.stage not in OPENING
        our_fault = isinstance(outcome, Refused) and outcome.scope is Scope.TRANSPORT
        return outcome, our_fault or not opened

    def _deliver(self, mail: Mail) -> Outcome:
        session = self._open_session(mail)
        if (refusal := session.refusal(mail)) is not None:
            return refusal
        try:
            return _sent(session.deliver(mail))
        except Trouble as trouble:
            if not (session.is_used and _was_gone(trouble)):
                raise
        return _sent(self._open_session(mail).deliver(mail))

    def _open_session(self, mail: Mail) -> Session:
        """Return the kept session, or a new one for the first mail and after a break."""
        if self._session is not None and self._session.idle > _KEEP_FOR:
            self.close()
        if self._session is None or self._session.is_broken:
            self._session = None
            self._session = Session(self._route(mail), self._patience)
        return self._session

    def _route(self, mail: Mail) -> Route:
        settings = self._settings
        try:
            return Route(
                host=settings.host,
                port=settings.port or _PORTS[settings.tls],
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
            return ssl.create_default_context(cafile=None if ca is None else str(ca))
        except OSError as error:  # ssl.SSLError is one
            raise TransportError(f"the file of `ca`, {ca}, holds no certificates that can be read") from error


def _sent(reply: Reply) -> Sent:
    return Sent(reply=str(reply))


def _was_gone(trouble: Trouble) -> bool:
    """Whether a kept connection turned out to be closed, before anything of a mail was sent."""
    return trouble.stage is Stage.MAIL and (trouble.reply is None or trouble.reply.code == _CLOSING)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
