"""Pause a transport and let it go on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from postroom.model import EditionState
from postroom.outbox.columns import is_state
from postroom.outbox.tables import IS_CLAIMABLE, delivery, edition, transport_state

TRIES = 3
"""How many refused log-ins in a row leave a transport to a person."""


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
    _forget(connection, transport)
    connection.execute(
        insert(transport_state).values(
            name=transport, paused=True, reason=reason, until=until, changed_at=now
        )
    )


def rest(
    connection: Connection, transport: str, reason: str, *, until: datetime, now: datetime, is_hopeless: bool
) -> Pause:
    """Pause `transport` after a fault of its own; return the pause.

    A hopeless one, such as a wrong password, is tried again until `TRIES` of them came in a row, and then
    left to a person: each further try could lock the account.
    """
    before = connection.execute(
        select(transport_state).where(transport_state.c.name == transport)
    ).one_or_none()
    if before is not None and before.paused and before.until is None:  # a person's word stands
        return Pause(transport=transport, reason=before.reason, until=None, since=before.changed_at)
    faults = (before.faults if before is not None else 0) + is_hopeless
    end = None if faults >= TRIES else until
    told = f"{reason}; when that is mended: postroom outbox resume {transport}" if end is None else reason
    pause_transport(connection, transport, told, until=end, now=now)
    connection.execute(
        update(transport_state).where(transport_state.c.name == transport).values(faults=faults)
    )
    return Pause(transport=transport, reason=told, until=end, since=now)


def forget_faults(connection: Connection, transport: str) -> None:
    """Forget the faults of a transport that has sent something since."""
    connection.execute(
        update(transport_state)
        .where(transport_state.c.name == transport, transport_state.c.faults > 0)
        .values(faults=0)
    )


def resume_transport(connection: Connection, transport: str, now: datetime) -> bool:
    """Let `transport` go on at once, what it was just trying included; tell whether it was paused."""
    was_paused = _forget(connection, transport)
    if was_paused:
        on_it = select(edition.c.id).where(
            edition.c.transport == transport, is_state(edition.c.state, EditionState.OPEN)
        )
        connection.execute(
            update(delivery)
            .where(delivery.c.edition_id.in_(on_it), IS_CLAIMABLE, delivery.c.due_at > now)
            .values(due_at=now)
        )
    return was_paused


def _forget(connection: Connection, transport: str) -> bool:
    return connection.execute(delete(transport_state).where(transport_state.c.name == transport)).rowcount > 0


def paused_transports(connection: Connection, now: datetime) -> tuple[Pause, ...]:
    """Name the transports that are paused at `now`."""
    rows = connection.execute(
        select(transport_state).where(transport_state.c.paused).order_by(transport_state.c.name)
    )
    return tuple(
        Pause(transport=row.name, reason=row.reason, until=row.until, since=row.changed_at)
        for row in rows
        if row.until is None or row.until > now
    )
