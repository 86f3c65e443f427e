"""Take due deliveries for one sender, so that no other takes them too.

What is taken has an owner. Where nothing has to be prepared it is `sending` at once, before a byte goes out; else
it stays `queued` in its owner's hands until `begin` commits the same. Only what is `sending` can a crash leave
in doubt. Suppression is looked up in the very transaction that sets `sending`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, bindparam, select, update

from postroom.model import Delivery, DeliveryState, Edition, EditionState
from postroom.outbox.bulk import Bulk
from postroom.outbox.columns import is_state, to_micros, to_moment
from postroom.outbox.hands import (
    SENDING,
    SUPPRESSED,
    Carrier,
    Hand,
    begin,
    give_back,
    keep_progress,
    note_suppressed,
    post_begun,
    release,
    unbegin,
)
from postroom.outbox.hot import Hot
from postroom.outbox.pace import PUT_OFF_AT_MOST, Meter, is_any_domain_slow, meter_of, opens_at
from postroom.outbox.rows import DELIVERED, DELIVERY, IDENTITY, AnyRow, delivery_of, kept_edition
from postroom.outbox.tables import IS_CLAIMABLE, delivery, edition, suppression, transport_state

__all__ = [
    "SUPPRESSED",
    "Carrier",
    "Claimed",
    "Hand",
    "begin",
    "claim",
    "give_back",
    "keep_progress",
    "next_claim",
    "next_due",
    "release",
    "unbegin",
]

_ROUNDS = 8
"""How often a claim looks further where all that it found has to wait for its domain."""

_LOOK_AT = 200
"""How many deliveries it then looks at, at least."""

_OPEN_EDITIONS = Hot(
    select(edition.c.id)
    .where(
        edition.c.transport == bindparam("transport"),
        edition.c.transport_kind == bindparam("kind"),
        is_state(edition.c.state, EditionState.OPEN),
        edition.c.queued > 0,
    )
    .order_by(edition.c.due_at, edition.c.id)
)
_PAUSE = Hot(
    select(transport_state.c.until).where(
        transport_state.c.name == bindparam("transport"), transport_state.c.paused
    )
)
_DUE = Hot(
    select(*DELIVERY, suppression.c.identity.is_not(None).label("is_suppressed"))
    .select_from(DELIVERED.outerjoin(suppression, suppression.c.identity == IDENTITY))
    .where(
        delivery.c.edition_id == bindparam("edition"),
        IS_CLAIMABLE,
        delivery.c.due_at <= bindparam("now"),
        delivery.c.owner.is_(None),
    )
    .order_by(delivery.c.due_at, delivery.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, of=delivery)
)
_SOONEST = Hot(
    select(delivery.c.due_at)
    .where(delivery.c.edition_id == bindparam("edition"), IS_CLAIMABLE, delivery.c.owner.is_(None))
    .order_by(delivery.c.due_at)
    .limit(1)
)

_SEND = Bulk(
    update(delivery).where(delivery.c.id == bindparam("delivery")).values(SENDING), ("me", "now", "delivery")
)
_RESERVE = Bulk(
    update(delivery).where(delivery.c.id == bindparam("delivery")).values(owner=bindparam("me")),
    ("me", "delivery"),
)
_CANCEL = Bulk(
    update(delivery)
    .where(delivery.c.id == bindparam("delivery"))
    .values(state=DeliveryState.CANCELLED.value, reason=SUPPRESSED, owner=None),
    ("delivery",),
)
_PUT_OFF = Bulk(
    update(delivery).where(delivery.c.id == bindparam("delivery")).values(due_at=bindparam("due")),
    ("due", "delivery"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A delivery that is its claimer's to send, and the edition it belongs to."""

    edition: Edition
    delivery: Delivery


_Due: TypeAlias = list[tuple[int, AnyRow]]


def claim(connection: Connection, hand: Hand, room: int, now: datetime) -> list[Claimed]:
    """Take up to `room` due deliveries of open editions, the eldest edition first.

    Fewer are taken where a rate says so; what its domain cannot take now is put off. Deliveries whose address was
    suppressed meanwhile are cancelled instead. A paused transport gives nothing.
    """
    if room < 1 or _is_paused(connection, hand.carrier.name, now):
        return []
    whole = _whole(connection, hand, now)
    taken: list[Claimed] = []
    for edition_id in _open_editions(connection, hand.carrier):
        taken += _take(connection, hand, edition_id, _Room(room - len(taken), whole, now))
        if len(taken) >= room or (whole is not None and not whole.may):
            break
    if whole is not None:
        whole.save(connection)
    return taken


def next_due(connection: Connection, carrier: Carrier) -> datetime | None:
    """Return when the next delivery on `carrier` is due; None when nothing waits or it is paused for good.

    What someone has in hand is not considered.
    """
    return next_claim(connection, Hand(carrier=carrier, owner=""), None)


def next_claim(connection: Connection, hand: Hand, now: datetime | None) -> datetime | None:
    """Return when `claim` may find something: as `next_due`, and not before the transport's rate allows it."""
    pauses = _PAUSE.rows(connection, transport=hand.carrier.name)
    if pauses and pauses[0].until is None:
        return None
    dues = [_soonest(connection, edition_id) for edition_id in _open_editions(connection, hand.carrier)]
    soonest = min((due for due in dues if due is not None), default=None)
    if soonest is None:
        return None
    waits = [to_moment(pauses[0].until)] if pauses else []
    if now is not None and hand.limits.gap is not None:
        waits.append(opens_at(connection, hand.carrier.name, hand.limits.gap, now))
    return max([to_moment(soonest), *waits])


@dataclass(slots=True)
class _Room:
    """What one edition may give now: so many messages, as far as the transport's limit goes."""

    left: int
    whole: Meter | None
    now: datetime
    meters: dict[str, Meter] | None = None


def _whole(connection: Connection, hand: Hand, now: datetime) -> Meter | None:
    """Read the limit of the whole transport, where it has one."""
    gap = hand.limits.gap
    return None if gap is None else meter_of(connection, hand.carrier.name, "", gap, now)


def _take(connection: Connection, hand: Hand, edition_id: int, room: _Room) -> list[Claimed]:
    """Take due deliveries of one edition, further and further down its list while domains have to wait."""
    limits = hand.limits
    if limits.domain_gap or limits.domains or is_any_domain_slow(connection, hand.carrier.name):
        room.meters = {}
    taken: list[Claimed] = []
    most = room.left
    for _ in range(_ROUNDS):
        rows = _DUE.rows(connection, edition=edition_id, now=to_micros(room.now), most=most)
        mine = _sorted_out(connection, hand, edition_id, rows, room)
        taken += mine
        room.left -= len(mine)
        if len(rows) < most or room.left < 1 or len(mine) == len(rows):
            break
        most = max(_LOOK_AT, room.left)
    for meter in (room.meters or {}).values():
        meter.save(connection)
    return taken


def _sorted_out(
    connection: Connection, hand: Hand, edition_id: int, rows: Sequence[AnyRow], room: _Room
) -> list[Claimed]:
    """Cancel, put off or take each of the due `rows`."""
    suppressed = [row for row in rows if row.is_suppressed]
    if suppressed:
        _CANCEL.run(connection, [{"delivery": row.id} for row in suppressed])
        note_suppressed(connection, [edition_id] * len(suppressed), room.now)
    mine, put_off = _metered(connection, hand, [row for row in rows if not row.is_suppressed], room)
    if put_off:
        _PUT_OFF.run(connection, [{"delivery": row.id, "due": due} for due, row in put_off])
    if not mine:
        return []
    _mark(connection, hand, edition_id, mine, room.now)
    parent, stamp = kept_edition(connection, edition_id)
    return [Claimed(edition=parent, delivery=delivery_of(row, stamp)) for row in mine]


def _mark(connection: Connection, hand: Hand, edition_id: int, rows: Sequence[AnyRow], now: datetime) -> None:
    """Put the owner's name on `rows`."""
    if not hand.begins:
        _RESERVE.run(connection, [{"me": hand.owner, "delivery": row.id} for row in rows])
        return
    begun = to_micros(now)
    _SEND.run(connection, [{"me": hand.owner, "now": begun, "delivery": row.id} for row in rows])
    post_begun(connection, Counter({edition_id: len(rows)}))


def _metered(
    connection: Connection, hand: Hand, rows: Sequence[AnyRow], room: _Room
) -> tuple[Sequence[AnyRow], _Due]:
    """Sort out which of `rows` may go now, and which have to wait for their domain, until when."""
    if room.meters is None and room.whole is None:
        return rows[: room.left], []
    mine: list[AnyRow] = []
    waiting: Counter[str] = Counter()
    put_off: _Due = []
    for row in rows:
        if len(mine) >= room.left or (room.whole is not None and not room.whole.may):
            room.left = len(mine)
            break
        meter = _meter(connection, hand, row.domain, room)
        if meter is not None and (waiting[row.domain] or not meter.take()):
            waiting[row.domain] += 1
            due = min(meter.opens_at() + waiting[row.domain] * meter.gap, room.now + PUT_OFF_AT_MOST)
            put_off.append((to_micros(due), row))
            continue
        if room.whole is not None:
            room.whole.take()
        mine.append(row)
    return mine, put_off


def _meter(connection: Connection, hand: Hand, domain: str, room: _Room) -> Meter | None:
    """Return the meter of a domain, None where domains are not limited."""
    if room.meters is None:
        return None
    if domain not in room.meters:
        gap = hand.limits.of(domain)
        room.meters[domain] = meter_of(connection, hand.carrier.name, domain, gap, room.now)
    return room.meters[domain]


def _is_paused(connection: Connection, name: str, now: datetime) -> bool:
    pauses: Any = _PAUSE.rows(connection, transport=name)
    return bool(pauses) and (pauses[0].until is None or pauses[0].until > to_micros(now))


def _open_editions(connection: Connection, carrier: Carrier) -> list[int]:
    rows = _OPEN_EDITIONS.rows(connection, transport=carrier.name, kind=carrier.kind)
    return [row.id for row in rows]


def _soonest(connection: Connection, edition_id: int) -> int | None:
    rows = _SOONEST.rows(connection, edition=edition_id)
    return rows[0].due_at if rows else None
