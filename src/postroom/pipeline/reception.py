"""Would receivers take a project's mail? Gathers what `deliverability` judges: settings, keys, and the server's TLS."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from postroom.address import parse_mailbox
from postroom.compose import Signer
from postroom.config import Config, TransportSettings
from postroom.deliverability import (
    Clear,
    Judgement,
    Mailing,
    Place,
    Resolver,
    Secured,
    Signing,
    Unsecured,
    judge,
    without_network,
)
from postroom.errors import SigningError, TransportError
from postroom.model import Channel
from postroom.transports._smtp_opening import BREAKS, Route, opened
from postroom.transports._smtp_outcome import Trouble
from postroom.transports._smtp_wire import Patience, Wire
from postroom.transports.smtp import Transport

Secrets = Callable[[str], str]
Address = IPv4Address | IPv6Address
Seen = Secured | Unsecured | Clear

_SECONDS: Final = 10
_TOLD: Final = (ssl.SSLError, TimeoutError)  # of a server that is there
_PATIENCE: Final = Patience(connect=_SECONDS, greeting=_SECONDS, answer=_SECONDS, farewell=2)
"""Short: a person waits for the answer. A server that greets later than this is told as one that does not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """How an email channel stands with those who are to take its mail."""

    channel: str
    transport: str
    judgement: Judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """How to look: what asks the DNS (None: leave the network out), and the addresses that mail is sent from."""

    resolver: Resolver | None
    addresses: Sequence[Address] = ()


def receptions(config: Config, secrets: Secrets, looking: Looking, now: datetime) -> Iterator[Reception]:
    """Judge each email channel that goes out over SMTP."""
    seen: dict[str, Seen | None] = {}
    for channel in config.channels.values():
        entry = config.transports[channel.transport]
        settings = entry.settings
        if not (channel.is_email and isinstance(settings, Transport.Settings)):
            continue
        mailing = mailing_of(config, channel, secrets, looking.addresses)
        if mailing is None:
            continue
        if looking.resolver is None:
            judgement = without_network(mailing)
        else:
            if entry.name not in seen:
                seen[entry.name] = secured(settings, settings.ehlo or mailing.return_path)
            judgement = judge(mailing, looking.resolver, seen[entry.name], now)
        yield Reception(channel=channel.name, transport=entry.name, judgement=judgement)


def mailing_of(
    config: Config, channel: Channel, secrets: Secrets, addresses: Sequence[Address]
) -> Mailing | None:
    """Gather what receivers will see of a channel; None where it says of no sender."""
    if channel.sender is None:
        return None
    entry = config.transports[channel.transport]
    place = Place(file=channel.file, setting=f"channels.{channel.name}.from", line=channel.lines.get("from"))
    server_place = Place(file=config.path.name, setting=f"transports.{entry.name}", line=entry.line)
    sender = parse_mailbox(channel.sender.from_).address.domain
    return_path = parse_mailbox(channel.sender.return_path or channel.sender.from_).address.domain
    server = entry.settings.server
    return Mailing(
        sender=sender,
        return_path=return_path,
        signings=tuple(_signings(config, entry, sender, secrets)),
        unsubscribe=channel.unsubscribe,
        host=server[0] if server else "",
        addresses=tuple(addresses),
        place=place,
        server_place=server_place,
    )


def secured(settings: Transport.Settings, ehlo: str, patience: Patience = _PATIENCE) -> Seen | None:
    """Open a session as the transport does, up to the log-in, which is left out, and tell what its TLS is like.

    None where the server cannot be reached, which says nothing about its TLS.
    """
    if settings.tls == "none":
        return Clear()
    host, port = settings.server
    try:
        route = Route(
            host=host,
            port=port,
            ehlo=ehlo,
            starttls=settings.tls == "starttls",
            implicit=settings.tls == "implicit",
            context=_context(settings),
        )
        wire = opened(route, patience)
    except Trouble as trouble:
        if isinstance(trouble.__cause__, OSError) and not isinstance(trouble.__cause__, _TOLD):
            return None
        return Unsecured(why=f"{host}:{port}, {trouble.stage.value}: {trouble.detail or trouble.reply}")
    except OSError as error:
        return Unsecured(why=f"the file of `ca`, {settings.ca}, cannot be used: {error}")
    try:
        return _seen(wire)
    finally:
        wire.patience = _PATIENCE.farewell
        with suppress(*BREAKS):
            wire.docmd("QUIT")
        wire.close()


def _context(settings: Transport.Settings) -> ssl.SSLContext:
    """Trust whom the transport trusts. Raises OSError where the file of `ca` is none that can be read."""
    if settings.ca is not None and not settings.ca.is_file():  # a pipe would be waited for
        raise OSError("no plain file")
    return ssl.create_default_context(cafile=None if settings.ca is None else str(settings.ca))


def _seen(wire: Wire) -> Secured:
    sock = wire.sock
    certificate = sock.getpeercert() if isinstance(sock, ssl.SSLSocket) else None
    ends = (certificate or {}).get("notAfter")
    expires_at = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(ends)), UTC) if ends else None
    version = sock.version() if isinstance(sock, ssl.SSLSocket) else None
    return Secured(version=version or "", expires_at=expires_at)


def _signings(config: Config, entry: TransportSettings, sender: str, secrets: Secrets) -> Iterator[Signing]:
    """Name the signatures of a transport; a key that cannot be had or used is `signing`'s to tell."""
    for number, each in enumerate(
        entry.settings.dkim if isinstance(entry.settings, Transport.Settings) else ()
    ):
        domain = each.domain or sender
        line = entry.key_lines[number] if entry.key_lines else entry.line
        pem: bytes | None = None
        with suppress(TransportError, SigningError):
            read = secrets(each.key.reference).encode()
            Signer.from_pem(read, domain=domain, selector=each.selector)
            pem = read
        yield Signing(
            domain=domain,
            selector=each.selector,
            place=Place(file=config.path.name, setting=f"transports.{entry.name}.dkim", line=line),
            pem=pem,
        )
