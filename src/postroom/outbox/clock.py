"""Undo what a clock that was wrong has put off: a machine may think for an hour that it is next year."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, case, delete, literal, null, or_, select, update

from postroom.model import EditionState
from postroom.outbox.columns import Moment, is_state
from postroom.outbox.pace import PUT_OFF_AT_MOST
from postroom.outbox.tables import IS_CLAIMABLE, IS_DOUBTED, delivery, edition, transport_state
from postroom.retry import LOST_ANSWER

SKEW = timedelta(minutes=1)
"""How far apart the clocks of processes on one ledger may be: what is less ahead was not written by a wrong one."""

LONGEST_WAIT = timedelta(days=1, hours=1)
"""Longer than a delivery waits by a clock that is right: a server may ask for a day, and the back-off, with what a lost
answer adds, takes a few hours.
"""


def went_back(last: datetime | None, now: datetime) -> bool:
    """Whether the clock stands before the `last` moment that anybody worked at."""
    return last is not None and last > now + SKEW


def set_right(connection: Connection, now: datetime) -> None:
    """Forget what was put off by a clock that was ahead of `now`: rests, and what deliveries wait for.

    Those are due at once, but for one that may have gone out: the other side is given its time to know it.
    It costs a look at all that waits, so it is done when the clock went back, not at every claim.
    """
    connection.execute(delete(transport_state).where(transport_state.c.until > now))
    live = select(edition.c.id).where(
        is_state(edition.c.state, EditionState.OPEN, EditionState.HELD),
        edition.c.queued > 0,
        edition.c.due_at <= now,
    )
    is_of_later = or_(
        delivery.c.begun_at > now,
        and_(delivery.c.begun_at.is_(None), delivery.c.due_at > now + PUT_OFF_AT_MOST),
        delivery.c.due_at > now + LONGEST_WAIT,
    )
    is_first_later = delivery.c.first_begun_at > now
    connection.execute(
        update(delivery)
        .where(
            delivery.c.edition_id.in_(live),
            IS_CLAIMABLE,
            delivery.c.owner.is_(None),
            delivery.c.due_at > now,
            is_of_later,
        )
        .values(
            due_at=case((IS_DOUBTED, literal(now + LOST_ANSWER, Moment)), else_=literal(now, Moment)),
            first_begun_at=case((is_first_later, null()), else_=delivery.c.first_begun_at),
        )
    )
