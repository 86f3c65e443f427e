"""Read what in the ledger may need a person: the editions that wait or ended, and transports that stand still."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, or_, select

from postroom.model import Accounts, EditionState
from postroom.outbox import attempts
from postroom.outbox.columns import is_state
from postroom.outbox.figures import limited, oldest_begun, oldest_due
from postroom.outbox.pauses import Pause, paused_transports, rested
from postroom.outbox.rows import accounts_of
from postroom.outbox.tables import IS_FOR_ALL, edition

RECENTLY = timedelta(days=1)
"""For how long an edition counts as just finished: a weekend's outage of whoever is told may be longer than this,
but then `outbox status` tells.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An edition that waits for a person, is in doubt, or is done and no greeting. `holds` are the codes of what may be
    approved.
    """

    key: str
    state: EditionState
    reason: str
    holds: tuple[str, ...]
    rehearsal: bool
    finished_at: datetime | None
    accounts: Accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What waits on a transport: due since `due_at`, its last answer, or rest, at `worked_at` (None: long ago).

    `limited`: a rate limit lets nothing go at the moment.
    """

    transport: str
    due_at: datetime
    worked_at: datetime | None
    limited: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """All of it, at one moment. `begun` is, by transport, since when its eldest delivery waits for an answer."""

    found: tuple[Found, ...] = ()
    pauses: tuple[Pause, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    begun: Mapping[str, datetime] = field(default_factory=dict)


def standing(connection: Connection, now: datetime) -> Standing:
    """Look at the ledger: milliseconds at any size."""
    return Standing(
        found=_found(connection, now),
        pauses=paused_transports(connection, now),
        waiting=_waiting(connection, now),
        begun=oldest_begun(connection),
    )


def _found(connection: Connection, now: datetime) -> tuple[Found, ...]:
    rows = connection.execute(
        select(edition)
        .where(
            or_(
                is_state(edition.c.state, EditionState.HELD),
                edition.c.uncertain > 0,
                and_(edition.c.finished_at > now - RECENTLY, IS_FOR_ALL),
            )
        )
        .order_by(edition.c.due_at, edition.c.id)
    )
    return tuple(
        Found(
            key=row.key,
            state=EditionState(row.state),
            reason=row.reason,
            holds=tuple(json.loads(row.holds)),
            rehearsal=row.rehearsal,
            finished_at=row.finished_at,
            accounts=accounts_of(row),
        )
        for row in rows
    )


def _waiting(connection: Connection, now: datetime) -> tuple[Waiting, ...]:
    due = {name: moment for name, moment in oldest_due(connection).items() if moment <= now}
    if not due:
        return ()
    worked, slow = attempts.worked(connection), limited(connection, now)
    for name, until in rested(connection, now).items():  # whoever rested could give no answer
        worked[name] = max(until, worked.get(name, until))
    return tuple(
        Waiting(transport=name, due_at=moment, worked_at=worked.get(name), limited=name in slow)
        for name, moment in sorted(due.items())
    )
