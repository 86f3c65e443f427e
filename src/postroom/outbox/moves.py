"""Move deliveries of an edition from one state to another by decision, and count them there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from sqlalchemy import ColumnElement, Connection, not_, select, update

from postroom.model import DeliveryState, EditionState
from postroom.outbox.accounts import Tally, post
from postroom.outbox.columns import is_state
from postroom.outbox.tables import delivery, edition

WITHDRAWN = "its edition was cancelled"


def move(
    connection: Connection,
    edition_id: int,
    states: tuple[DeliveryState, DeliveryState],
    changes: Mapping[str, object],
    *which: ColumnElement[bool],
) -> int:
    """Move deliveries from the first of `states` to the second, with `changes` to other columns.

    `which` narrows them. Parts that wait for an earlier one are left to it (`accounts.settle`).
    Returns how many moved; they are in nobody's hands then.
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
        .values(state=after.value, owner=None, **changes)
    ).rowcount
    tally: Tally = Counter()
    tally[edition_id, before.value] -= moved
    tally[edition_id, after.value] += moved  # both may be the same state
    post(connection, tally)
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


def cancel_withdrawn(connection: Connection, editions: Collection[int]) -> None:
    """Cancel what is queued again of editions that were cancelled while it was in hand."""
    if not editions:
        return
    cancelled = select(edition.c.id).where(
        edition.c.id.in_(editions), is_state(edition.c.state, EditionState.CANCELLED)
    )
    for edition_id in connection.execute(cancelled).scalars().all():
        move(connection, edition_id, (DeliveryState.QUEUED, DeliveryState.CANCELLED), {"reason": WITHDRAWN})
