"""Move deliveries of an edition from one state to another by decision, and count them there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import ColumnElement, Connection, not_, update

from postroom.model import DeliveryState
from postroom.outbox.accounts import post
from postroom.outbox.columns import is_state
from postroom.outbox.tables import delivery


def move(
    connection: Connection,
    edition_id: int,
    states: tuple[DeliveryState, DeliveryState],
    changes: Mapping[str, object],
    *which: ColumnElement[bool],
) -> int:
    """Move deliveries from the first of `states` to the second, with `changes` to other columns.

    `which` narrows them. Parts that wait for an earlier one are left to it (`accounts.settle`).
    Returns how many moved; any lease on them ends.
    """
    before, after = states
    moved = connection.execute(
        update(delivery)
        .where(
            delivery.c.edition_id == edition_id,
            is_state(delivery.c.state, before),
            not_(delivery.c.waits),
            *which,
        )
        .values(state=after.value, owner=None, lease_until=None, **changes)
    ).rowcount
    post(connection, Counter({(edition_id, before.value): -moved, (edition_id, after.value): moved}))
    return moved


def cancel_waiting(connection: Connection, edition_id: int, reason: str) -> None:
    """Cancel the parts that wait for an earlier one; their recipients are counted at that one."""
    connection.execute(
        update(delivery)
        .where(
            delivery.c.edition_id == edition_id,
            delivery.c.waits,
            is_state(delivery.c.state, DeliveryState.QUEUED),
        )
        .values(state=DeliveryState.CANCELLED.value, reason=reason)
    )
