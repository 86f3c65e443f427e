"""Keep what comes back, and act on it.

`hear` writes it down, once however often it is told; `act` takes what nobody has looked at yet, finds out whom it is
about, and gives up the address, counts it, or lets its reader leave. What came of each stands beside it, in words. In
which order the same things are told, and how often, makes no difference to who is written to in the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Integer, bindparam, func, literal_column, select, update

from postroom.model import Feedback, FeedbackKind, Thresholds
from postroom.outbox import leaving, wiping
from postroom.outbox.bulk import insert_new
from postroom.outbox.columns import to_micros
from postroom.outbox.erasing import overwriting
from postroom.outbox.hot import Hot
from postroom.outbox.leaving import Act
from postroom.outbox.reckoning import FORGIVEN_BEFORE, is_forgiven, reckon
from postroom.outbox.rows import AnyRow
from postroom.outbox.suppressions import suppress
from postroom.outbox.tables import IS_UNHEARD, edition, feedback, suppression
from postroom.outbox.traces import ERASED, Trace, trace

MOST: Final = 25
"""How much one transaction acts on: some 20 ms, for senders wait for it."""

MAX_BACKLOG: Final = 10_000
"""How much may wait to be acted on before no more is taken from webhooks."""

MAX_REASON: Final = 200
"""How much of the other side's words a suppression quotes."""

SUPPRESSED: Final = "suppressed"
ALREADY: Final = "already suppressed"

_TEXTS = ("source", "event", "kind", "address", "message_id", "remote_id", "token", "status", "reason")
_ADD = insert_new(feedback, (*_TEXTS, "happened_at", "heard_at"), key=("source", "event"))
_WAITING = Hot(
    select(func.count().label("number")).select_from(
        select(literal_column("1"))
        .where(IS_UNHEARD)
        .limit(bindparam("most", type_=Integer) + literal_column("0"))
        .subquery()
    )
)
_UNHEARD = Hot(
    select(feedback)
    .where(IS_UNHEARD)
    .order_by(feedback.c.id)
    .limit(bindparam("most", type_=Integer) + literal_column("0"))
    .with_for_update(skip_locked=True)
)
_CLOSE = Hot(
    update(feedback)
    .where(feedback.c.id == bindparam("number"))
    .values(
        delivery_id=bindparam("delivery"),
        edition_id=bindparam("edition"),
        subscriber_id=bindparam("person"),
        outcome=bindparam("said"),
    )
)
_FORGET = Hot(
    update(feedback)
    .where(feedback.c.id == bindparam("number"))
    .values(dict.fromkeys(("address", "message_id", "remote_id", "token", "reason"), literal_column("''")))
)
_SUPPRESSED = Hot(select(suppression.c.identity).where(suppression.c.identity == bindparam("identity")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """How much of what was told is new, and how much had been told before."""

    new: int
    repeated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """What came of as much feedback as `seen`: how many addresses were given up, how many people left a list."""

    seen: int = 0
    suppressed: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Feedback as the ledger has it. `edition` is the key of the edition it is about, `outcome` what came of it."""

    told: Feedback
    heard_at: datetime
    edition: str
    outcome: str


def hear(connection: Connection, events: Sequence[Feedback], now: datetime) -> Heard:
    """Keep what came back at `now`. What is known by its source and event stays as it was told first."""
    at = to_micros(now)
    new = _ADD.put(
        connection,
        [
            (
                one.source,
                one.event,
                one.kind.value,
                *(getattr(one, name) for name in _TEXTS[3:]),
                None if one.at is None else to_micros(one.at),
                at,
            )
            for one in events
        ],
    )
    return Heard(new=new, repeated=len(events) - new)


def hear_if_room(connection: Connection, events: Sequence[Feedback], now: datetime) -> Heard | None:
    """Do as `hear`, unless more waits to be acted on than is good; then keep nothing and return None."""
    return None if waiting(connection) >= MAX_BACKLOG else hear(connection, events, now)


def waiting(connection: Connection, most: int = MAX_BACKLOG) -> int:
    """Count what nobody has acted on yet, up to `most`."""
    return int(_WAITING.rows(connection, most=most)[0].number)


def act(
    connection: Connection, keys: Sequence[bytes], thresholds: Thresholds, now: datetime, most: int = MOST
) -> Acted:
    """Act on the `most` that have waited longest; `seen` is less once nothing is left. `keys` sign our links."""
    rows = _UNHEARD.rows(connection, most=most)
    suppressed = left = 0
    for row in rows:
        found = trace(connection, keys, row)
        said = found if isinstance(found, str) else _act(connection, row, found, thresholds, now)
        about = Trace() if isinstance(found, str) else found
        _CLOSE.count(
            connection,
            number=row.id,
            delivery=about.delivery,
            edition=about.edition,
            person=about.subscriber,
            said=said,
        )
        if said == ERASED:
            _forget(connection, row.id)
        suppressed += said == SUPPRESSED
        left += said.startswith("left ")
    return Acted(seen=len(rows), suppressed=suppressed, left=left)


def _forget(connection: Connection, number: int) -> None:
    """Keep nothing of what was told about somebody who was erased, not between the rows of a file either."""
    with overwriting(connection):
        _FORGET.count(connection, number=number)
    wiping.note(connection)


def recent(connection: Connection, most: int) -> tuple[Kept, ...]:
    """Return what came back last, the latest first."""
    rows = connection.execute(
        select(feedback, edition.c.key)
        .outerjoin(edition, edition.c.id == feedback.c.edition_id)
        .order_by(feedback.c.id.desc())
        .limit(most)
    )
    return tuple(
        Kept(
            told=Feedback(
                kind=FeedbackKind(row.kind),
                at=row.happened_at,
                **{name: getattr(row, name) for name in _TEXTS if name != "kind"},
            ),
            heard_at=row.heard_at,
            edition=row.key or "",
            outcome=row.outcome,
        )
        for row in rows
    )


def _act(connection: Connection, row: AnyRow, about: Trace, thresholds: Thresholds, now: datetime) -> str:
    """Do what feedback about somebody asks for; say what that was."""
    kind = FeedbackKind(row.kind)
    if kind is FeedbackKind.UNSUBSCRIBED:
        return _leave(connection, row, about, now)
    if _SUPPRESSED.rows(connection, identity=about.identity):
        return ALREADY
    if is_forgiven(connection, row, about):
        return FORGIVEN_BEFORE
    counted = "" if kind is FeedbackKind.COMPLAINED else reckon(connection, row, about, thresholds, now)
    if counted:
        return counted
    why = f"{kind.value}: {row.status} {row.reason}".replace("  ", " ")
    suppress(connection, about.identity, about.address, why[:MAX_REASON].strip(" :"), now, source=row.source)
    return SUPPRESSED


def _leave(connection: Connection, row: AnyRow, about: Trace, now: datetime) -> str:
    """Take somebody off the list that the mail went to; where that is not known, off all of them."""
    assert about.subscriber is not None
    how = Act(how="unsubscribed", source=row.source, edition_id=about.edition)
    if about.list:
        done = leaving.leave(connection, about.subscriber, about.list, how, now)
        return f"left {about.list}" if done.is_new else f"had left {about.list}"
    names = leaving.leave_all(connection, about.subscriber, how, now)
    return f"left {', '.join(names)}" if names else "was on no list"
