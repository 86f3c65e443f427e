"""After a crash: give back what dead processes had in hand, and judge what they had in flight."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from postroom.model import DeliveryState, Unknown
from postroom.outbox.accounts import post, settle
from postroom.outbox.columns import is_state
from postroom.outbox.hands import Hand, free, unbegin
from postroom.outbox.moves import cancel_withdrawn
from postroom.outbox.presence import STALLED, Watch, dead_owners, forget_dead
from postroom.outbox.record import Change, Result, close, decide, in_hand
from postroom.outbox.rows import ADDRESS, DELIVERED_OF_EDITION, STAMP, AnyRow, stamp_of
from postroom.outbox.tables import delivery

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
    """What a recovery did: deliveries `freed`, and every delivery that was in flight.

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

    Those that had not begun are queued again. Of those in flight, a transport kind that is `idempotent` simply tries
    again; else mail is tried once more after `pause` and posts wait for a person, as the edition says.
    """
    owners = connection.execute(
        select(delivery.c.owner).where(delivery.c.owner.is_not(None)).distinct()
    ).scalars()
    dead = [owner for owner in owners.all() if owner is not None and not owner_alive(owner)]
    freed, judged = 0, list[tuple[AnyRow, Change]]()
    for owner in dead:
        freed += _free(connection, owner)
        rows = sorted(in_hand(connection, owner), key=lambda row: row.id)
        judged += _judge(connection, owner, rows, now, (idempotent, pause))
    settle(connection, {row.edition_id for row, _ in judged}, now)
    return _summary(connection, freed, judged)


def recover_silent(
    connection: Connection,
    now: datetime,
    watch: Watch,
    *,
    idempotent: Callable[[str], bool],
    stalled: timedelta = STALLED,
) -> Recovered:
    """Judge what those have in hand who fell silent for so long on the roll of a shared ledger (`presence`)."""
    dead = dead_owners(connection, now, watch, stalled)
    done = recover(connection, now, owner_alive=lambda owner: owner not in dead, idempotent=idempotent)
    forget_dead(connection, dead, now)
    return done


def recover_own(connection: Connection, hand: Hand, now: datetime, *, idempotent: bool) -> Recovered:
    """Judge what is in `hand` from before, although its owner is alive: nobody is working on it any more.

    Such are answers that the ledger would not take, and what a claim took whose commit was not heard of.
    """
    carrier = hand.carrier
    mine = [
        row
        for row in sorted(in_hand(connection, hand.owner), key=lambda row: row.id)
        if (row.transport, row.transport_kind) == (carrier.name, carrier.kind)
    ]
    freed = free(connection, hand)
    judged = _judge(connection, hand.owner, mine, now, (lambda kind: idempotent, PAUSE)) if mine else []
    settle(connection, {row.edition_id for row, _ in judged}, now)
    return _summary(connection, freed, judged)


def take_back(connection: Connection, hand: Hand, known: Collection[int]) -> int:
    """Queue again what is in `hand` by the ledger and not `known` to whoever claims for it; return how many those were.

    No byte of it went out: it was claimed by a transaction whose commit was not heard of.
    """
    carrier = hand.carrier
    lost = [
        row.id
        for row in in_hand(connection, hand.owner)
        if (row.transport, row.transport_kind) == (carrier.name, carrier.kind) and row.id not in known
    ]
    unbegin(connection, lost, hand.owner)
    return len(lost) + free(connection, hand, known)


def _free(connection: Connection, owner: str) -> int:
    return connection.execute(
        update(delivery)
        .where(delivery.c.owner == owner, is_state(delivery.c.state, DeliveryState.QUEUED))
        .values(owner=None)
    ).rowcount


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
    post(connection, close(connection, [(row, change, lost, "") for row, change in judged], now))
    cancel_withdrawn(connection, {row.edition_id for row, _ in judged})
    return judged


def _again(row: AnyRow, now: datetime) -> Change:
    if row.edition_state == "cancelled":
        return Change(state=DeliveryState.UNCERTAIN, reason=DIED, doubt=True)
    return Change(state=DeliveryState.QUEUED, reason=DIED, due_at=now)


def _summary(connection: Connection, freed: int, judged: Sequence[tuple[AnyRow, Change]]) -> Recovered:
    named = _named(connection, [row.id for row, _ in judged])

    def those(state: DeliveryState, doubt: bool) -> tuple[Doubt, ...]:
        return tuple(
            _doubt(row, change, named[row.id])
            for row, change in judged
            if (change.state, change.doubt) == (state, doubt)
        )

    return Recovered(
        freed=freed,
        repeats=those(DeliveryState.QUEUED, True),
        uncertain=those(DeliveryState.UNCERTAIN, True),
        resumed=those(DeliveryState.QUEUED, False),
    )


def _named(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Return the address and the Message-ID of each delivery; nothing else of it, for it may be unreadable."""
    query = select(delivery.c.id, delivery.c.message_id, ADDRESS, *STAMP)
    rows = connection.execute(query.select_from(DELIVERED_OF_EDITION).where(delivery.c.id.in_(ids)))
    return {row.id: (row.address, row.message_id or stamp_of(row).message_id(row.id)) for row in rows}


def _doubt(row: AnyRow, change: Change, named: tuple[str, str]) -> Doubt:
    address, message_id = named
    return Doubt(
        delivery_id=row.id,
        edition=row.key,
        recipient=address,
        part=row.part,
        message_id=message_id,
        state=change.state,
    )
