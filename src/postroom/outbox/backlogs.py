"""What each transport has still to send, and why it has not been sent.

A transport counts with its kind: where config.yaml has no such pair any more, nobody will send what waits for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from postroom.model import EditionState
from postroom.outbox.claim import Carrier, Hand
from postroom.outbox.columns import is_state
from postroom.outbox.pauses import paused_transports
from postroom.outbox.tables import IS_CLAIMABLE, delivery, edition
from postroom.outbox.upcoming import next_claim

LOOKED_AT = 100
"""How many deliveries of an edition are asked why they were put off: some wait for their domain without a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """Deliveries that a transport has still to send: how many, when it tries again, and why it did not.

    `kind` is the one they were frozen for; a transport of the same name and another kind leaves them alone.
    `reason` is that of its pause, else of one that was put off; empty where none was tried yet.
    """

    transport: str
    kind: str
    queued: int
    until: datetime | None
    reason: str
    is_paused: bool


def backlogs(connection: Connection, now: datetime) -> tuple[Backlog, ...]:
    """Tell for each transport what waits in its open editions."""
    paused = {pause.transport: pause for pause in paused_transports(connection, now)}
    waiting = connection.execute(
        select(edition.c.transport, edition.c.transport_kind, func.sum(edition.c.queued).label("queued"))
        .where(is_state(edition.c.state, EditionState.OPEN), edition.c.queued > 0)
        .group_by(edition.c.transport, edition.c.transport_kind)
        .order_by(edition.c.transport, edition.c.transport_kind)
    )
    found = []
    for name, kind, queued in waiting.all():
        carrier, pause = Carrier(name, kind), paused.get(name)
        found.append(
            Backlog(
                transport=name,
                kind=kind,
                queued=queued,
                until=pause.until if pause else next_claim(connection, Hand(carrier=carrier, owner=""), now),
                reason=pause.reason if pause else _reason(connection, carrier),
                is_paused=pause is not None,
            )
        )
    return tuple(found)


def _reason(connection: Connection, carrier: Carrier) -> str:
    """Tell why one of a transport's deliveries was put off: such are due last, so that few are looked at."""
    editions = select(edition.c.id).where(
        edition.c.transport == carrier.name,
        edition.c.transport_kind == carrier.kind,
        is_state(edition.c.state, EditionState.OPEN),
        edition.c.queued > 0,
    )
    for number in connection.execute(editions).scalars().all():
        last = (
            select(delivery.c.reason)
            .where(delivery.c.edition_id == number, IS_CLAIMABLE)
            .order_by(delivery.c.due_at.desc())
            .limit(LOOKED_AT)
        )
        if reason := next(filter(None, connection.execute(last).scalars().all()), ""):
            return reason
    return ""
