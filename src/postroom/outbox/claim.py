"""Take due deliveries for one sender, so that no other takes them too.

A claimed delivery has an owner and a lease. Leased ones stay `queued` until `begin` commits that a byte may
now go out (`sending`); only from then on can a crash leave a doubt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, bindparam, exists, func, or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from postroom.model import Delivery, DeliveryState, Edition, EditionState
from postroom.outbox.accounts import Tally, post, settle
from postroom.outbox.columns import is_state
from postroom.outbox.content import encode_map
from postroom.outbox.rows import DELIVERY, delivery_of, read_edition
from postroom.outbox.tables import IS_CLAIMABLE, delivery, edition, suppression, transport_state

SUPPRESSED = "the address is suppressed"

_FREE = {"owner": None, "lease_until": None}

# Statements are built once: SQLAlchemy then finds their compiled form without looking through them.
_DUE = (
    select(delivery.c.id)
    .where(
        delivery.c.edition_id == bindparam("edition"),
        IS_CLAIMABLE,
        delivery.c.due_at <= bindparam("now"),
        or_(delivery.c.owner.is_(None), delivery.c.lease_until < bindparam("now")),
    )
    .order_by(delivery.c.due_at, delivery.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
    .cte("due")
)
_LEASE = (
    update(delivery)
    .where(delivery.c.id.in_(select(_DUE.c.id)))
    .values(owner=bindparam("me"), lease_until=bindparam("until"))
)
_BEGINNING = {
    "state": DeliveryState.SENDING.value,
    "attempts": delivery.c.attempts + 1,
    "begun_at": bindparam("now"),
    "first_begun_at": func.coalesce(delivery.c.first_begun_at, bindparam("now")),
}
_TAKE = _LEASE.returning(*DELIVERY)
_IS_LEASED_TO_ME = and_(
    delivery.c.id.in_(bindparam("ids", expanding=True)), delivery.c.owner == bindparam("me"), IS_CLAIMABLE
)
_BEGIN = (
    update(delivery)
    .where(
        _IS_LEASED_TO_ME,
        delivery.c.edition_id.in_(select(edition.c.id).where(is_state(edition.c.state, EditionState.OPEN))),
    )
    .values(_BEGINNING)
    .returning(delivery.c.id, delivery.c.edition_id)
)
_CANCEL_SUPPRESSED = (
    update(delivery)
    .where(exists().where(suppression.c.identity == delivery.c.identity))
    .values(state=DeliveryState.CANCELLED.value, reason=SUPPRESSED, **_FREE)
    .returning(delivery.c.edition_id)
)
_CANCEL_DUE = _CANCEL_SUPPRESSED.where(delivery.c.id.in_(select(_DUE.c.id)))
_CANCEL_LEASED = _CANCEL_SUPPRESSED.where(_IS_LEASED_TO_ME)
_OPEN_EDITIONS = (
    select(edition.c.id)
    .where(
        edition.c.transport == bindparam("name"),
        edition.c.transport_kind == bindparam("kind"),
        is_state(edition.c.state, EditionState.OPEN),
        edition.c.queued > 0,
    )
    .order_by(edition.c.due_at, edition.c.id)
)
_PAUSE = select(transport_state.c.until).where(
    transport_state.c.name == bindparam("name"), transport_state.c.paused
)


@dataclass(frozen=True, slots=True)
class Carrier:
    """A transport as config.yaml names it, and its kind.

    Both count: what was frozen for a folder must not go out through the SMTP server that has its name now.
    """

    name: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A delivery that is its claimer's to send, and the edition it belongs to."""

    edition: Edition
    delivery: Delivery


def claim(
    connection: Connection,
    carrier: Carrier,
    owner: str,
    now: datetime,
    limit: int,
    lease: timedelta,
) -> list[Claimed]:
    """Lease up to `limit` due deliveries of open editions on `carrier` to `owner`, the eldest first.

    They are theirs until `now + lease`; `begin()` must follow before a byte goes out. Deliveries whose
    address was suppressed meanwhile are cancelled instead. A paused transport gives nothing.
    """
    if _is_paused(connection, carrier.name, now):
        return []
    taken: list[Claimed] = []
    for edition_id in _open_editions(connection, carrier):
        values = {
            "edition": edition_id,
            "me": owner,
            "now": now,
            "until": now + lease,
            "most": limit - len(taken),
        }
        taken += _take(connection, values, now)
        if len(taken) >= limit:
            break
    return taken


def begin(connection: Connection, ids: Sequence[int], owner: str, now: datetime) -> list[int]:
    """Commit that bytes of these leased deliveries may go out; return the ids that may.

    Left out are those that are no longer this owner's, whose edition is not open any more (their lease is
    given back), and those whose address was suppressed meanwhile (cancelled).
    """
    values = {"ids": list(ids), "me": owner, "now": now}
    _cancel_suppressed(connection, _CANCEL_LEASED, values, now)
    rows = connection.execute(_BEGIN, values).all()
    if len(rows) < len(ids):
        put_back(connection, ids, owner)
    _post_begun(connection, Counter(row.edition_id for row in rows))
    return sorted(row.id for row in rows)


def put_back(
    connection: Connection,
    ids: Iterable[int],
    owner: str,
    *,
    due_at: datetime | None = None,
    reason: str | None = None,
    progress: Mapping[str, str] | None = None,
) -> None:
    """Give back leases on deliveries that have not begun; no attempt is spent.

    `due_at` and `reason` say when to try again and why; `progress` is what preparing them has reached. What
    is None stays as it is.
    """
    news = {
        "due_at": due_at,
        "reason": reason,
        "progress": None if progress is None else encode_map(progress),
    }
    changes = {name: value for name, value in news.items() if value is not None}
    connection.execute(
        update(delivery)
        .where(delivery.c.id.in_(list(ids)), delivery.c.owner == owner, IS_CLAIMABLE)
        .values(**_FREE, **changes)
    )


def keep_progress(connection: Connection, delivery_id: int, owner: str, progress: Mapping[str, str]) -> None:
    """Remember how far preparing a leased delivery has come, so that a restart need not begin anew."""
    connection.execute(
        update(delivery)
        .where(delivery.c.id == delivery_id, delivery.c.owner == owner)
        .values(progress=encode_map(progress))
    )


def next_due(connection: Connection, carrier: Carrier) -> datetime | None:
    """Return when the next delivery on `carrier` is due; None when nothing waits or it is paused for good.

    Deliveries that someone has leased are not considered: they are being worked on.
    """
    pause = connection.execute(_PAUSE, {"name": carrier.name}).one_or_none()
    if pause is not None and pause.until is None:
        return None
    dues = [_soonest(connection, edition_id) for edition_id in _open_editions(connection, carrier)]
    soonest = min((due for due in dues if due is not None), default=None)
    if soonest is None or pause is None:
        return soonest
    until: datetime = pause.until
    return max(soonest, until)


def _is_paused(connection: Connection, name: str, now: datetime) -> bool:
    pause = connection.execute(_PAUSE, {"name": name}).one_or_none()
    return pause is not None and (pause.until is None or pause.until > now)


def _open_editions(connection: Connection, carrier: Carrier) -> Sequence[int]:
    values = {"name": carrier.name, "kind": carrier.kind}
    return connection.execute(_OPEN_EDITIONS, values).scalars().all()


def _soonest(connection: Connection, edition_id: int) -> datetime | None:
    soonest: datetime | None = connection.execute(
        select(delivery.c.due_at)
        .where(delivery.c.edition_id == edition_id, IS_CLAIMABLE, delivery.c.owner.is_(None))
        .order_by(delivery.c.due_at)
        .limit(1)
    ).scalar_one_or_none()
    return soonest


def _take(connection: Connection, values: Mapping[str, object], now: datetime) -> list[Claimed]:
    """Lease due deliveries of one edition, after cancelling the suppressed among them."""
    _cancel_suppressed(connection, _CANCEL_DUE, values, now)
    rows = connection.execute(_TAKE, values).all()
    if not rows:
        return []
    parent = read_edition(connection, rows[0].edition_id)
    taken = [Claimed(edition=parent, delivery=delivery_of(row)) for row in rows]
    taken.sort(key=lambda one: (one.delivery.due_at, one.delivery.id))
    return taken


def _cancel_suppressed(
    connection: Connection, statement: ReturningUpdate[int], values: Mapping[str, object], now: datetime
) -> None:
    rows = connection.execute(statement, values).scalars().all()
    if not rows:
        return
    tally: Tally = Counter()
    for edition_id in rows:
        tally[edition_id, "queued"] -= 1
        tally[edition_id, "cancelled"] += 1
    post(connection, tally)
    settle(connection, {edition_id for edition_id, _ in tally}, now)


def _post_begun(connection: Connection, begun: Counter[int]) -> None:
    tally: Tally = Counter()
    for edition_id, count in begun.items():
        tally[edition_id, "queued"] = -count
        tally[edition_id, "sending"] = count
    post(connection, tally)
