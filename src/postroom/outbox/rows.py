"""Make the nouns of the model from rows of the ledger."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from json.scanner import make_scanner
from typing import Any, TypeAlias
from zlib import crc32

from sqlalchemy import ColumnElement, Connection, Row, bindparam, case, func, null, select

from postroom.errors import DeliveryUnreadable, LedgerCorrupt
from postroom.model import (
    Accounts,
    Content,
    Delivery,
    DeliveryState,
    Edition,
    EditionState,
    Recipient,
    Sender,
)
from postroom.outbox.columns import moment_of
from postroom.outbox.content import (
    decode,
    decode_sender,
    decode_unsubscribe,
    encode_sender,
    encode_unsubscribe,
)
from postroom.outbox.tables import COUNTS, content, delivery, edition, subscriber

# A row of one of our own tables: SQLAlchemy types its columns Any, as it cannot know them.
AnyRow: TypeAlias = "Row[*tuple[Any, ...]]"

# Whoever has a row of their own in `subscriber` is told there, unless the delivery says otherwise.
DELIVERED = delivery.outerjoin(subscriber, subscriber.c.id == delivery.c.recipient)
IDENTITY = func.coalesce(delivery.c.identity, subscriber.c.identity, "")
ADDRESS = func.coalesce(delivery.c.address, subscriber.c.address, "").label("address")
DELIVERED_OF_EDITION = DELIVERED.join(edition, edition.c.id == delivery.c.edition_id)

_OWN = ("identity", "address", "domain", "name", "merge")

# What `delivery_of` reads, in this order. The seal proves the six values before it where all are the subscriber's.
DELIVERY: tuple[ColumnElement[Any], ...] = (
    delivery.c.id,
    delivery.c.edition_id,
    delivery.c.part,
    delivery.c.state,
    delivery.c.due_at,
    delivery.c.message_id,
    delivery.c.attempts,
    delivery.c.first_begun_at,
    delivery.c.reason,
    delivery.c.parent_id,
    delivery.c.remote_id,
    delivery.c.progress,
    IDENTITY.label("identity"),
    ADDRESS,
    func.coalesce(delivery.c.domain, subscriber.c.domain, "").label("domain"),
    func.coalesce(delivery.c.name, subscriber.c.name, "").label("name"),
    func.coalesce(delivery.c.merge, subscriber.c.attributes, "{}").label("merge"),
    func.coalesce(subscriber.c.uuid, "").label("uuid"),
    case(
        (func.coalesce(*(delivery.c[name] for name in _OWN)).is_(None), subscriber.c.seal), else_=null()
    ).label("seal"),
)
_PROGRESS, _MERGE, _SEAL = (
    next(at for at, column in enumerate(DELIVERY) if column.name == name)
    for name in ("progress", "merge", "seal")
)
# What `stamp_of` reads.
STAMP = (edition.c.token, edition.c.frozen_at, edition.c.created_at, edition.c.sender)

# What the edition table keeps of an edition just as it is, and never changes once it is sealed.
_PLAIN = (
    *("key", "channel", "article", "variant", "revision", "title", "content_hash", "source_hash"),
    *("transport", "transport_kind", "rehearsal", "due_at", "created_at"),
    *("one_click", "hold_when_uncertain", "reason", "list", "url", "greeting"),
)

_STATES = {state.value: state for state in DeliveryState}
_PARSE = make_scanner(json.JSONDecoder())  # type: ignore[arg-type]  # typeshed names another class
_CONTENTS_KEPT = 16

# One row of the edition table, by its number.
EDITION = select(edition).where(edition.c.id == bindparam("edition"))


_SEALED = (
    select(content.c.body, content.c.digest, edition.c.sender, edition.c.unsubscribe, edition.c.token)
    .join(edition, edition.c.id == content.c.edition_id)
    .where(content.c.edition_id == bindparam("edition"))
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """What an edition gives each of its messages: the Date, and a Message-ID but for the number in it."""

    date: datetime
    token: str
    domain: str

    def message_id(self, number: int) -> str:
        """Return the Message-ID, without brackets, of the delivery with this number: in every attempt the same."""
        return f"{self.token}.{number}@{self.domain}"


def stamp_of(row: AnyRow) -> Stamp:
    """Return the stamp of the edition in a row that has the columns of `STAMP`."""
    return stamp(row.token, decode_sender(row.sender), row.frozen_at or row.created_at)


def stamp(token: str, sender: Sender | None, date: datetime) -> Stamp:
    """Make the stamp of an edition; its Message-IDs end in the domain of From."""
    domain = sender.from_.rpartition("@")[2].rstrip("> ") if sender else "postroom.invalid"
    return Stamp(date, token, domain)


def delivery_of(row: Sequence[Any], stamp: Stamp) -> Delivery:
    """Return the delivery in a row that starts with the columns of `DELIVERY`, as the driver gives them.

    Raises `LedgerCorrupt` where its subscriber is not, to the letter, who was written down.
    """
    # fmt: off
    (id_, edition_id, part, state, due_at, message_id, attempts, first_begun_at, reason, parent_id,
     remote_id, progress, identity, address, domain, name, merge, uuid, seal, *_) = row
    # fmt: on
    is_lost = seal is None and not address  # nobody has that number
    if is_lost or (
        seal is not None and seal != seal_subscriber((identity, uuid, address, domain, name, merge))
    ):
        raise LedgerCorrupt(
            f"the subscriber of delivery {id_} is damaged: the ledger must not be used; restore a backup"
        )
    return Delivery(
        id=id_,
        edition_id=edition_id,
        recipient=Recipient(
            address=address, identity=identity, domain=domain, name=name, uuid=uuid, merge=_map(merge)
        ),
        part=part,
        date=stamp.date,
        message_id=message_id or stamp.message_id(id_),
        state=_state_of(state),
        due_at=_moment(due_at),
        attempts=attempts,
        first_begun_at=None if first_begun_at is None else _moment(first_begun_at),
        reason=reason,
        remote_id=remote_id,
        parent_id=parent_id,
        progress=_map(progress),
    )


def delivery_to_show(row: Sequence[Any], stamp: Stamp) -> Delivery:
    """Return the delivery in a row as `delivery_of` does, but without what it keeps of its own and cannot be read.

    To be looked at alone: one that is damaged must be found among the others.
    """
    try:
        return delivery_of(row, stamp)
    except DeliveryUnreadable:
        values = list(row)
        values[_PROGRESS], values[_MERGE], values[_SEAL] = "{}", "{}", None
        return delivery_of(values, stamp)


def _moment(value: datetime | int) -> datetime:
    """Take a moment as SQLAlchemy reads it, or as the driver does."""
    return value if isinstance(value, datetime) else moment_of(value)


def read_edition(connection: Connection, edition_id: int) -> Edition:
    """Read one edition with its content, which must still be what was sealed."""
    row = connection.execute(EDITION, {"edition": edition_id}).one()
    return edition_of(row, read_content(connection, edition_id, row.content_hash))


@dataclass(frozen=True, slots=True)
class Kept:
    """An edition as it was frozen, the stamp of its messages, and how many parts each recipient gets.

    The edition's state, holds and reason may be others by now.
    """

    edition: Edition
    stamp: Stamp
    parts: int


def kept_edition(connection: Connection, edition_id: int) -> Kept:
    """Return what never changes of an edition; the last few are kept, for every turn asks for them."""
    kept: dict[int, Kept] = connection.info.setdefault("editions", {})
    if edition_id not in kept:
        if len(kept) >= _CONTENTS_KEPT:
            kept.clear()
        row = connection.execute(EDITION, {"edition": edition_id}).one()
        found = edition_of(row, read_content(connection, edition_id, row.content_hash))
        kept[edition_id] = Kept(found, stamp_of(row), row.parts)
    return kept[edition_id]


def edition_of(row: AnyRow, its_content: Content) -> Edition:
    """Return the edition in a row of the edition table."""
    return Edition(
        **{name: getattr(row, name) for name in _PLAIN},
        id=row.id,
        content=its_content,
        state=EditionState(row.state),
        holds=tuple(json.loads(row.holds)),
        sender=decode_sender(row.sender),
        unsubscribe=decode_unsubscribe(row.unsubscribe),
    )


def edition_values(value: Edition) -> dict[str, object]:
    """Return the values of the edition table's columns for `value`, but its state and its content."""
    return {
        **{name: getattr(value, name) for name in _PLAIN},
        "holds": json.dumps(value.holds),
        "sender": encode_sender(value.sender),
        "unsubscribe": encode_unsubscribe(value.unsubscribe),
    }


def read_content(connection: Connection, edition_id: int, content_hash: str) -> Content:
    """Read an edition's content; the last few are kept, for every claim asks for them.

    Raises `LedgerCorrupt` where it is not, to the byte, what was written.
    """
    kept: dict[tuple[int, str], Content] = connection.info.setdefault("contents", {})
    if (edition_id, content_hash) not in kept:
        if len(kept) >= _CONTENTS_KEPT:
            kept.clear()
        kept[edition_id, content_hash] = _read_content(connection, edition_id)
    return kept[edition_id, content_hash]


def accounts_of(row: AnyRow) -> Accounts:
    """Return the counts in a row of the edition table."""
    values = row._mapping
    return Accounts(**{name: values[name] for name in COUNTS})


def seal_of(body: str, sender: str | None, unsubscribe: str | None, token: str) -> str:
    """Return the digest that proves unharmed what an edition's messages are made of, each as it is stored."""
    return sha256(json.dumps([body, sender, unsubscribe, token]).encode()).hexdigest()


def seal_subscriber(person: Sequence[str]) -> int:
    """Return the checksum that proves a subscriber unharmed: identity, uuid, address, domain, name, attributes."""
    return crc32("\0".join(person).encode("utf-8", "surrogatepass"))


def _read_content(connection: Connection, edition_id: int) -> Content:
    row = connection.execute(_SEALED, {"edition": edition_id}).one_or_none()
    if row is None or seal_of(row.body, row.sender, row.unsubscribe, row.token) != row.digest:
        raise LedgerCorrupt(
            f"the content of edition {edition_id} is damaged: the ledger must not be used; restore a backup"
        )
    return decode(row.body)


def _map(text: str) -> dict[str, str]:
    """Read what `content.encode_map` wrote: for every delivery, so at the price of the parser alone."""
    if text == "{}":
        return {}
    try:
        values, end = _PARSE(text, 0)
    except (ValueError, TypeError, StopIteration) as error:  # StopIteration: nothing stands there
        raise _damage(text) from error
    if end != len(text):
        raise _damage(text)
    return values  # type: ignore[no-any-return]  # as it was written


def _damage(text: object) -> DeliveryUnreadable:
    return DeliveryUnreadable(
        f"what the ledger keeps of it is damaged: {text!r} is not JSON; restore a backup"
    )


def _state_of(name: str) -> DeliveryState:
    try:
        return _STATES[name]
    except KeyError as error:
        raise LedgerCorrupt(f"the ledger is damaged: {name!r} is no state; restore a backup") from error
