"""Freeze an edition: write it and every one of its deliveries, all or none of them claimable.

While it is `filling` nobody may claim from it; only when its accounts balance is it let go (`open`) or
handed to a person (`held`). A freeze that was killed leaves a filling edition, which the next call
with the same key wipes and fills anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from uuid import uuid4

from sqlalchemy import Connection, delete, func, insert, select, update

from postroom.condition import Condition
from postroom.errors import LedgerError
from postroom.model import DeliveryState, Edition, EditionState, Recipient
from postroom.outbox.accounts import scan_new, settle
from postroom.outbox.bulk import insert_new
from postroom.outbox.content import dumps, encode, encode_sender, encode_unsubscribe
from postroom.outbox.filling import (
    BATCH,
    Filling,
    Poured,
    guard,
    is_earlier,
    is_ours,
    pour_list,
    pour_people,
    pour_segment,
)
from postroom.outbox.greetings import Batch, pour_batch
from postroom.outbox.leaving import number_of
from postroom.outbox.ledger import Ledger
from postroom.outbox.rows import AnyRow, edition_values, read_edition, seal_of
from postroom.outbox.segments import Segment
from postroom.outbox.tables import content, delivery, edition, rejection

_ADD_REJECTIONS = insert_new(rejection, ("edition_id", "line", "why"), key=("edition_id", "line"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """The members of a list that the ledger keeps, as the audience of an edition; of them `only` those for whom a
    condition holds.
    """

    list: str
    only: Condition | None = None


@dataclass(slots=True, kw_only=True)
class Audience:
    """Whom an edition is for: the rows of a file, the members of a list, or those who are to be greeted.

    `rows_read` and `rejected` are the reader's counts; `people` must be the rest, in order, and is read
    once, in batches. `rejections`, (line, why), are those refused rows that are to be remembered; whoever reads
    `people` may add to them while they are read. Of a list nothing is read: the ledger counts its members.
    """

    people: Iterable[Recipient] | Members | Batch
    rows_read: int = 0
    rejected: int = 0
    rejections: list[tuple[int, str]] = field(default_factory=list)


def freeze(ledger: Ledger, edition: Edition, audience: Audience, *, parts: int, now: datetime) -> Edition:
    """Write `edition` and a delivery for each recipient and part; return it as the ledger has it.

    Whoever is in the audience twice, or has an earlier revision already, counts as duplicate; whoever is suppressed
    gets nothing. Freezing the same key and content again changes nothing. Raises `LedgerError` when the key
    holds other content, or when the rows are not as many as were counted.
    """
    begun = ledger.write(_begin, edition, audience, parts, now)
    if isinstance(begun, Edition):
        return begun
    while ledger.write(_wipe_some, begun):
        pass
    match audience.people:
        case Members(list=name, only=only):
            poured = (
                pour_list(ledger, begun, name)
                if only is None
                else pour_segment(ledger, begun, Segment(list=name, only=only))
            )
        case Batch() as batch:
            poured = pour_batch(ledger, begun, batch)
        case people:
            poured = pour_people(ledger, begun, people)
    return ledger.write(_seal, begun, poured, audience.rejections)


def token(value: Edition, edition_id: int) -> str:
    """Return the beginning of the Message-IDs of an edition: in every refill the same.

    The edition's number counts too: a rehearsal that is sent again for real is another message.
    """
    named = dumps([value.key, value.revision, edition_id, value.content_hash])
    return sha256(named.encode()).hexdigest()[:24]


def _begin(
    connection: Connection, value: Edition, audience: Audience, parts: int, now: datetime
) -> Filling | Edition:
    # Locked: on PostgreSQL another may be sealing it, and what is open already must not change.
    row = connection.execute(
        select(edition).where(edition.c.key == value.key).with_for_update()
    ).one_or_none()
    if row is not None and row.state != EditionState.FILLING:
        return _frozen(connection, row, value)
    if value.revision > 1:
        _wait_for_earlier(connection, value)
    filler = uuid4().hex
    if value.list and value.unsubscribe is not None and value.unsubscribe.web is not None:
        way = replace(value.unsubscribe, list=number_of(connection, value.list))
        value = replace(value, unsubscribe=way)
    values = {
        **edition_values(value),
        "state": EditionState.FILLING.value,
        "parts": parts,
        "filler": filler,
        "frozen_at": now,
        "rows_read": audience.rows_read,
        "rejected": audience.rejected,
    }
    edition_id = _write_edition(connection, row, values)
    stamp = token(value, edition_id)
    connection.execute(update(edition).where(edition.c.id == edition_id).values(token=stamp))
    body = encode(value.content)
    seal = seal_of(body, encode_sender(value.sender), encode_unsubscribe(value.unsubscribe), stamp)
    connection.execute(delete(content).where(content.c.edition_id == edition_id))
    connection.execute(insert(content).values(edition_id=edition_id, body=body, digest=seal))
    return Filling(edition=replace(value, id=edition_id), token=filler, parts=parts, now=now)


def _wait_for_earlier(connection: Connection, value: Edition) -> None:
    """Refuse a revision while messages of an earlier one are on their way: whoever gets those is not known yet."""
    under_way = connection.execute(
        select(func.coalesce(func.sum(edition.c.sending), 0)).where(is_earlier(value))
    ).scalar_one()
    if under_way:
        raise LedgerError(
            f"{value.key}: {under_way} messages of an earlier revision are on their way; the next tick tries again"
        )


def _frozen(connection: Connection, row: AnyRow, value: Edition) -> Edition:
    if row.content_hash != value.content_hash:
        raise LedgerError(
            f"{value.key} was frozen with other content and stays as it is; "
            f"what has changed since can only go out as its revision {row.revision + 1}"
        )
    return read_edition(connection, row.id)


def _write_edition(connection: Connection, row: AnyRow | None, values: dict[str, object]) -> int:
    if row is None:
        return int(connection.execute(insert(edition).values(values).returning(edition.c.id)).scalar_one())
    connection.execute(update(edition).where(edition.c.id == row.id).values(values))
    return int(row.id)


def _wipe_some(connection: Connection, filling: Filling) -> bool:
    """Delete some of what a killed freeze left; tell whether there may be more."""
    guard(connection, filling)
    some = select(delivery.c.id).where(delivery.c.edition_id == filling.edition.id).limit(10 * BATCH)
    gone = connection.execute(delete(delivery).where(delivery.c.id.in_(some)))
    connection.execute(delete(rejection).where(rejection.c.edition_id == filling.edition.id))
    return gone.rowcount > 0


def _seal(
    connection: Connection, filling: Filling, poured: Poured, rejections: Sequence[tuple[int, str]]
) -> Edition:
    """Count what was written, prove both identities, and let the edition go or hold it."""
    guard(connection, filling)
    number = filling.edition.id
    found = scan_new(connection, number, filling.parts)
    recipients = sum(found[state.value] for state in DeliveryState)
    row = connection.execute(select(edition).where(edition.c.id == number)).one()
    rows_read = poured.rows_read if poured.rows_read is not None else row.rows_read
    if rows_read != row.rejected + poured.seen:
        raise LedgerError(
            f"{filling.edition.key}: {rows_read} rows were counted, {row.rejected} of them refused, "
            f"but then {poured.seen} were read; the audience changed meanwhile, and the next tick tries again"
        )
    if recipients * filling.parts != poured.deliveries:
        raise LedgerError(
            f"{filling.edition.key}: {poured.deliveries} deliveries were written, but {recipients} recipients "
            "found; the next tick tries again, and `postroom doctor` looks whether the ledger is damaged"
        )
    refused = ({"edition_id": number, "line": line, "why": why} for line, why in rejections)
    _ADD_REJECTIONS.run(connection, refused)
    connection.execute(
        update(edition)
        .where(is_ours(filling))
        .values(
            state=EditionState.HELD.value if filling.edition.holds else EditionState.OPEN.value,
            opened_at=None if filling.edition.holds else filling.now,
            filler="",
            rows_read=rows_read,
            recipients=recipients,
            **found,
            duplicate=poured.seen - poured.suppressed - recipients,
            suppressed=poured.suppressed,
        )
    )
    settle(connection, [number], filling.now)
    return read_edition(connection, number)
