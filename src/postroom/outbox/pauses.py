"""Pause a transport and let it go on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from postroom.outbox.tables import transport_state


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
    resume_transport(connection, transport)
    connection.execute(
        insert(transport_state).values(
            name=transport, paused=True, reason=reason, until=until, changed_at=now
        )
    )


def resume_transport(connection: Connection, transport: str) -> bool:
    """Let `transport` go on; tell whether it was paused."""
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
