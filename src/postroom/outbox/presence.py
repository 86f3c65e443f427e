"""Know which processes still work on a ledger, so that what a dead one had in hand is taken up again.

Each process has a row in the table `worker`, and renews it every `EVERY`. Who has not done so for `STALLED` is
dead to the others: they judge what it had in flight (`recover`). It may have been asleep only. Then its next
`beat` waits until that judgement is done, and the owner on every delivery keeps it from writing to what is no
longer its own.

Moments are the server's on PostgreSQL, as hosts' clocks differ; on SQLite they are the `now` handed in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    cast,
    delete,
    exists,
    extract,
    func,
    literal,
    select,
    update,
)

from postroom.outbox.columns import to_micros, to_moment
from postroom.outbox.tables import delivery, worker

EVERY = timedelta(seconds=10)
"""How often a process says that it lives."""

STALLED = timedelta(seconds=60)
"""After how long a silence a process counts as dead: no transaction of it is left by then (`postgresql`)."""

_FORGOTTEN = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A process that works on the ledger. Its `name` owns deliveries; `beat_at` is when it last gave a sign."""

    name: str
    host: str
    pid: int
    started_at: datetime
    beat_at: datetime


def register(connection: Connection, owner: str, host: str, pid: int, now: datetime) -> None:
    """Say that `owner` works on the ledger; must be committed before it claims anything.

    `owner` must be new with every start: a process that takes the name of a dead one keeps the others from
    judging what that had in flight. Rows of processes that fell silent a day ago are cleared away.
    """
    clock = _clock(connection, now)
    connection.execute(
        delete(worker).where((worker.c.beat_at < _before(clock, _FORGOTTEN)) | (worker.c.name == owner))
    )
    connection.execute(
        worker.insert().values(name=owner, host=host, pid=pid, started_at=clock, beat_at=clock)
    )


def beat(connection: Connection, owner: str, now: datetime) -> bool:
    """Say that `owner` still works; return whether it is on the roll.

    False where it fell silent and others have struck it off: then what it had in hand was judged, and it must
    `register` again before it claims. Call it every `EVERY`; within half of that since the last sign it writes
    nothing. On PostgreSQL it waits while somebody judges `owner` for dead (`dead_owners` holds its row), so that who
    slept goes on only after that.
    """
    clock = _clock(connection, now)
    silence = connection.execute(
        select(clock - worker.c.beat_at).where(worker.c.name == owner)
    ).scalar_one_or_none()
    if silence is None or 0 <= silence < EVERY / 2 / _MICROSECOND:
        return silence is not None
    return connection.execute(update(worker).where(worker.c.name == owner).values(beat_at=clock)).rowcount > 0


def moment(connection: Connection, now: datetime) -> datetime:
    """Tell the present moment by the clock that all who share the ledger have: the server's, else `now`."""
    return to_moment(connection.execute(select(_clock(connection, now))).scalar_one())


def leave(connection: Connection, owner: str) -> None:
    """Strike `owner` off the roll at a clean stop; what it still had in hand is judged as a dead one's."""
    connection.execute(delete(worker).where(worker.c.name == owner))


def roll(connection: Connection) -> tuple[Worker, ...]:
    """List the processes, the eldest first; those that fell silent too."""
    rows = connection.execute(select(worker).order_by(worker.c.started_at, worker.c.name))
    return tuple(Worker(**row._mapping) for row in rows)


def present(connection: Connection, now: datetime, stalled: timedelta = STALLED) -> set[str]:
    """Name who gave a sign within `stalled`: to look only, as nobody is kept from waking up."""
    since = _before(_clock(connection, now), stalled)
    return set(connection.execute(select(worker.c.name).where(worker.c.beat_at >= since)).scalars())


def dead_owners(connection: Connection, now: datetime, stalled: timedelta = STALLED) -> set[str]:
    """Name who fell silent for longer than `stalled`, and who owns deliveries without being on the roll.

    Must run in the transaction that judges what they had in hand: on PostgreSQL it locks the rows of the
    silent, so that one who wakes up waits for the judgement.
    """
    since = _before(_clock(connection, now), stalled)
    silent = select(worker.c.name).where(worker.c.beat_at < since).order_by(worker.c.name).with_for_update()
    unknown = (
        select(delivery.c.owner)
        .where(delivery.c.owner.is_not(None), ~exists().where(worker.c.name == delivery.c.owner))
        .distinct()
    )
    return {name for query in (silent, unknown) for name in connection.execute(query).scalars()}


def roll_call(connection: Connection, now: datetime, stalled: timedelta = STALLED) -> Callable[[str], bool]:
    """Return what tells whether an owner is alive, as `recover.recover` asks it in the same transaction."""
    dead = dead_owners(connection, now, stalled)
    return lambda owner: owner not in dead


def _clock(connection: Connection, now: datetime) -> ColumnElement[int]:
    """Tell the present moment in microseconds, by the clock that all who share the ledger have."""
    if connection.dialect.name == "sqlite":
        return literal(to_micros(now), BigInteger)
    return cast(extract("epoch", func.clock_timestamp()) * 1_000_000, BigInteger)


def _before(moment: ColumnElement[int], span: timedelta) -> ColumnElement[int]:
    return moment - span // _MICROSECOND
