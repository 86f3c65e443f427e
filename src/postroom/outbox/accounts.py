"""Keep an edition's counts true in the transaction that changes its deliveries.

Every recipient is counted once, where the first of their parts that is not sent stands; a part that
waits for the one before it is not counted yet, and one that was sent gives its place to the next.
So for an edition of one part these are simply the states of its deliveries.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import (
    BigInteger,
    Connection,
    Select,
    Update,
    and_,
    bindparam,
    case,
    cast,
    func,
    not_,
    or_,
    select,
    update,
)

from postroom.model import Accounts, DeliveryState, EditionState
from postroom.outbox.columns import is_state, to_micros
from postroom.outbox.hot import Hot
from postroom.outbox.rows import EDITION, AnyRow, accounts_of
from postroom.outbox.tables import IS_CLAIMABLE, delivery, edition

# By how much the counts of (edition id, state) change.
Tally: TypeAlias = "Counter[tuple[int, str]]"

NEVER_SENT = "the part before it was not sent"
_STATES = tuple(state.value for state in DeliveryState)

_REST = (edition.c.id, edition.c.state, edition.c.parts, edition.c.queued, edition.c.sending)
_TAKEN_AT = bindparam("taken_at", type_=BigInteger)
_SHIFT = Hot(
    update(edition)
    .where(edition.c.id == bindparam("edition"))
    .values(
        {name: edition.c[name] + bindparam(f"more_{name}") for name in _STATES}
        | {
            "first_sent_at": func.coalesce(edition.c.first_sent_at, _TAKEN_AT),
            "refused_in_row": case((_TAKEN_AT.is_(None), edition.c.refused_in_row), else_=0),
        }
    )
    .returning(*_REST)
)
_LEFT = Hot(select(*_REST).where(edition.c.id == bindparam("edition")))

# Whether a delivery is the one that its recipient is counted by.
IS_COUNTED = and_(
    not_(delivery.c.waits),
    or_(delivery.c.state != DeliveryState.SENT.value, delivery.c.part == edition.c.parts - 1),
)

# Whoever looks a row up by an index is given the index's values. The scan asks the row itself, found by
# number alone: a number that is damaged there would be hidden by a sound one in the index.
_FOUND = delivery.alias("found")

# What must never change in the deliveries of an edition: which they are, and whose.
_CHECKSUM = func.coalesce(func.sum(delivery.c.id + 3 * delivery.c.recipient + 5 * delivery.c.part), 0)

# One pass in constant memory: GROUP BY would sort a million rows first.
_SCAN = (
    select(
        *(
            func.coalesce(func.sum(case((and_(delivery.c.state == name, IS_COUNTED), 1), else_=0)), 0).label(
                name
            )
            for name in _STATES
        ),
        cast(_CHECKSUM, BigInteger).label("checksum"),
    )
    .select_from(_FOUND)
    .join(delivery, delivery.c.id == _FOUND.c.id)
    .join(edition, edition.c.id == delivery.c.edition_id)
    .where(_FOUND.c.edition_id == bindparam("edition"))
)
_OF_EDITION = delivery.c.edition_id == bindparam("edition")
_SUM = select(func.count(), cast(_CHECKSUM, BigInteger)).where(_OF_EDITION)
_QUEUED = select(func.count()).select_from(delivery).where(_OF_EDITION, IS_CLAIMABLE)
# What waits to be claimed, in the table and in the index that claims use, which SQLite's quick check does not compare.
_WAITING = (
    "SELECT count(*), sum(due_at % 1000000007 + 3 * id) FROM delivery {} "
    "WHERE edition_id = ? AND state = 'queued' AND waits = 0"
)
_WAITING_IN_BOTH = (_WAITING.format("NOT INDEXED"), _WAITING.format("INDEXED BY delivery_due"))
_IS_DONE = and_(edition.c.queued == 0, edition.c.sending == 0)


@dataclass(slots=True)
class Books:
    """How a transaction changes the counts of editions, and of which of them something was `sent`.

    The editions' rows are written once, at its end: whoever works on the same edition queues for them.
    """

    now: datetime
    tally: Tally = field(default_factory=Counter)
    sent: set[int] = field(default_factory=set)

    def move(self, edition_id: int, before: str, after: str, number: int = 1) -> None:
        """Count so many deliveries of an edition as `after`, which were `before`."""
        self.tally[edition_id, before] -= number
        self.tally[edition_id, after] += number

    def post(self, connection: Connection) -> list[AnyRow]:
        """Write down what was counted so far; return what the editions have left."""
        left = post(connection, self.tally, self.sent, self.now)
        self.tally.clear()
        self.sent.clear()
        return left

    def close(self, connection: Connection) -> None:
        """Write down what was counted, and settle those editions."""
        for left in self.post(connection):
            _settle(connection, left, self.now)


def post(
    connection: Connection, tally: Tally, sent: Collection[int] = (), at: datetime | None = None
) -> list[AnyRow]:
    """Add `tally` to the counts of its editions; return what they have left.

    Of those in `sent` something was sent `at` that time: from their first time later variants are counted, and any
    time ends a row of refusals.
    """
    changed = {edition_id for (edition_id, _), count in tally.items() if count}
    return [  # in the order of their numbers: two processes that wait for each other would wait for ever
        _SHIFT.rows(
            connection,
            edition=edition_id,
            taken_at=to_micros(at) if at is not None and edition_id in sent else None,
            **{f"more_{name}": tally[edition_id, name] for name in _STATES},
        )[0]
        for edition_id in sorted(changed.union(sent))
    ]


def scan(connection: Connection, edition_id: int) -> dict[str, int]:
    """Count an edition's deliveries by state, row by row: what its kept counts must equal.

    `checksum` is over which deliveries they are and whose.
    """
    return dict(connection.execute(_SCAN, {"edition": edition_id}).one()._mapping)


def scan_new(connection: Connection, edition_id: int, parts: int) -> dict[str, int]:
    """Count as `scan` does the deliveries of an edition that was just written: its indexes tell.

    Only where one of them is not queued any more, as somebody was suppressed meanwhile, the rows are asked.
    """
    values = {"edition": edition_id}
    deliveries, checksum = connection.execute(_SUM, values).one()
    queued = connection.execute(_QUEUED, values).scalar_one()
    if queued * parts != deliveries:
        return scan(connection, edition_id)
    return {**dict.fromkeys(_STATES, 0), DeliveryState.QUEUED.value: queued, "checksum": checksum}


def disproof(connection: Connection, row: AnyRow) -> str:
    """Say how the deliveries of the edition in `row` differ from what is kept of them; empty if they do not.

    What was frozen before there were checksums has none to be proved by.
    """
    found = scan(connection, row.id)
    if row.checksum not in (None, found["checksum"]):
        return "its deliveries are not those that were frozen: the ledger is damaged; restore a backup"
    return mismatch(accounts_of(row), found) or _index_fault(connection, row)


def unproved(connection: Connection) -> list[int]:
    """Find the open editions whose deliveries are not what is kept of them, by their numbers.

    It must see one moment, as `Ledger.read` does: what others record between two looks would seem a fault.
    """
    rows = connection.execute(
        select(edition).where(is_state(edition.c.state, EditionState.OPEN)).order_by(edition.c.id)
    )
    return [row.id for row in rows.all() if disproof(connection, row)]


def hold_unproved(connection: Connection, editions: Sequence[int]) -> list[str]:
    """Prove open editions once more, while nobody else writes to them, and hold those that fail; say why."""
    told = []
    for edition_id in sorted(editions):
        query = select(edition).where(
            edition.c.id == edition_id, is_state(edition.c.state, EditionState.OPEN)
        )
        row = connection.execute(query.with_for_update()).one_or_none()
        if row is None or not (why := disproof(connection, row)):
            continue
        connection.execute(
            update(edition)
            .where(edition.c.id == edition_id)
            .values(state=EditionState.HELD.value, reason=f"its accounts do not balance: {why}")
        )
        told.append(f"{row.key}: {why}")
    return told


def _index_fault(connection: Connection, row: AnyRow) -> str:
    """Say so where claims would not find all that waits."""
    if not row.queued or connection.dialect.name != "sqlite":
        return ""
    found = [connection.exec_driver_sql(query, (row.id,)).one() for query in _WAITING_IN_BOTH]
    return "" if found[0] == found[1] else "the index of what waits is damaged; restore a backup"


def settle(connection: Connection, editions: Iterable[int], now: datetime) -> None:
    """Finish each open edition of which nothing is queued or sending any more.

    Its counts are first proved by a scan. Where they do not agree the edition is held instead: an
    account that does not balance is for a person, and what was recorded stays recorded.
    """
    for edition_id in sorted(set(editions)):
        _settle(connection, _LEFT.rows(connection, edition=edition_id)[0], now)


def mismatch(counts: Accounts, found: dict[str, int]) -> str:
    """Say how kept counts differ from the deliveries `found`, or from each other; empty if they do not."""
    wrong = [
        f"{name} is {getattr(counts, name)}, found {found[name]}"
        for name in _STATES
        if getattr(counts, name) != found[name]
    ]
    if not counts.balances:
        wrong.append("the sums do not agree")
    return "; ".join(wrong)


def _settle(connection: Connection, left: AnyRow, now: datetime) -> None:
    if left.parts > 1:
        _align_parts(connection, left.id)
    if left.state == EditionState.OPEN and left.queued == 0 and left.sending == 0:
        _finish(connection, connection.execute(EDITION, {"edition": left.id}).one(), now)


def _finish(connection: Connection, row: AnyRow, now: datetime) -> None:
    wrong = disproof(connection, row)
    values: dict[str, object] = {"state": EditionState.FINISHED.value, "finished_at": now}
    if wrong:
        values = {"state": EditionState.HELD.value, "reason": f"its accounts do not balance: {wrong}"}
    connection.execute(
        update(edition)
        .where(edition.c.id == row.id, is_state(edition.c.state, EditionState.OPEN), _IS_DONE)
        .values(values)
    )


def _align_parts(connection: Connection, edition_id: int) -> None:
    """Cancel waiting parts whose first part is given up, and queue them again when it is not."""
    given_up = _heads(edition_id, DeliveryState.FAILED, DeliveryState.CANCELLED)
    connection.execute(
        _waiting(edition_id, DeliveryState.QUEUED, given_up).values(
            state=DeliveryState.CANCELLED.value, reason=NEVER_SENT
        )
    )
    under_way = _heads(edition_id, DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.UNCERTAIN)
    connection.execute(
        _waiting(edition_id, DeliveryState.CANCELLED, under_way)
        .where(delivery.c.reason == NEVER_SENT)
        .values(state=DeliveryState.QUEUED.value, reason="")
    )


def _heads(edition_id: int, *states: DeliveryState) -> Select[tuple[int]]:
    """Select the recipients whose present part is in one of `states`."""
    return select(delivery.c.recipient).where(
        delivery.c.edition_id == edition_id, not_(delivery.c.waits), is_state(delivery.c.state, *states)
    )


def _waiting(edition_id: int, state: DeliveryState, whose: Select[tuple[int]]) -> Update:
    return update(delivery).where(
        delivery.c.edition_id == edition_id,
        delivery.c.waits,
        is_state(delivery.c.state, state),
        delivery.c.recipient.in_(whose),
    )
