"""Find out which mail feedback is about, whose it was, and whether to believe it.

Anybody can write to a mailbox. A report from there counts only where the address it came back to bears our signature;
of a mail that was sent from no address of its own, where it names that mail and its recipient, some days after at most.
Who reads a list can guess the Message-IDs of others on it, so where there are signatures nothing else will do. Never
does an address alone. What a
provider signed is believed; yet whoever is no subscriber is nobody to us.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, or_, select

from postroom import verp
from postroom.model import DeliveryState
from postroom.outbox.attribution import lately
from postroom.outbox.content import decode_sender
from postroom.outbox.erasures import erased
from postroom.outbox.hot import Among, Hot
from postroom.outbox.rows import ADDRESS, DELIVERED_OF_EDITION, IDENTITY, STAMP, AnyRow, stamp_of
from postroom.outbox.tables import attempt, delivery, edition, subscriber

MAILBOX: Final = "mailbox"
"""The source of feedback that anybody may have written."""

UNKNOWN: Final = "unknown recipient"
ERASED: Final = "erased"
NO_MAIL: Final = "not believed: it names no mail of ours"
NOT_THEIRS: Final = "not believed: that mail went to somebody else"
NOT_SIGNED: Final = "not believed: it did not come back to the address which that mail was sent from"
NOT_RECENT: Final = "not believed: that mail did not go out in the 7 days before"

RECENTLY: Final = timedelta(days=7)
"""How long a report without our signature is believed: servers try for five days (RFC 5321 §4.5.4.1)."""

_REMEMBERED: Final = timedelta(days=45)
"""How far back a mail is looked for by its provider's name."""

_MICROSECOND: Final = timedelta(microseconds=1)
_MESSAGE_ID: Final = re.compile(r"[0-9a-f]{24}\.([0-9]{1,18})@[^@\s]{1,255}", re.IGNORECASE | re.ASCII)
_REMOTE: Final = re.compile(r"[A-Za-z0-9<>@._=/+-]{8,200}", re.ASCII)
_BEGUN: Final = frozenset({DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.UNCERTAIN})

_MAIL = Hot(
    select(
        delivery.c.id,
        delivery.c.edition_id,
        delivery.c.message_id,
        delivery.c.state,
        delivery.c.begun_at,
        subscriber.c.id.label("person"),
        IDENTITY.label("identity"),
        ADDRESS,
        edition.c.list,
        edition.c.greeting,
        *STAMP,
    )
    .select_from(DELIVERED_OF_EDITION)
    .where(delivery.c.id == bindparam("number"))
)
_PERSON = Hot(
    select(subscriber.c.id, subscriber.c.identity, subscriber.c.address).where(
        subscriber.c.identity == bindparam("identity")
    )
)
_NAMED = Hot(
    select(delivery.c.id, delivery.c.edition_id, edition.c.list)
    .select_from(
        delivery.join(attempt, attempt.c.delivery_id == delivery.c.id).join(
            edition, edition.c.id == delivery.c.edition_id
        )
    )
    .where(
        Among(delivery.c.edition_id),
        delivery.c.recipient == bindparam("person"),
        delivery.c.part == 0,
        or_(attempt.c.reply.like(bindparam("quoted")), delivery.c.remote_id == bindparam("remote")),
    )
    .order_by(delivery.c.id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """Whom feedback is about, and which mail, as far as that is known. `list` is the one that the mail went to."""

    subscriber: int | None = None
    identity: str = ""
    address: str = ""
    delivery: int | None = None
    edition: int | None = None
    list: str = ""


def trace(connection: Connection, keys: Sequence[bytes], row: AnyRow) -> Trace | str:
    """Find out whom a row of `feedback` is about; say why not where that is not known or not believed."""
    found = _traced(connection, keys, row)
    if isinstance(found, str) and row.address and erased(connection, [row.address.casefold()]):
        return ERASED
    return found


def _traced(connection: Connection, keys: Sequence[bytes], row: AnyRow) -> Trace | str:
    signed = _by_token(connection, keys, row.token)
    if signed is not None:
        return _of_mail(signed)
    mail = _by_message_id(connection, row.message_id)
    if row.source != MAILBOX:
        return _told_by_provider(connection, row, mail)
    if mail is None:
        return NO_MAIL
    if mail.identity != row.address.casefold():
        return NOT_THEIRS
    if _is_signed(mail):
        return NOT_SIGNED
    is_recent = mail.begun_at is not None and row.heard_at - mail.begun_at <= RECENTLY // _MICROSECOND
    return _of_mail(mail) if is_recent and mail.state in _BEGUN else NOT_RECENT


def _told_by_provider(connection: Connection, row: AnyRow, mail: AnyRow | None) -> Trace | str:
    """Believe a provider: about the mail it names, if that went to whom it names, else about the person."""
    identity = row.address.casefold()
    if mail is not None and identity in {"", mail.identity}:
        return _of_mail(mail)
    people = _PERSON.rows(connection, identity=identity) if identity else []
    if not people:
        return UNKNOWN
    person = people[0]
    about = Trace(subscriber=person.id, identity=person.identity, address=person.address)
    named = _named(connection, person.id, row)
    if named is None:
        return about
    return Trace(
        subscriber=about.subscriber,
        identity=about.identity,
        address=about.address,
        delivery=named.id,
        edition=named.edition_id,
        list=named.list,
    )


def _of_mail(mail: AnyRow) -> Trace | str:
    """Name the recipient of a mail, unless everything about them was erased since."""
    if mail.person is None or not mail.address:
        return ERASED
    return Trace(
        subscriber=mail.person,
        identity=mail.identity,
        address=mail.address,
        delivery=mail.id,
        edition=mail.edition_id,
        list=mail.list,
    )


def _by_token(connection: Connection, keys: Sequence[bytes], token: str) -> AnyRow | None:
    """Find the mail whose MAIL FROM held a token, if we signed it."""
    number = verp.number_in(token)
    mail = None if number is None else _mail(connection, number)
    if mail is None or not verp.is_of(keys, token, _message_id(mail)):
        return None
    return mail


def _is_signed(mail: AnyRow) -> bool:
    """Whether nothing but a signature proves what comes back of a mail: it was sent from an address of its own, or it
    greets somebody, which strangers can have done to get at the Message-IDs beside it.
    """
    sender = decode_sender(mail.sender)
    return mail.greeting != "" or (sender is not None and verp.PLACE in (sender.return_path or ""))


def _by_message_id(connection: Connection, message_id: str) -> AnyRow | None:
    """Find the mail with a Message-ID that we made."""
    found = _MESSAGE_ID.fullmatch(message_id)
    mail = None if found is None else _mail(connection, int(found[1]))
    if mail is None or _message_id(mail).casefold() != message_id.casefold():
        return None
    return mail


def _mail(connection: Connection, number: int) -> AnyRow | None:
    rows = _MAIL.rows(connection, number=number)
    return rows[0] if rows else None


def _message_id(mail: AnyRow) -> str:
    return str(mail.message_id or stamp_of(mail).message_id(mail.id))


def _named(connection: Connection, person: int, row: AnyRow) -> AnyRow | None:
    """Find a mail to somebody by what the provider called it in its answer to us, some servers among other words."""
    if not _REMOTE.fullmatch(row.remote_id):
        return None
    rows = _NAMED.rows(
        connection,
        ids=lately(connection, row.heard_at - _REMEMBERED // _MICROSECOND),
        person=person,
        quoted=f"%{row.remote_id}%",
        remote=row.remote_id,
    )
    return rows[0] if rows else None
