"""Settle what went to a rehearsal transport once the channel has a real one."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from sqlalchemy import Connection, and_, not_, select, true, update

from postroom.errors import LedgerError
from postroom.model import DeliveryState, EditionState
from postroom.outbox.columns import is_state
from postroom.outbox.moves import cancel_waiting, move
from postroom.outbox.names import take
from postroom.outbox.rows import AnyRow
from postroom.outbox.tables import IS_FOR_ALL, edition

SENT_AGAIN = "sent again for real"

# Nothing of it has begun, and it is made anew for whichever transport its channel has.
_IS_PROPOSAL = and_(
    is_state(edition.c.state, EditionState.HELD),
    edition.c.holds != "[]",
    edition.c.queued + edition.c.cancelled == edition.c.recipients,
)
_UNDECIDED = (
    select(edition)
    .where(
        edition.c.rehearsal == true(),
        IS_FOR_ALL,
        edition.c.settled == "",
        edition.c.state != EditionState.FILLING.value,
        not_(_IS_PROPOSAL),
    )
    .order_by(edition.c.id)
)


def rehearsed(connection: Connection) -> list[str]:
    """Name the editions that were only rehearsed and about which nobody has decided, the eldest first.

    What still waits for leave to be rehearsed is none of them.
    """
    return [row.key for row in connection.execute(_UNDECIDED)]


def settle_rehearsed(
    connection: Connection, keys: Collection[str] | None, how: Literal["counted", "resend"]
) -> list[str]:
    """Decide about rehearsals (None: all): `counted` as sent, or `resend` through the real transport.

    One to be sent again gives its key free for the real edition, and what of it is still queued is cancelled:
    everybody gets the real one. Returns the keys that were settled.
    """
    if keys is None:
        rows = list(connection.execute(_UNDECIDED.with_for_update()))
    else:
        rows = [_rehearsal(connection, key) for key in sorted(keys)]
    for row in rows:
        if how == "resend":
            _end(connection, row)
        connection.execute(update(edition).where(edition.c.id == row.id).values(settled=how))
    return [row.key for row in rows]


def _end(connection: Connection, row: AnyRow) -> None:
    """Let nothing more of a rehearsal be written, and set its key free."""
    is_live = is_state(edition.c.state, EditionState.HELD, EditionState.OPEN)
    which = edition.c.id == row.id
    connection.execute(update(edition).where(which).values(key=f"{row.key}~rehearsal-{row.id}"))
    connection.execute(
        update(edition).where(which, is_live).values(state=EditionState.CANCELLED.value, reason=SENT_AGAIN)
    )
    move(connection, row.id, (DeliveryState.QUEUED, DeliveryState.CANCELLED), {"reason": SENT_AGAIN})
    cancel_waiting(connection, row.id, SENT_AGAIN)


def _rehearsal(connection: Connection, key: str) -> AnyRow:
    row = take(connection, key)
    if not row.rehearsal:
        raise LedgerError(f"{row.key} was no rehearsal: it went through {row.transport_kind}")
    if row.state == EditionState.FILLING:
        raise LedgerError(f"{row.key} is still being filled; wait until that is done")
    if row.settled:
        raise LedgerError(f"{row.key} was decided already: {row.settled}")
    return row
