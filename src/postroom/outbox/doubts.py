"""Count what may have gone out without our knowing: what a crash or a lost answer leaves to be asked about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, or_, select

from postroom.model import DeliveryState, EditionState
from postroom.outbox import presence
from postroom.outbox.columns import is_state
from postroom.outbox.ledger import Ledger
from postroom.outbox.lock import is_held
from postroom.outbox.standing import RECENTLY
from postroom.outbox.tables import IS_DOUBTED, delivery, edition

_SENDING = select(delivery.c.id).where(
    delivery.c.owner.is_not(None), is_state(delivery.c.state, DeliveryState.SENDING)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubts:
    """How many deliveries may have gone out and are no person's to decide yet.

    `again` go out once more, `twice` have gone out once more (or are about to), `lost` were in the hands of a process
    that has ended, and are judged at the next start.
    """

    again: int = 0
    twice: int = 0
    lost: int = 0


def doubts(ledger: Ledger, now: datetime) -> Doubts:
    """Count them in the editions that are not finished, or were within a day."""
    found = ledger.read(_doubted, now)
    return Doubts(
        again=found[DeliveryState.QUEUED],
        twice=found[DeliveryState.SENT] + found[DeliveryState.SENDING],
        lost=len(lost(ledger, now)),
    )


def _doubted(connection: Connection, now: datetime) -> Counter[str]:
    live = is_state(edition.c.state, EditionState.OPEN, EditionState.HELD)
    rows = connection.execute(
        select(delivery.c.state, func.count())
        .join(edition, edition.c.id == delivery.c.edition_id)
        .where(or_(live, edition.c.finished_at > now - RECENTLY), IS_DOUBTED)
        .group_by(delivery.c.state)
    )
    return Counter({row[0]: row[1] for row in rows})


def lost(ledger: Ledger, now: datetime) -> Sequence[int]:
    """Find what is on its way and in nobody's hands, by its numbers: no more than a window for each transport.

    On PostgreSQL the roll tells whose hands there are, else the daemon's lock.
    """
    if ledger.is_shared:
        return ledger.read(_of_the_silent, now)
    found = ledger.read(_on_its_way)
    return found if found and not is_held(ledger.url) else ()


def _on_its_way(connection: Connection) -> Sequence[int]:
    return connection.execute(_SENDING).scalars().all()


def _of_the_silent(connection: Connection, now: datetime) -> Sequence[int]:
    alive = presence.present(connection, now)
    return connection.execute(_SENDING.where(delivery.c.owner.not_in(alive))).scalars().all()
