"""Read the figures that monitoring asks for: kept counts and indexes, so a look costs milliseconds at any size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, case, func, or_, select

from postroom.model import DeliveryState, EditionState
from postroom.outbox import backup, meta
from postroom.outbox.accounts import mismatch, scan
from postroom.outbox.columns import is_state
from postroom.outbox.feedback import waiting
from postroom.outbox.pace import LONGEST_REST
from postroom.outbox.pauses import Pause, paused_transports
from postroom.outbox.rows import EDITION, accounts_of
from postroom.outbox.tables import IS_CLAIMABLE, IS_UNWRITTEN, delivery, edition, greeting, pace, request

MOST_DOMAINS = 50
"""How many slowed domains are told: each is a time series of its own wherever figures are kept."""

SLOWEST_RATE = timedelta(days=1)
"""How far apart a rate sets two messages at most; a time further ahead stems from a clock that was wrong."""

_STATES = tuple(state.value for state in DeliveryState)
_UNWRITTEN = select(func.count()).select_from(greeting).where(IS_UNWRITTEN)
_UNCONFIRMED = select(request.c.list, func.count()).group_by(request.c.list)
_IS_COMPLETE = edition.c.state != EditionState.FILLING.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Slowed:
    """A recipient domain that is given less: it takes the next message at `until`."""

    transport: str
    domain: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How the ledger stood at `at`.

    `deliveries` are counts by (channel, state), `editions` likewise. `unbalanced` is how many editions have counts
    that do not add up: always 0. `oldest_due` is, by transport, since when the eldest delivery is due that was not
    begun, `oldest_begun` since when the eldest waits for its answer. `heartbeat` is when a daemon
    last worked, `backed_up_at` when a backup was last made; None before the first. `feedback_waiting` is how much of
    what came back nobody has acted on (up to `feedback.MAX_BACKLOG`), `greetings_waiting` how many mails to who joins
    are to be written, `unconfirmed` by list how many asked to be on it and have yet to confirm.
    """

    at: datetime
    deliveries: Mapping[tuple[str, str], int]
    editions: Mapping[tuple[str, str], int]
    unbalanced: int
    oldest_due: Mapping[str, datetime]
    oldest_begun: Mapping[str, datetime]
    pauses: tuple[Pause, ...]
    slowed: tuple[Slowed, ...]
    heartbeat: datetime | None
    backed_up_at: datetime | None
    feedback_waiting: int = 0
    greetings_waiting: int = 0
    unconfirmed: Mapping[str, int] = field(default_factory=dict)


def figures(connection: Connection, now: datetime) -> Figures:
    """Take all figures at once, in one reading transaction."""
    return Figures(
        at=now,
        deliveries=_deliveries(connection),
        editions=_editions(connection),
        unbalanced=_unbalanced(connection),
        oldest_due={name: due for name, due in oldest_due(connection).items() if due <= now},
        oldest_begun=oldest_begun(connection),
        pauses=paused_transports(connection, now),
        slowed=_slowed(connection, now),
        heartbeat=meta.heartbeat(connection),
        backed_up_at=backup.made_at(connection),
        feedback_waiting=waiting(connection),
        greetings_waiting=connection.execute(_UNWRITTEN).scalar_one(),
        unconfirmed={row[0]: row[1] for row in connection.execute(_UNCONFIRMED)},
    )


def oldest_due(connection: Connection) -> dict[str, datetime]:
    """Tell by transport when the first of its deliveries that wait in open editions is, or was, due."""
    first = (
        select(func.min(delivery.c.due_at))
        .where(delivery.c.edition_id == edition.c.id, IS_CLAIMABLE)
        .scalar_subquery()
    )
    rows = connection.execute(
        select(edition.c.transport, first.label("due")).where(
            is_state(edition.c.state, EditionState.OPEN), edition.c.queued > 0
        )
    )
    found: dict[str, datetime] = {}
    for name, due in rows:
        if due is not None:
            found[name] = min(due, found.get(name, due))
    return found


def oldest_begun(connection: Connection) -> dict[str, datetime]:
    """Tell by transport since when the eldest delivery is begun that has no answer yet.

    Only what somebody has in hand is looked at: no more than the windows of all transports together.
    """
    rows = connection.execute(
        select(edition.c.transport, func.min(delivery.c.begun_at))
        .join(delivery, delivery.c.edition_id == edition.c.id)
        .where(delivery.c.owner.is_not(None), is_state(delivery.c.state, DeliveryState.SENDING))
        .group_by(edition.c.transport)
    )
    return {name: begun for name, begun in rows if begun is not None}


def to_prove(connection: Connection, since: datetime) -> list[int]:
    """Name the editions whose counts may have changed after `since`: the unfinished ones, and those finished later."""
    return list(
        connection.execute(
            select(edition.c.id)
            .where(
                or_(
                    is_state(edition.c.state, EditionState.OPEN, EditionState.HELD),
                    edition.c.finished_at > since,
                )
            )
            .order_by(edition.c.id)
        ).scalars()
    )


def is_proved(connection: Connection, edition_id: int) -> bool:
    """Count an edition's deliveries row by row and tell whether its kept counts say the same.

    It takes about a second a million deliveries; an edition that is gone meanwhile proves itself.
    """
    row = connection.execute(EDITION, {"edition": edition_id}).one_or_none()
    return row is None or not mismatch(accounts_of(row), scan(connection, edition_id))


def _deliveries(connection: Connection) -> dict[tuple[str, str], int]:
    sums = [func.sum(edition.c[name]).label(name) for name in _STATES]
    rows = connection.execute(
        select(edition.c.channel, *sums).where(_IS_COMPLETE).group_by(edition.c.channel)
    ).mappings()
    return {(row["channel"], name): int(row[name]) for row in rows for name in _STATES}


def _editions(connection: Connection) -> dict[tuple[str, str], int]:
    rows = connection.execute(
        select(edition.c.channel, edition.c.state, func.count()).group_by(edition.c.channel, edition.c.state)
    )
    return {(channel, state): count for channel, state, count in rows}


def _unbalanced(connection: Connection) -> int:
    """Count the editions for which `Accounts.balances` is false."""
    count = edition.c
    read = count.rejected + count.duplicate + count.suppressed + count.recipients
    states = sum((count[name] for name in _STATES[1:]), count[_STATES[0]])
    wrong = or_(count.rows_read != read, count.recipients != states)
    return connection.execute(
        select(func.count()).select_from(edition).where(_IS_COMPLETE, wrong)
    ).scalar_one()


def _slowed(connection: Connection, now: datetime) -> tuple[Slowed, ...]:
    """Name the domains that asked for less, the longest wait first."""
    waits_for = case(
        (and_(pace.c.until.is_not(None), pace.c.until > pace.c.tat), pace.c.until), else_=pace.c.tat
    )
    rows = connection.execute(
        select(pace.c.transport, pace.c.domain, waits_for.label("until"))
        .where(pace.c.domain != "", or_(pace.c.gap > 0, pace.c.until > now), waits_for > now)
        .order_by(waits_for.desc())
        .limit(MOST_DOMAINS)
    )
    return tuple(Slowed(transport=row.transport, domain=row.domain, until=row.until) for row in rows)


def limited(connection: Connection, now: datetime) -> frozenset[str]:
    """Name the transports that may not be given a message right now: their rate, or a domain's, is used up."""
    soon = now - timedelta(seconds=1)  # between two messages of a rate of one a second nothing is late
    query = select(pace.c.transport).where(
        or_(pace.c.tat.between(soon, now + SLOWEST_RATE), pace.c.until.between(soon, now + LONGEST_REST))
    )
    return frozenset(connection.execute(query.distinct()).scalars())
