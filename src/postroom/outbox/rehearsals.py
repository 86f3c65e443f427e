"""Settle what went to a rehearsal transport once the channel has a real one."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from sqlalchemy import Connection, select, true, update

from postroom.errors import LedgerError
from postroom.model import EditionState
from postroom.outbox.names import find
from postroom.outbox.rows import AnyRow
from postroom.outbox.tables import edition


def rehearsed(connection: Connection) -> list[str]:
    """Name the editions that were only rehearsed and about which nobody has decided, the eldest first."""
    return [row.key for row in _undecided(connection)]


def settle_rehearsed(
    connection: Connection, keys: Collection[str] | None, how: Literal["counted", "resend"]
) -> list[str]:
    """Decide about rehearsals (None: all): `counted` as sent, or `resend` through the real transport.

    One to be sent again gives its key free for the real edition. Returns the keys that were settled.
    """
    rows = _undecided(connection) if keys is None else [_rehearsal(connection, key) for key in keys]
    for row in rows:
        key = f"{row.key}~rehearsal-{row.id}" if how == "resend" else row.key
        connection.execute(update(edition).where(edition.c.id == row.id).values(settled=how, key=key))
    return [row.key for row in rows]


def _undecided(connection: Connection) -> list[AnyRow]:
    return list(
        connection.execute(
            select(edition)
            .where(
                edition.c.rehearsal == true(),
                edition.c.settled == "",
                edition.c.state != EditionState.FILLING.value,
            )
            .order_by(edition.c.id)
        )
    )


def _rehearsal(connection: Connection, key: str) -> AnyRow:
    row = find(connection, key)
    if not row.rehearsal:
        raise LedgerError(f"{row.key} was no rehearsal: it went through {row.transport_kind}")
    if row.settled:
        raise LedgerError(f"{row.key} was decided already: {row.settled}")
    return row
