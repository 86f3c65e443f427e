"""Know which processes still work on a ledger, so that what a dead one had in hand is taken up again.

Each process has a row in the table `worker`, and renews it every `EVERY`. Who has not done so for `STALLED` is
dead to the others: they judge what it had in flight (`recover`). It may have been asleep only. Then its next
`beat` waits until that judgement is done, and the owner on every delivery keeps it from writing to what is no
longer its own.

Moments are the server's on PostgreSQL, as hosts' clocks differ; on SQLite they are the `now` handed in. That clock
may jump, and everybody seem silent at once: so a judge must also have seen no new sign by a clock of its own
that nobody sets (`Watch`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
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


@dataclass(slots=True)
class Watch:
    """What one process has seen of the others' signs: from when on, by its own `seconds`, each was the last one.

    Nobody may set that clock, and it must count on while the machine sleeps. Who gives no other sign for `span` of
    these seconds is silent.
    """

    seconds: Callable[[], float]
    span: float
    _since: dict[tuple[str, object], float] = field(default_factory=dict)

    def silent(self, signs: Mapping[str, object]) -> set[str]:
        """Look at the last sign of everybody; name those who gave none since one was seen so long ago."""
        now = self.seconds()
        self._since = {each: self._since.get(each, now) for each in signs.items()}
        return {name for (name, _), since in self._since.items() if now - since >= self.span}


def register(connection: Connection, owner: str, host: str, pid: int, now: datetime) -> None:
    """Say that `owner` works on the ledger; must be committed before it claims anything.

    `owner` must be new with every start: a process that takes the name of a dead one keeps the others from
    judging what that had in hand.
    """
    clock = _clock(connection, now)
    leave(connection, owner)
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


def dead_owners(
    connection: Connection, now: datetime, watch: Watch, stalled: timedelta = STALLED
) -> set[str]:
    """Name who fell silent for longer than `stalled`, and who owns deliveries without being on the roll.

    Silent are they by the ledger's clock and by that of `watch`, too. Must run in the transaction that judges
    what they had in hand: on PostgreSQL it locks the rows of the silent, so that one who wakes up waits for
    the judgement.
    """
    signs = {row.name: row.beat_at for row in connection.execute(_SIGNS)}
    seen = worker.c.name.in_(sorted(watch.silent(signs)))
    locked = _silent(connection, now, stalled).where(seen).order_by(worker.c.name).with_for_update()
    silent = {row.name for row in connection.execute(locked) if row.beat_at == signs[row.name]}
    unknown = (
        select(delivery.c.owner)
        .where(delivery.c.owner.is_not(None), ~exists().where(worker.c.name == delivery.c.owner))
        .distinct()
    )
    return silent.union(connection.execute(unknown).scalars())


def suspects(connection: Connection, now: datetime, stalled: timedelta = STALLED) -> set[str]:
    """Name who seems silent by the ledger's clock and has deliveries in hand: to look only."""
    has_some = exists().where(delivery.c.owner == worker.c.name)
    return set(connection.execute(_silent(connection, now, stalled).where(has_some)).scalars())


def forget_dead(connection: Connection, dead: Collection[str], now: datetime) -> None:
    """Clear from the roll whoever is `dead` for a day; where they only slept, they register again.

    Must run in the transaction that judged them.
    """
    since = _before(_clock(connection, now), _FORGOTTEN)
    connection.execute(delete(worker).where(worker.c.name.in_(dead), worker.c.beat_at < since))


_SIGNS = select(worker.c.name, worker.c.beat_at)


def _silent(connection: Connection, now: datetime, stalled: timedelta) -> Select[str, datetime]:
    """Select who gave no sign for longer than `stalled`, by the ledger's clock."""
    return _SIGNS.where(worker.c.beat_at < _before(_clock(connection, now), stalled))


def _clock(connection: Connection, now: datetime) -> ColumnElement[int]:
    """Tell the present moment in microseconds, by the clock that all who share the ledger have."""
    if connection.dialect.name == "sqlite":
        return literal(to_micros(now), BigInteger)
    return cast(extract("epoch", func.clock_timestamp()) * 1_000_000, BigInteger)


def _before(moment: ColumnElement[int], span: timedelta) -> ColumnElement[int]:
    return moment - span // _MICROSECOND
