"""When bounces are too many: counted by the mails they are about, whoever told of them and how often.

What is counted depends on nothing but what was told and what was sent, so that the order in which it is told makes no
difference. Nothing is counted twice against somebody whom a person has let back in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from sqlalchemy import Connection, bindparam, exists, func, not_, or_, select

from postroom.model import DeliveryState, FeedbackKind, Thresholds
from postroom.outbox.attribution import lately
from postroom.outbox.columns import is_state, to_micros
from postroom.outbox.hot import Among, Hot
from postroom.outbox.rows import AnyRow
from postroom.outbox.suppressions import FORGIVEN
from postroom.outbox.tables import delivery, feedback, subscriber
from postroom.outbox.traces import Trace

FORGIVEN_BEFORE: Final = "forgiven before"

SETTLED: Final = timedelta(days=5)
"""After how long a mail that nothing came back of has arrived: servers try for four or five days
(RFC 5321 §4.5.4.1)."""

_MADE_BEFORE: Final = timedelta(days=30)
"""How long before its mails go out an edition is made, at most: one that is held may wait for weeks."""

_MICROSECOND: Final = timedelta(microseconds=1)
_Mark: TypeAlias = tuple[str, int]
"""Which mail feedback is about; feedback about an unknown one is counted for itself."""

_LOCK = Hot(select(subscriber.c.id).where(subscriber.c.id == bindparam("person")).with_for_update())
_THEIRS = Hot(
    select(
        feedback.c.id,
        feedback.c.kind,
        feedback.c.delivery_id,
        feedback.c.outcome,
        func.coalesce(feedback.c.happened_at, feedback.c.heard_at).label("at"),
    ).where(feedback.c.subscriber_id == bindparam("person"), feedback.c.outcome != "")
)
_CAME_BACK = exists().where(
    feedback.c.subscriber_id == bindparam("person"),
    feedback.c.delivery_id == delivery.c.id,
    or_(*(feedback.c.kind == kind.value for kind in (FeedbackKind.BOUNCED, FeedbackKind.DEFERRED))),
)
_LAST_ARRIVED = Hot(
    select(func.max(delivery.c.begun_at).label("at")).where(
        Among(delivery.c.edition_id),
        delivery.c.recipient == bindparam("person"),
        delivery.c.part == 0,
        is_state(delivery.c.state, DeliveryState.SENT),
        delivery.c.begun_at >= bindparam("since"),
        delivery.c.begun_at <= bindparam("settled"),
        delivery.c.id != bindparam("this"),
        not_(_CAME_BACK),
    )
)


def is_forgiven(connection: Connection, row: AnyRow, about: Trace) -> bool:
    """Whether somebody was let back in after the same was told of the same mail."""
    if about.delivery is None:
        return False
    return any(
        one.outcome == FORGIVEN and one.kind == row.kind and one.delivery_id == about.delivery
        for one in _THEIRS.rows(connection, person=about.subscriber)
    )


def reckon(connection: Connection, row: AnyRow, about: Trace, thresholds: Thresholds, now: datetime) -> str:
    """Count a bounce, or a mail that was deferred for good, with what is known of somebody; say how many there are of
    how many, or nothing once that is enough.
    """
    _LOCK.rows(connection, person=about.subscriber)  # on PostgreSQL another might be counting
    known = [one for one in _THEIRS.rows(connection, person=about.subscriber) if one.outcome != FORGIVEN]
    mark = _mark(about.delivery, row.id)
    at = row.heard_at if row.happened_at is None else row.happened_at
    hard = {_mark(one.delivery_id, one.id) for one in known if one.kind == FeedbackKind.BOUNCED}
    soft = _moments(known)
    if row.kind == FeedbackKind.BOUNCED:
        hard.add(mark)
    else:
        soft[mark] = min(at, soft.get(mark, at))
    if len(hard) >= thresholds.bounced:
        return ""
    number = _soft(connection, about, sorted(soft.values()), thresholds, now) if soft else 0
    if number >= thresholds.deferred:
        return ""
    if row.kind == FeedbackKind.BOUNCED:
        return f"counted {len(hard)} of {thresholds.bounced}"
    return f"counted {number} of {thresholds.deferred}"


def _moments(known: Sequence[AnyRow]) -> dict[_Mark, int]:
    """Tell when each mail that was deferred for good first came back."""
    found: dict[_Mark, int] = {}
    for one in known:
        if one.kind == FeedbackKind.DEFERRED:
            mark = _mark(one.delivery_id, one.id)
            found[mark] = min(one.at, found.get(mark, one.at))
    return found


def _mark(delivery_id: int | None, number: int) -> _Mark:
    return ("event", number) if delivery_id is None else ("mail", delivery_id)


def _soft(
    connection: Connection, about: Trace, moments: list[int], thresholds: Thresholds, now: datetime
) -> int:
    """Count the most of these moments that lie within one period, since a mail last arrived."""
    arrived = _LAST_ARRIVED.rows(
        connection,
        ids=lately(connection, moments[0] - _MADE_BEFORE // _MICROSECOND),
        person=about.subscriber,
        since=moments[0],
        settled=to_micros(now - SETTLED),
        this=about.delivery or 0,
    )[0].at
    within = thresholds.within // _MICROSECOND
    return most_within((each for each in moments if arrived is None or each > arrived), within)


def most_within(moments: Iterable[int], length: int) -> int:
    """Count the most of some moments, in order, that lie within one period of a `length`."""
    ordered = list(moments)
    best = first = 0
    for last, moment in enumerate(ordered):
        while moment - ordered[first] > length:
            first += 1
        best = max(best, last - first + 1)
    return best
