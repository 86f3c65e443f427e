"""Take due deliveries for one sender, so that no other takes them too.

What is taken has an owner. Where nothing has to be prepared it is `sending` at once, before a byte goes out; else
it stays `queued` in its owner's hands until `begin` commits the same. Only what is `sending` can a crash leave
in doubt. Suppression is looked up in the very transaction that sets `sending`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection, Integer, and_, bindparam, case, literal_column, select, update

from postroom.errors import DeliveryUnreadable
from postroom.model import Delivery, DeliveryState, Edition
from postroom.model.lean import lean
from postroom.outbox.accounts import Books
from postroom.outbox.bulk import Bulk
from postroom.outbox.columns import to_micros
from postroom.outbox.hands import (
    SENDING,
    SUPPRESSED,
    Carrier,
    Hand,
    begin,
    give_back,
    keep_progress,
    set_aside,
    unbegin,
)
from postroom.outbox.hot import Among, Hot
from postroom.outbox.leaving import LEFT
from postroom.outbox.pace import SLOW_DOMAINS, Meter, meter_of
from postroom.outbox.rows import DELIVERED, DELIVERY, IDENTITY, AnyRow, delivery_of, kept_edition
from postroom.outbox.tables import IS_CLAIMABLE, delivery, departure, edition, suppression
from postroom.outbox.upcoming import OPEN, PAUSED

__all__ = [
    "SUPPRESSED",
    "Carrier",
    "Claimed",
    "Hand",
    "begin",
    "claim",
    "give_back",
    "keep_progress",
    "take",
    "unbegin",
]

_ROUNDS = 8
"""How often a claim looks further where all that it found has to wait for its domain."""

_LOOK_AT = 200
"""How many deliveries it then looks at, at least."""

_GIVING_EDITIONS = Hot(
    OPEN.add_columns(edition.c.list, SLOW_DOMAINS.exists().label("is_any_domain_slow")).where(
        ~PAUSED.exists()
    )
)
_DUE = Hot(
    select(
        *DELIVERY,
        case(
            (suppression.c.identity.is_not(None), SUPPRESSED), (departure.c.list.is_not(None), LEFT), else_=""
        ).label("unwanted"),
    )
    .select_from(
        DELIVERED.outerjoin(suppression, suppression.c.identity == IDENTITY).outerjoin(
            departure,
            and_(departure.c.list == bindparam("list"), departure.c.subscriber_id == delivery.c.recipient),
        )
    )
    .where(
        delivery.c.edition_id == bindparam("edition"),
        IS_CLAIMABLE,
        delivery.c.due_at <= bindparam("now"),
        delivery.c.owner.is_(None),
    )
    .order_by(delivery.c.due_at, delivery.c.id)
    .limit(bindparam("most", type_=Integer) + literal_column("0"))  # SQLite would plan anew for a bare number
    .with_for_update(skip_locked=True, of=delivery)
)
_SEND = Hot(update(delivery).where(Among(delivery.c.id)).values(SENDING))
_RESERVE = Hot(update(delivery).where(Among(delivery.c.id)).values(owner=bindparam("me")))
_CANCEL = Hot(
    update(delivery)
    .where(Among(delivery.c.id))
    .values(state=DeliveryState.CANCELLED.value, reason=bindparam("why"), owner=None)
)
_PUT_OFF = Bulk(
    update(delivery).where(delivery.c.id == bindparam("delivery")).values(due_at=bindparam("due")),
    ("delivery", "due"),
)


@lean
class Claimed:
    """A delivery that is its claimer's to send, and the edition it belongs to."""

    edition: Edition
    delivery: Delivery


_PutOff: TypeAlias = list[tuple[int, int]]  # which, and until when


def claim(connection: Connection, hand: Hand, room: int, now: datetime) -> list[Claimed]:
    """Take up to `room` due deliveries of open editions, the eldest edition first.

    Fewer are taken where a rate says so; what its domain cannot take now is put off. Deliveries whose address was
    suppressed meanwhile are cancelled instead. A paused transport gives nothing.
    """
    books = Books(now)
    taken = take(connection, hand, room, books)
    books.close(connection)
    return taken


def take(connection: Connection, hand: Hand, room: int, books: Books) -> list[Claimed]:
    """Do as `claim`, but leave the counting to `books`."""
    if room < 1:
        return []
    carrier, limits = hand.carrier, hand.limits
    editions = _GIVING_EDITIONS.rows(
        connection, transport=carrier.name, kind=carrier.kind, now=to_micros(books.now)
    )
    whole = _whole(connection, hand, books.now) if editions else None
    taken: list[Claimed] = []
    for row in editions:
        meters: dict[str, Meter] | None = (
            {} if limits.domain_gap or limits.domains or row.is_any_domain_slow else None
        )
        left = room - len(taken)
        taken += _take(connection, hand, _Room(row.id, row.list, left, whole, books, meters))
        if len(taken) >= room or (whole is not None and not whole.may):
            break
    if whole is not None:
        whole.save(connection)
    return taken


@dataclass(slots=True)
class _Room:
    """What one edition, which goes to a list, may give now: so many messages, as far as the transport's limit goes."""

    edition: int
    list: str
    left: int
    whole: Meter | None
    books: Books
    meters: dict[str, Meter] | None

    @property
    def now(self) -> datetime:
        """The moment of the turn."""
        return self.books.now


def _whole(connection: Connection, hand: Hand, now: datetime) -> Meter | None:
    """Read the limit of the whole transport, where it has one."""
    gap = hand.limits.gap
    return None if gap is None else meter_of(connection, hand.carrier.name, "", gap, now)


def _take(connection: Connection, hand: Hand, room: _Room) -> list[Claimed]:
    """Take due deliveries of one edition, further and further down it while domains have to wait."""
    taken: list[Claimed] = []
    most = room.left
    for _ in range(_ROUNDS):
        values = {"edition": room.edition, "list": room.list, "now": to_micros(room.now), "most": most}
        rows = _DUE.rows(connection, **values)
        mine = _sorted_out(connection, hand, rows, room)
        taken += mine
        room.left -= len(mine)
        if len(rows) < most or room.left < 1 or len(mine) == len(rows):
            break
        most = max(_LOOK_AT, room.left)
    for meter in (room.meters or {}).values():
        meter.save(connection)
    return taken


def _sorted_out(connection: Connection, hand: Hand, rows: Sequence[AnyRow], room: _Room) -> list[Claimed]:
    """Cancel, put off or take each of the due `rows`."""
    edition_id = room.edition
    unwanted = [(row.unwanted, row.id) for row in rows if row.unwanted]
    if unwanted:
        for why in {why for why, _ in unwanted}:
            _CANCEL.count(connection, ids=[number for reason, number in unwanted if reason == why], why=why)
        room.books.move(edition_id, "queued", "cancelled", len(unwanted))
        rows = [row for row in rows if not row.unwanted]
    mine, put_off = _metered(connection, hand, rows, room)
    _PUT_OFF.put(connection, put_off)
    if not mine:
        return []
    _mark(connection, hand, [row.id for row in mine], room.now)
    if hand.begins:
        room.books.move(edition_id, "queued", "sending", len(mine))
    kept = kept_edition(connection, edition_id)
    claimed, bad = [], []
    for row in mine:
        try:
            claimed.append(Claimed(edition=kept.edition, delivery=delivery_of(row, kept.stamp)))
        except DeliveryUnreadable as error:
            bad.append((row.id, str(error)))
    if bad:
        set_aside(connection, bad)
        room.books.move(edition_id, "sending" if hand.begins else "queued", "failed", len(bad))
    return claimed


def _mark(connection: Connection, hand: Hand, ids: list[int], now: datetime) -> None:
    """Put the owner's name on these deliveries."""
    if hand.begins:
        _SEND.count(connection, me=hand.owner, now=to_micros(now), ids=ids)
    else:
        _RESERVE.count(connection, me=hand.owner, ids=ids)


def _metered(
    connection: Connection, hand: Hand, rows: Sequence[AnyRow], room: _Room
) -> tuple[Sequence[AnyRow], _PutOff]:
    """Sort out which of `rows` may go now, and which have to wait for their domain, until when."""
    if room.meters is None and room.whole is None:
        return rows[: room.left], []
    if room.meters is not None:
        for domain in sorted({row.domain for row in rows}):
            _meter(connection, hand, domain, room)
    mine: list[AnyRow] = []
    put_off: _PutOff = []
    for row in rows:
        if len(mine) >= room.left or (room.whole is not None and not room.whole.may):
            room.left = len(mine)
            break
        meter = _meter(connection, hand, row.domain, room)
        if meter is not None and (meter.is_waited_for or not meter.take()):
            put_off.append((row.id, to_micros(meter.put_off(connection))))
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
