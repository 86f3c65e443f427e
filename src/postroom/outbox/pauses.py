"""Pause a transport and let it go on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Connection,
    and_,
    bindparam,
    delete,
    insert,
    literal_column,
    or_,
    select,
    type_coerce,
    update,
)

from postroom import retry
from postroom.outbox.clock import SKEW
from postroom.outbox.columns import Moment
from postroom.outbox.pace import lock
from postroom.outbox.rows import AnyRow
from postroom.outbox.tables import transport_state

TRIES = 3
"""How many refused log-ins in a row leave a transport to a person."""


UNTRIED = timedelta(days=1)
"""How long after a rest the next fault may come and still belong to it: after a weekend off all begins anew."""


_NOW = bindparam("now", type_=Moment)
_SET_AT = type_coerce(transport_state.c.changed_at, BigInteger)
LASTS = or_(
    transport_state.c.until.is_(None),
    and_(
        transport_state.c.until > _NOW,
        _SET_AT - literal_column(str(SKEW // timedelta(microseconds=1))) <= _NOW,
    ),
)
"""That a pause is in force at the value `now`. One that was set by a clock far ahead of it does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A fault of a transport's own. `asked` is for how long the other side wants to be left alone.

    `is_hopeless`: no repeat will mend it. `is_new`: the transport has just sent something, so no row goes on.
    """

    reason: str
    asked: timedelta | None = None
    is_hopeless: bool = False
    is_new: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A transport that takes nothing: why, and until when (None: until a person says so)."""

    transport: str
    reason: str
    until: datetime | None
    since: datetime


def pause_transport(
    connection: Connection, transport: str, reason: str, *, until: datetime | None, now: datetime
) -> None:
    """Let nothing be claimed for `transport` before `until`; a newer pause takes an older one's place."""
    lock(connection, transport)
    pause = Pause(transport=transport, reason=reason, until=until, since=now)
    _put(connection, pause, faults=0)


def rest(connection: Connection, transport: str, trouble: Trouble, now: datetime) -> Pause:
    """Pause `transport` after a fault of its own; return the pause, which is told from the first fault in a row.

    It lasts as long as the other side asked for, else ever longer (`retry.rest`). A hopeless fault, such as a wrong
    password, is tried again until `TRIES` of them came in a row, and then left to a person: each further try could
    lock the account.
    """
    lock(connection, transport)
    before = connection.execute(
        select(transport_state).where(transport_state.c.name == transport)
    ).one_or_none()
    if before is not None and before.paused and before.until is None:  # a person's word stands
        return Pause(transport=transport, reason=before.reason, until=None, since=before.changed_at)
    goes_on = before is not None and not trouble.is_new and _is_in_row(before, now)
    since = before.changed_at if before is not None and goes_on else now
    faults = (before.faults if before is not None and goes_on else 0) + trouble.is_hopeless
    end = None if faults >= TRIES else now + (trouble.asked or retry.rest(now - since, transport))
    cure = f"; when that is mended: postroom outbox resume {transport}" if end is None else ""
    pause = Pause(transport=transport, reason=trouble.reason + cure, until=end, since=since)
    _put(connection, pause, faults)
    return pause


def _is_in_row(before: AnyRow, now: datetime) -> bool:
    """Whether a fault now is one more after those in `before`, and not after a time in which nobody tried."""
    return bool(before.paused and before.changed_at <= now <= before.until + UNTRIED)


def begin_anew(connection: Connection, transport: str, now: datetime) -> None:
    """Let the faults that a transport has met in a row count from `now`: what is tried again by hand gets its time."""
    connection.execute(
        update(transport_state)
        .where(transport_state.c.name == transport, transport_state.c.until.is_not(None))
        .values(changed_at=now)
    )


def forget_faults(connection: Connection, transport: str, now: datetime) -> None:
    """Forget the faults of a transport that has sent something since: its next rest is a short one."""
    connection.execute(
        delete(transport_state).where(transport_state.c.name == transport, transport_state.c.until <= now)
    )


def resume_transport(connection: Connection, transport: str) -> bool:
    """Let `transport` go on at once, with what it was just trying too; tell whether it was paused.

    What waits for a reason of its own, such as greylisting or a lost answer, goes on waiting.
    """
    return _forget(connection, transport)


def _put(connection: Connection, pause: Pause, faults: int) -> None:
    """Write a pause down in the place of what is there, for who has the lock of its transport."""
    _forget(connection, pause.transport)
    connection.execute(
        insert(transport_state).values(
            name=pause.transport,
            paused=True,
            reason=pause.reason,
            until=pause.until,
            changed_at=pause.since,
            faults=faults,
        )
    )


def _forget(connection: Connection, transport: str) -> bool:
    return connection.execute(delete(transport_state).where(transport_state.c.name == transport)).rowcount > 0


def rested(connection: Connection, now: datetime) -> dict[str, datetime]:
    """Tell until when each transport rested after its last fault, where that is over."""
    rows = connection.execute(
        select(transport_state).where(transport_state.c.paused, transport_state.c.until <= now)
    )
    return {row.name: row.until for row in rows}


def paused_transports(connection: Connection, now: datetime) -> tuple[Pause, ...]:
    """Name the transports that are paused at `now`."""
    query = select(transport_state).where(transport_state.c.paused, LASTS)
    return tuple(
        Pause(transport=row.name, reason=row.reason, until=row.until, since=row.changed_at)
        for row in connection.execute(query.order_by(transport_state.c.name), {"now": now})
    )
