"""Freeze an edition: write it and every one of its deliveries, all or none of them claimable.

While it is `filling` nobody may claim from it; only when its accounts balance is it let go (`open`) or
handed to a person (`held`). A freeze that was killed leaves a filling edition, which the next call
with the same key wipes and fills anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from itertools import islice
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from postroom.errors import LedgerError
from postroom.model import DeliveryState, Edition, EditionState, Recipient
from postroom.outbox.accounts import scan, settle
from postroom.outbox.bulk import insert_new, lookup
from postroom.outbox.columns import is_state, to_micros
from postroom.outbox.content import dumps, encode, encode_map
from postroom.outbox.ledger import Ledger
from postroom.outbox.rows import AnyRow, edition_values, read_edition, seal_of
from postroom.outbox.subscribers import uuids
from postroom.outbox.tables import content, delivery, edition, rejection, suppression

BATCH = 2000  # rows a transaction: long enough to be fast, short enough that a send never waits for it

_ADD_DELIVERIES = insert_new(
    delivery,
    (
        *("edition_id", "identity", "part", "state", "waits", "due_at", "address", "domain"),
        *("name", "merge", "uuid", "date", "message_id"),
    ),
    key=("edition_id", "identity", "part"),
)
_ADD_REJECTIONS = insert_new(rejection, ("edition_id", "line", "why"), key=("edition_id", "line"))
_ALREADY_OUT = (DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.UNCERTAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filling:
    """A freeze under way. `token` tells ours from that of another process which took over."""

    edition: Edition
    token: str
    parts: int
    now: datetime


def freeze(
    ledger: Ledger,
    edition: Edition,
    *,
    rows_read: int,
    rejected: int,
    recipients: Iterable[Recipient],
    parts: int,
    now: datetime,
) -> Edition:
    """Write `edition` and a delivery for each recipient and part; return it as the ledger has it.

    `rows_read` and `rejected` are the reader's counts; `recipients` must be the rest, in order, and is
    read once, in batches. Whoever is in it twice, or has an earlier revision already, counts as duplicate;
    whoever is suppressed gets nothing. Freezing the same key and content again changes nothing. Raises
    `LedgerError` when the key holds other content, or when the rows are not as many as were counted.
    """
    begun = ledger.write(_begin, edition, parts, (rows_read, rejected), now)
    if isinstance(begun, Edition):
        return begun
    while ledger.write(_wipe_some, begun):
        pass
    seen = suppressed = 0
    for batch in _batches(recipients):
        suppressed += ledger.write(_fill, begun, batch)
        seen += len(batch)
    return ledger.write(_seal, begun, seen, suppressed)


def reject(connection: Connection, key: str, rows: Iterable[tuple[int, str]]) -> None:
    """Remember which lines of the audience file were refused, and why (without the address)."""
    edition_id = connection.execute(select(edition.c.id).where(edition.c.key == key)).scalar_one()
    _ADD_REJECTIONS.run(
        connection, ({"edition_id": edition_id, "line": line, "why": why} for line, why in rows)
    )


def message_id(value: Edition, identity: str, part: int) -> str:
    """Return the Message-ID, without brackets, that this delivery has in every attempt and every refill.

    The edition's number counts too: a rehearsal that is sent again for real is another message.
    """
    named = dumps([value.key, value.revision, value.id, value.content_hash, identity, part])
    domain = value.sender.from_.rpartition("@")[2].rstrip("> ") if value.sender else "postroom.invalid"
    return f"{sha256(named.encode()).hexdigest()[:40]}@{domain}"


def _begin(
    connection: Connection, value: Edition, parts: int, read: tuple[int, int], now: datetime
) -> _Filling | Edition:
    row = connection.execute(select(edition).where(edition.c.key == value.key)).one_or_none()
    if row is not None and row.state != EditionState.FILLING:
        return _frozen(connection, row, value)
    token = uuid4().hex
    values = {
        **edition_values(value),
        "state": EditionState.FILLING.value,
        "parts": parts,
        "filler": token,
        "rows_read": read[0],
        "rejected": read[1],
    }
    edition_id = _write_edition(connection, row, values)
    _write_content(connection, edition_id, encode(value.content))
    return _Filling(edition=replace(value, id=edition_id), token=token, parts=parts, now=now)


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
    connection.execute(
        update(edition)
        .where(edition.c.id == row.id, is_state(edition.c.state, EditionState.FILLING))
        .values(values)
    )
    return int(row.id)


def _write_content(connection: Connection, edition_id: int, body: str) -> None:
    connection.execute(delete(content).where(content.c.edition_id == edition_id))
    connection.execute(insert(content).values(edition_id=edition_id, body=body, digest=seal_of(body)))


def _wipe_some(connection: Connection, filling: _Filling) -> bool:
    """Delete some of what a killed freeze left; tell whether there may be more."""
    _guard(connection, filling)
    some = select(delivery.c.id).where(delivery.c.edition_id == filling.edition.id).limit(10 * BATCH)
    gone = connection.execute(delete(delivery).where(delivery.c.id.in_(some)))
    connection.execute(delete(rejection).where(rejection.c.edition_id == filling.edition.id))
    return gone.rowcount > 0


def _guard(connection: Connection, filling: _Filling) -> None:
    """See that this freeze is still ours; on PostgreSQL the row is locked until the commit."""
    found = connection.execute(select(edition.c.id).where(_is_ours(filling)).with_for_update()).one_or_none()
    if found is None:
        raise LedgerError(
            f"{filling.edition.key} was cancelled meanwhile, or another process is filling it; leave it to that one"
        )


def _is_ours(filling: _Filling) -> ColumnElement[bool]:
    return and_(
        edition.c.id == filling.edition.id,
        edition.c.filler == filling.token,
        is_state(edition.c.state, EditionState.FILLING),
    )


def _batches(recipients: Iterable[Recipient]) -> Iterator[Sequence[Recipient]]:
    rest = iter(recipients)
    while batch := tuple(islice(rest, BATCH)):
        yield batch


def _fill(connection: Connection, filling: _Filling, batch: Sequence[Recipient]) -> int:
    """Insert the deliveries of `batch`; return how many of its rows are suppressed."""
    _guard(connection, filling)
    people = {recipient.identity: recipient for recipient in reversed(batch)}
    out = {identity for (identity,) in lookup(connection, suppression.c.identity, list(people))}
    suppressed = sum(recipient.identity in out for recipient in batch)
    left = [people[name] for name in people if name not in out]
    left.reverse()
    if filling.edition.revision > 1:
        reached = _reached_before(connection, filling.edition, [person.identity for person in left])
        left = [person for person in left if person.identity not in reached]
    ids = uuids(connection, left, "audience", filling.now) if filling.edition.sender else {}
    _ADD_DELIVERIES.run(
        connection, (row for person in left for row in _rows(filling, person, ids.get(person.identity)))
    )
    return suppressed


def _reached_before(connection: Connection, value: Edition, identities: list[str]) -> set[str]:
    """Find who was sent an earlier revision of this piece, or may have been."""
    earlier = select(edition.c.id).where(
        edition.c.channel == value.channel,
        edition.c.variant == value.variant,
        edition.c.article == value.article,
        edition.c.revision < value.revision,
        edition.c.rehearsal == value.rehearsal,
    )
    found = select(delivery.c.identity).where(
        delivery.c.edition_id.in_(earlier),
        delivery.c.identity.in_(identities),
        is_state(delivery.c.state, *_ALREADY_OUT),
    )
    return set(connection.execute(found).scalars())


def _rows(filling: _Filling, person: Recipient, uuid: str | None) -> Iterator[dict[str, object]]:
    """Yield the deliveries of one recipient, a part each, with values as the database keeps them."""
    shared = {
        "edition_id": filling.edition.id,
        "identity": person.identity,
        "state": "queued",
        "due_at": to_micros(filling.edition.due_at),
        "address": person.address,
        "domain": person.domain,
        "name": person.name,
        "merge": encode_map(person.merge),
        "uuid": uuid or person.uuid,
        "date": to_micros(filling.now),
    }
    for part in range(filling.parts):
        name = message_id(filling.edition, person.identity, part)
        yield {**shared, "part": part, "waits": part > 0, "message_id": name}


def _seal(connection: Connection, filling: _Filling, seen: int, suppressed: int) -> Edition:
    """Count what was written, prove both identities, and let the edition go or hold it."""
    _guard(connection, filling)
    counts = scan(connection, filling.edition.id)
    recipients = sum(counts.values())
    row = connection.execute(select(edition).where(edition.c.id == filling.edition.id)).one()
    duplicate = seen - suppressed - recipients
    if row.rows_read != row.rejected + seen:
        raise LedgerError(
            f"{filling.edition.key}: {row.rows_read} rows were counted, {row.rejected} of them refused, "
            f"but then {seen} were read; the audience changed meanwhile, and the next tick tries again"
        )
    connection.execute(
        update(edition)
        .where(_is_ours(filling))
        .values(
            state=EditionState.HELD.value if filling.edition.holds else EditionState.OPEN.value,
            opened_at=None if filling.edition.holds else filling.now,
            **counts,
            filler="",
            recipients=recipients,
            duplicate=duplicate,
            suppressed=suppressed,
        )
    )
    settle(connection, [filling.edition.id], filling.now)
    return read_edition(connection, filling.edition.id)
