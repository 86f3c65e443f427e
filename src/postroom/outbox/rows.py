"""Make the nouns of the model from rows of the ledger."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, TypeAlias

from sqlalchemy import Column, Connection, Row, bindparam, select

from postroom.errors import LedgerCorrupt
from postroom.model import (
    Accounts,
    Content,
    Delivery,
    DeliveryState,
    Edition,
    EditionState,
    Recipient,
)
from postroom.outbox.content import (
    decode,
    decode_map,
    decode_sender,
    decode_unsubscribe,
    encode_sender,
    encode_unsubscribe,
)
from postroom.outbox.tables import COUNTS, content, delivery, edition

# A row of one of our own tables: SQLAlchemy types its columns Any, as it cannot know them.
AnyRow: TypeAlias = "Row[*tuple[Any, ...]]"

# What `delivery_of` reads, in the order in which statements return it.
DELIVERY: tuple[Column[Any], ...] = (
    delivery.c.id,
    delivery.c.edition_id,
    delivery.c.part,
    delivery.c.state,
    delivery.c.due_at,
    delivery.c.date,
    delivery.c.message_id,
    delivery.c.attempts,
    delivery.c.first_begun_at,
    delivery.c.reason,
    delivery.c.parent_id,
    delivery.c.remote_id,
    delivery.c.progress,
    delivery.c.identity,
    delivery.c.address,
    delivery.c.domain,
    delivery.c.name,
    delivery.c.uuid,
    delivery.c.merge,
)

# What the edition table keeps of an edition just as it is, and never changes once it is sealed.
_PLAIN = (
    *("key", "channel", "article", "variant", "revision", "title", "content_hash", "source_hash"),
    *("transport", "transport_kind", "rehearsal", "due_at", "created_at"),
    *("one_click", "hold_when_uncertain", "reason"),
)

_CONTENTS_KEPT = 16

# One row of the edition table, by its number.
EDITION = select(edition).where(edition.c.id == bindparam("edition"))


def delivery_of(row: Sequence[Any]) -> Delivery:
    """Return the delivery in a row that starts with the columns of `DELIVERY`."""
    (id_, edition_id, part, state, due_at, date, message_id, attempts, first_begun_at, *rest) = row
    (reason, parent_id, remote_id, progress, identity, address, domain, name, uuid, merge, *_) = rest
    return Delivery(
        id=id_,
        edition_id=edition_id,
        recipient=Recipient(
            address=address, identity=identity, domain=domain, name=name, uuid=uuid, merge=_map(merge)
        ),
        part=part,
        date=date,
        message_id=message_id,
        state=DeliveryState(state),
        due_at=due_at,
        attempts=attempts,
        first_begun_at=first_begun_at,
        reason=reason,
        remote_id=remote_id,
        parent_id=parent_id,
        progress=_map(progress),
    )


def read_edition(connection: Connection, edition_id: int) -> Edition:
    """Read one edition with its content, which must still be what was sealed."""
    row = connection.execute(EDITION, {"edition": edition_id}).one()
    return edition_of(row, read_content(connection, edition_id, row.content_hash))


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


def seal_of(body: str) -> str:
    """Return the digest that proves a content's text unharmed."""
    return sha256(body.encode()).hexdigest()


def _read_content(connection: Connection, edition_id: int) -> Content:
    row = connection.execute(select(content).where(content.c.edition_id == edition_id)).one_or_none()
    if row is None or seal_of(row.body) != row.digest:
        raise LedgerCorrupt(
            f"the content of edition {edition_id} is damaged: the ledger must not be used; restore a backup"
        )
    return decode(row.body)


def _map(text: str) -> dict[str, str]:
    try:
        return decode_map(text)
    except (ValueError, TypeError) as error:
        raise LedgerCorrupt(f"the ledger is damaged: {text!r} is not JSON; restore a backup") from error
