"""Make a copy of the ledger the ledger, so that nothing another copy may have sent goes out by itself."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, false, select, update

from postroom.model import DeliveryState, EditionState
from postroom.outbox import meta as facts
from postroom.outbox.accounts import settle
from postroom.outbox.columns import is_state
from postroom.outbox.guard import Place, note, rise, settle_database
from postroom.outbox.ledger import Ledger
from postroom.outbox.moves import move
from postroom.outbox.operate import way_on
from postroom.outbox.rows import AnyRow
from postroom.outbox.tables import delivery, edition

IN_DOUBT = "it was on its way when this ledger was copied"
_MAY_HAVE_SENT = "may have sent it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """What adopting did: `held` editions by key, deliveries `in_doubt`.

    `since` is the ledger's last beat before: what was sent after it may be missing here.
    """

    held: tuple[str, ...]
    in_doubt: int
    since: datetime | None


def at_stake(connection: Connection) -> list[str]:
    """Name the editions that `adopt` would hold."""
    return [row.key for row in _unfinished(connection) if row.queued]


def adopt(ledger: Ledger, place: Place | None, now: datetime) -> Adopted:
    """Make this copy the ledger, and hold all that may have gone out from another one.

    Everything real that is open is held, what was on its way is uncertain, and what was due before `now`
    and is not frozen here will be held by readiness (`History.adopted_at`).
    """
    instance = secrets.token_hex(16)
    adopted, epoch = ledger.write(_adopt, instance, now)
    if place is None:
        ledger.write(settle_database, now, afresh=True)
    else:
        note(place, instance, epoch, real=True)
    return adopted


def _unfinished(connection: Connection) -> list[AnyRow]:
    live = is_state(edition.c.state, EditionState.OPEN, EditionState.HELD)
    found = select(edition).where(edition.c.rehearsal == false(), live).order_by(edition.c.id)
    return list(connection.execute(found).all())


def _adopt(connection: Connection, instance: str, now: datetime) -> tuple[Adopted, int]:
    since = facts.heartbeat(connection)
    rows = _unfinished(connection)
    doubts = {"reason": IN_DOUBT, "doubts": delivery.c.doubts + 1}
    flight = (DeliveryState.SENDING, DeliveryState.UNCERTAIN)
    in_doubt = sum(move(connection, row.id, flight, doubts) for row in rows)
    waiting = [row for row in rows if row.queued]
    for row in waiting:
        _hold(connection, row)
    settle(connection, [row.id for row in rows], now)
    facts.adopt(connection, now)
    epoch = rise(connection, instance, now)
    return Adopted(held=tuple(row.key for row in waiting), in_doubt=in_doubt, since=since), epoch


def _hold(connection: Connection, row: AnyRow) -> None:
    """Hold an edition; one that is held already keeps what it needs, and its reason."""
    values = {"state": EditionState.HELD.value, "reason": _reason(row)}
    connection.execute(update(edition).where(edition.c.id == row.id).values(values))


def _reason(row: AnyRow) -> str:
    """Say why an edition is held and how it goes on, after what its reason says already."""
    cure = f"if not: `{way_on(row)}`"
    if not row.reason:
        return f"another copy of this ledger {_MAY_HAVE_SENT}; {cure}"
    if cure in row.reason:
        return str(row.reason)
    if _MAY_HAVE_SENT in row.reason:
        return f"{row.reason}; {cure}"
    return f"{row.reason}; another copy of this ledger {_MAY_HAVE_SENT}; {cure}"
