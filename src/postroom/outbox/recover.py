"""After a crash: give back what dead processes had leased, and judge what they had in flight."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from postroom.model import DeliveryState, Unknown
from postroom.outbox.accounts import post, settle
from postroom.outbox.columns import is_state
from postroom.outbox.record import Change, Result, close, decide
from postroom.outbox.rows import AnyRow
from postroom.outbox.tables import delivery, edition

DIED = "the process died while it was being sent"

# A receiver that had taken the message needs this long to show it; Postfix and its kin defer no shorter.
PAUSE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A delivery that may have gone out without our knowing; `state` is what was made of it."""

    delivery_id: int
    edition: str
    recipient: str
    part: int
    message_id: str
    state: DeliveryState


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What a recovery did: leases `freed`, and every delivery that was in flight.

    `repeats` go out again and may arrive twice; `uncertain` wait for a person; `resumed` go out again
    through a transport that recognises a repeat.
    """

    freed: int = 0
    repeats: tuple[Doubt, ...] = ()
    uncertain: tuple[Doubt, ...] = ()
    resumed: tuple[Doubt, ...] = ()


def recover(
    connection: Connection,
    now: datetime,
    *,
    owner_alive: Callable[[str], bool],
    idempotent: Callable[[str], bool],
    pause: timedelta = PAUSE,
) -> Recovered:
    """Judge the deliveries of owners that `owner_alive` denies.

    Those only leased are queued again. Of those in flight, a transport kind that is `idempotent` simply tries
    again; else mail is tried once more after `pause` and posts wait for a person, as the edition says.
    """
    owners = connection.execute(
        select(delivery.c.owner).where(delivery.c.owner.is_not(None)).distinct()
    ).scalars()
    dead = [owner for owner in owners.all() if owner is not None and not owner_alive(owner)]
    freed, judged = 0, list[tuple[AnyRow, Change]]()
    for owner in dead:
        freed += _free(connection, owner)
        rows = _in_flight(connection, owner)
        judged += _judge(connection, owner, rows, now, (idempotent, pause))
    settle(connection, {row.edition_id for row, _ in judged}, now)
    return _summary(freed, judged)


def _free(connection: Connection, owner: str) -> int:
    return connection.execute(
        update(delivery)
        .where(delivery.c.owner == owner, is_state(delivery.c.state, DeliveryState.QUEUED))
        .values(owner=None, lease_until=None)
    ).rowcount


def _in_flight(connection: Connection, owner: str) -> Sequence[AnyRow]:
    return connection.execute(
        select(
            delivery,
            edition.c.key,
            edition.c.state.label("edition_state"),
            edition.c.hold_when_uncertain,
            edition.c.parts,
            edition.c.transport_kind,
        )
        .join(edition, edition.c.id == delivery.c.edition_id)
        .where(delivery.c.owner == owner, is_state(delivery.c.state, DeliveryState.SENDING))
        .order_by(delivery.c.id)
    ).all()


def _judge(
    connection: Connection,
    owner: str,
    rows: Sequence[AnyRow],
    now: datetime,
    policy: tuple[Callable[[str], bool], timedelta],
) -> list[tuple[AnyRow, Change]]:
    idempotent, pause = policy
    lost = Unknown(reason=DIED)
    judged = []
    for row in rows:
        change = decide(row, Result(delivery_id=row.id, outcome=lost, retry_at=now + pause))
        if idempotent(row.transport_kind):
            change = _again(row, now)
        judged.append((row, change))
    post(connection, close(connection, owner, [(row, change, lost, "") for row, change in judged], now))
    return judged


def _again(row: AnyRow, now: datetime) -> Change:
    if row.edition_state == "cancelled":
        return Change(state=DeliveryState.UNCERTAIN, reason=DIED, doubt=True)
    return Change(state=DeliveryState.QUEUED, reason=DIED, due_at=now)


def _summary(freed: int, judged: Sequence[tuple[AnyRow, Change]]) -> Recovered:
    def those(state: DeliveryState, doubt: bool) -> tuple[Doubt, ...]:
        return tuple(
            _doubt(row, change) for row, change in judged if (change.state, change.doubt) == (state, doubt)
        )

    return Recovered(
        freed=freed,
        repeats=those(DeliveryState.QUEUED, True),
        uncertain=those(DeliveryState.UNCERTAIN, True),
        resumed=those(DeliveryState.QUEUED, False),
    )


def _doubt(row: AnyRow, change: Change) -> Doubt:
    return Doubt(
        delivery_id=row.id,
        edition=row.key,
        recipient=row.address,
        part=row.part,
        message_id=row.message_id,
        state=change.state,
    )
