"""Move an edition from one state to another, once, and say what state it is in when that comes too early or late."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from postroom.errors import LedgerError
from postroom.model import EditionState
from postroom.outbox.columns import is_state
from postroom.outbox.rows import AnyRow
from postroom.outbox.tables import edition

BEYOND_RECALL = ("sending", "sent", "uncertain")
"""The states of deliveries that have gone out, or may have."""


def set_state(connection: Connection, row: AnyRow, state: EditionState, **changes: object) -> None:
    """Give the edition in `row` a state, and other columns `changes`; LedgerError where it has another by now."""
    changed = connection.execute(
        update(edition)
        .where(edition.c.id == row.id, is_state(edition.c.state, EditionState(row.state)))
        .values(state=state.value, **changes)
    ).rowcount
    if not changed:
        raise LedgerError(f"{row.key} has just changed its state; look at it again")


def reopen(connection: Connection, edition_id: int) -> None:
    """Open a finished edition again when something of it is queued."""
    row = connection.execute(select(edition).where(edition.c.id == edition_id)).one()
    if row.state == EditionState.FINISHED and row.queued:
        set_state(connection, row, EditionState.OPEN, finished_at=None)


def told(row: AnyRow) -> str:
    """Say an edition's state so that it explains why a decision came too early or too late."""
    counts = ", ".join(f"{getattr(row, name)} {name}" for name in BEYOND_RECALL if getattr(row, name))
    match EditionState(row.state):
        case EditionState.FILLING:
            return "still being filled; wait until that is done"
        case EditionState.FINISHED:
            return f"finished ({counts or 'nothing was sent'})"
        case EditionState.CANCELLED:
            return f"cancelled already ({row.reason})"
        case EditionState.HELD:
            return f"held already ({row.reason})"
        case EditionState.OPEN:
            return "not held; it is being sent"
