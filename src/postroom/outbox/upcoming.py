"""What a transport may give next: its open editions in their order, and when the first of them is due."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, literal_column, select

from postroom.model import EditionState
from postroom.outbox.columns import is_state, to_micros, to_moment
from postroom.outbox.hands import Carrier, Hand
from postroom.outbox.hot import Hot
from postroom.outbox.pace import opens_at
from postroom.outbox.pauses import LASTS
from postroom.outbox.tables import IS_CLAIMABLE, delivery, edition, transport_state

OPEN = (
    select(edition.c.id)
    .where(
        edition.c.transport == bindparam("transport"),
        edition.c.transport_kind == bindparam("kind"),
        is_state(edition.c.state, EditionState.OPEN),
        edition.c.queued > 0,
    )
    .order_by(edition.c.greeting == literal_column("''"), edition.c.due_at, edition.c.id)
)
"""The editions a transport has to send, the eldest first; but whoever joins waits for no newsletter to a million."""

PAUSED = select(transport_state.c.until).where(
    transport_state.c.name == bindparam("transport"), transport_state.c.paused, LASTS
)
"""Whether a transport is paused now, and until when."""

_OPEN = Hot(OPEN)
_PAUSED = Hot(PAUSED)
_SOONEST = Hot(
    select(delivery.c.due_at)
    .where(delivery.c.edition_id == bindparam("edition"), IS_CLAIMABLE, delivery.c.owner.is_(None))
    .order_by(delivery.c.due_at)
    .limit(literal_column("1"))
)


def next_claim(connection: Connection, hand: Hand, now: datetime) -> datetime | None:
    """Return when `claim` may find something; None when nothing waits or the transport is paused for good.

    What someone has in hand is not considered.
    """
    pauses = _PAUSED.rows(connection, transport=hand.carrier.name, now=to_micros(now))
    if pauses and pauses[0].until is None:
        return None
    dues = [_soonest(connection, edition_id) for edition_id in _open_editions(connection, hand.carrier)]
    soonest = min((due for due in dues if due is not None), default=None)
    if soonest is None:
        return None
    waits = [to_moment(pauses[0].until)] if pauses else []
    if hand.limits.gap is not None:
        waits.append(opens_at(connection, hand.carrier.name, hand.limits.gap, now))
    return max([to_moment(soonest), *waits])


def _open_editions(connection: Connection, carrier: Carrier) -> list[int]:
    rows = _OPEN.rows(connection, transport=carrier.name, kind=carrier.kind)
    return [row.id for row in rows]


def _soonest(connection: Connection, edition_id: int) -> int | None:
    rows = _SOONEST.rows(connection, edition=edition_id)
    return rows[0].due_at if rows else None
