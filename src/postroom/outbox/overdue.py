"""Give up what a transport could not send for as long as a delivery is tried."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select

from postroom.model import DeliveryState, EditionState
from postroom.outbox.accounts import settle
from postroom.outbox.columns import is_state
from postroom.outbox.hands import Carrier
from postroom.outbox.moves import move
from postroom.outbox.tables import IS_DOUBTED, delivery, edition


def give_up(connection: Connection, carrier: Carrier, reason: str, since: datetime, now: datetime) -> int:
    """Let fail what waits for `carrier` since `since` or longer; return how many deliveries those are.

    For a transport that has sent nothing since then. What may have gone out before is left to a person as uncertain;
    what somebody has in hand is theirs.
    """
    long_open = select(edition.c.id).where(
        edition.c.transport == carrier.name,
        edition.c.transport_kind == carrier.kind,
        is_state(edition.c.state, EditionState.OPEN),
        edition.c.queued > 0,
        edition.c.due_at <= since,
        func.coalesce(edition.c.opened_at, edition.c.created_at) <= since,
    )
    editions = connection.execute(long_open.order_by(edition.c.id)).scalars().all()
    why, free = f"given up: {reason}", delivery.c.owner.is_(None)
    number = 0
    for edition_id in editions:
        doubtful = {"reason": f"{why}; it may have gone out before"}
        to_person = (DeliveryState.QUEUED, DeliveryState.UNCERTAIN)
        number += move(connection, edition_id, to_person, doubtful, free, IS_DOUBTED)
        failed = (DeliveryState.QUEUED, DeliveryState.FAILED)
        number += move(connection, edition_id, failed, {"reason": why}, free)
    settle(connection, editions, now)
    return number
