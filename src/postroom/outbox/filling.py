"""Pour an audience into an edition that is being filled: a delivery for each recipient and part.

People of a file pass through here, in batches; the members of a list the database copies by itself. Each
transaction proves first that the freeze is still ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    and_,
    exists,
    false,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    true,
)

from postroom.errors import LedgerError
from postroom.model import DeliveryState, Edition, EditionState, Recipient
from postroom.outbox.absent import absent
from postroom.outbox.bulk import insert_new
from postroom.outbox.columns import Moment, is_state, to_micros
from postroom.outbox.entries import told_of
from postroom.outbox.ledger import Ledger
from postroom.outbox.segments import Segment, page
from postroom.outbox.subscribers import Enrolled, enrol
from postroom.outbox.tables import IS_DOUBTED, delivery, edition, membership, subscriber, suppression

BATCH = 5000
"""Rows of a file a transaction, in some 100 ms: addresses fall all over their index, most of whose pages are
written with every transaction. A sender has to wait no longer than that.
"""

SWEEP = 50_000
"""Members of a list a transaction: the database copies them by itself, in some 50 ms."""

_ADD_DELIVERIES = insert_new(
    delivery,
    (
        *("edition_id", "recipient", "part", "state", "waits", "due_at"),
        *("identity", "address", "domain", "name", "merge"),
    ),
    key=("edition_id", "recipient", "part"),
)
_ALREADY_OUT = (DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.UNCERTAIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """A freeze under way. `token` tells ours from that of another process which took over."""

    edition: Edition
    token: str
    parts: int
    now: datetime


@dataclass(slots=True)
class Poured:
    """How many rows of the audience were seen, how many of them are suppressed, how many deliveries were made.

    `rows_read` is the number of rows where nobody counted them before.
    """

    seen: int = 0
    suppressed: int = 0
    deliveries: int = 0
    rows_read: int | None = None

    def add(self, seen: int, suppressed: int, deliveries: int) -> None:
        """Count what a transaction poured, once it is committed."""
        self.seen += seen
        self.suppressed += suppressed
        self.deliveries += deliveries


def guard(connection: Connection, filling: Filling) -> None:
    """See that this freeze is still ours; on PostgreSQL the row is locked until the commit."""
    found = connection.execute(select(edition.c.id).where(is_ours(filling)).with_for_update()).one_or_none()
    if found is None:
        raise LedgerError(
            f"{filling.edition.key} was cancelled meanwhile, or another process is filling it; leave it to that one"
        )


def is_ours(filling: Filling) -> ColumnElement[bool]:
    """Claim that a row of the edition table is the one that this freeze fills."""
    return and_(
        edition.c.id == filling.edition.id,
        edition.c.filler == filling.token,
        is_state(edition.c.state, EditionState.FILLING),
    )


def pour_people(ledger: Ledger, begun: Filling, people: Iterable[Recipient]) -> Poured:
    """Write the deliveries of `people`, who are read once."""
    poured = Poured()
    for batch in _batches(people):
        poured.add(len(batch), *ledger.write(_fill, begun, batch))
    return poured


def _batches(recipients: Iterable[Recipient]) -> Iterator[Sequence[Recipient]]:
    rest = iter(recipients)
    while batch := tuple(islice(rest, BATCH)):
        yield batch


def _fill(connection: Connection, filling: Filling, batch: Sequence[Recipient]) -> tuple[int, int]:
    """Insert the deliveries of `batch`; return how many of its rows are suppressed, and how many were made."""
    guard(connection, filling)
    people = {recipient.identity: recipient for recipient in reversed(batch)}
    out = absent(connection, filling.edition.list, list(people))
    suppressed = sum(recipient.identity in out for recipient in batch)
    left = [people[name] for name in people if name not in out]
    left.reverse()
    known = enrol(connection, left, "audience", filling.now) if filling.edition.sender else {}
    if filling.edition.revision > 1:
        reached = _reached_before(connection, filling.edition, [one.id for one in known.values()] or [0])
        left = [person for person in left if (known[person.identity].id if known else 0) not in reached]
    rows = [row for person in left for row in _rows(filling, person, known.get(person.identity))]
    return suppressed, _ADD_DELIVERIES.put(connection, rows)


def pour_list(ledger: Ledger, filling: Filling, name: str) -> Poured:
    """Copy the members of a list, without reading one of them here."""
    poured, last = Poured(), 0
    while (swept := ledger.write(_sweep, filling, name, last)) is not None:
        last, *counts = swept
        poured.add(*counts)
    poured.rows_read = poured.seen
    return poured


def _sweep(
    connection: Connection, filling: Filling, name: str, last: int
) -> tuple[int, int, int, int] | None:
    """Insert the deliveries of the next members after number `last`.

    Returns the last one's number, how many they were, how many of them are suppressed, and how many
    deliveries were made; None after the end.
    """
    guard(connection, filling)
    following = and_(membership.c.list == name, membership.c.subscriber_id > last)
    if filling.edition.revision == 1 and connection.execute(_SOMEBODY_SUPPRESSED).one_or_none() is None:
        return _copy_page(connection, filling, following)
    highest = _last_of_page(connection, following)
    if highest is None:
        return None
    return highest, *_pour(connection, filling, and_(following, membership.c.subscriber_id <= highest))


def pour_segment(ledger: Ledger, filling: Filling, segment: Segment) -> Poured:
    """Write the deliveries of those members of a list for whom a condition holds; nobody else is read."""
    poured, last = Poured(), 0
    while (swept := ledger.write(_sweep_segment, filling, segment, last)) is not None:
        last, *counts = swept
        poured.add(*counts)
    poured.rows_read = poured.seen
    return poured


def _sweep_segment(
    connection: Connection, filling: Filling, segment: Segment, last: int
) -> tuple[int, int, int, int] | None:
    """Do as `_sweep` for a segment."""
    guard(connection, filling)
    found = page(connection, segment, last)
    if found is None:
        return None
    chosen = membership.c.subscriber_id.in_(found.numbers)
    return found.last, *_pour(connection, filling, and_(membership.c.list == segment.list, chosen))


def _pour(connection: Connection, filling: Filling, members: ColumnElement[bool]) -> tuple[int, int, int]:
    """Insert the deliveries of some members; return how many these are, how many suppressed, how many were made."""
    chosen = _may_get_one(filling, members)
    made = [_copy(connection, filling, chosen, part) for part in range(filling.parts)]
    seen = _count(connection, members)
    is_first = filling.edition.revision == 1  # then nothing else keeps a member from getting one
    suppressed = seen - made[0] if is_first else _count(connection, members, _IS_SUPPRESSED)
    return seen, suppressed, sum(made)


def _copy_page(
    connection: Connection, filling: Filling, following: ColumnElement[bool]
) -> tuple[int, int, int, int] | None:
    """Do as `_sweep` where everybody gets a delivery: these tell who they were, and nobody is counted before."""
    made = _copy(connection, filling, following, part=0, most=SWEEP)
    if not made:
        return None
    written = select(func.max(delivery.c.recipient)).where(delivery.c.edition_id == filling.edition.id)
    last = connection.execute(written).scalar_one()
    members = and_(following, membership.c.subscriber_id <= last)
    further = sum(_copy(connection, filling, members, part) for part in range(1, filling.parts))
    return last, made, 0, made + further


def _last_of_page(connection: Connection, following: ColumnElement[bool]) -> int | None:
    """Return the number of the last of so many members as a transaction takes; None where none follows."""
    numbers = select(membership.c.subscriber_id).where(following)
    page = numbers.order_by(membership.c.subscriber_id).offset(SWEEP - 1).limit(1)
    end = numbers.order_by(membership.c.subscriber_id.desc()).limit(1)
    found = (connection.execute(query).scalar_one_or_none() for query in (page, end))
    return next((number for number in found if number is not None), None)


_SOMEBODY_SUPPRESSED = select(suppression.c.identity).limit(1)
_IS_SUPPRESSED = exists().where(
    subscriber.c.id == membership.c.subscriber_id, suppression.c.identity == subscriber.c.identity
)


def _count(connection: Connection, *conditions: ColumnElement[bool]) -> int:
    return connection.execute(select(func.count()).select_from(membership).where(*conditions)).scalar_one()


def _may_get_one(filling: Filling, members: ColumnElement[bool]) -> ColumnElement[bool]:
    """Leave out of some members who is suppressed, and who was sent an earlier revision or may have been."""
    left = and_(members, not_(_IS_SUPPRESSED))
    if filling.edition.revision == 1:
        return left
    earlier = _of_earlier_revisions(filling.edition)
    return and_(left, not_(exists(earlier.where(delivery.c.recipient == membership.c.subscriber_id))))


def _copy(
    connection: Connection,
    filling: Filling,
    members: ColumnElement[bool],
    part: int,
    most: int | None = None,
) -> int:
    """Insert a delivery of this part for each of these members, or for the first so many; return how many."""
    values = {
        "edition_id": literal(filling.edition.id, BigInteger),
        "recipient": membership.c.subscriber_id,
        "part": literal(part),
        "state": literal(DeliveryState.QUEUED.value),
        "waits": true() if part else false(),
        "due_at": literal(filling.edition.due_at, Moment),
    }
    query = select(*values.values()).where(members).order_by(membership.c.subscriber_id).limit(most)
    copy = insert(delivery).from_select(list(values), query)
    return connection.execute(copy, execution_options={"preserve_rowcount": True}).rowcount


def _reached_before(connection: Connection, value: Edition, recipients: list[int]) -> set[int]:
    """Find who was sent an earlier revision of this piece, or may have been."""
    found = _of_earlier_revisions(value).where(delivery.c.recipient.in_(recipients))
    return set(connection.execute(found).scalars().all())


def _of_earlier_revisions(value: Edition) -> Select[int]:
    earlier = select(edition.c.id).where(is_earlier(value))
    return select(delivery.c.recipient).where(
        delivery.c.edition_id.in_(earlier),
        or_(is_state(delivery.c.state, *_ALREADY_OUT), IS_DOUBTED),
    )


def is_earlier(value: Edition) -> ColumnElement[bool]:
    """Claim that an edition is an earlier revision of the same piece."""
    return and_(
        edition.c.channel == value.channel,
        edition.c.variant == value.variant,
        edition.c.article == value.article,
        edition.c.revision < value.revision,
        edition.c.rehearsal == value.rehearsal,
    )


def _rows(filling: Filling, person: Recipient, enrolled: Enrolled | None) -> Iterator[tuple[object, ...]]:
    """Yield the deliveries of one recipient, a part each, with values as the database keeps them.

    Of a subscriber only what differs is repeated; an account is told in full.
    """
    number, own = enrolled or (0, told_of(person))
    identity = None if enrolled else person.identity
    due_at = to_micros(filling.edition.due_at)
    for part in range(filling.parts):
        yield (filling.edition.id, number, part, "queued", part > 0, due_at, identity, *own)
