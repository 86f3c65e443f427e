"""What a process has in hand: begin it, keep how far it has come, or give it back.

Every statement names the owner, so that nobody touches what somebody else has taken over meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, case, exists, func, or_, select, update

from postroom.model import DeliveryState, EditionState
from postroom.outbox.accounts import Books, Tally, post
from postroom.outbox.columns import is_state, to_micros
from postroom.outbox.content import encode_map
from postroom.outbox.hot import Among, Hot
from postroom.outbox.leaving import LEFT
from postroom.outbox.moves import cancel_withdrawn
from postroom.outbox.pace import UNLIMITED, Limits
from postroom.outbox.tables import IS_CLAIMABLE, delivery, departure, edition, subscriber, suppression

SUPPRESSED = "the address is suppressed"

# What beginning a delivery makes of its row.
SENDING = {
    "state": DeliveryState.SENDING.value,
    "owner": bindparam("me"),
    "attempts": delivery.c.attempts + 1,
    "begun_at": bindparam("now"),
    "first_begun_at": func.coalesce(delivery.c.first_begun_at, bindparam("now")),
}
_IS_RESERVED = and_(Among(delivery.c.id), delivery.c.owner == bindparam("me"), IS_CLAIMABLE)
_BEGIN = Hot(
    update(delivery)
    .where(
        _IS_RESERVED,
        delivery.c.edition_id.in_(select(edition.c.id).where(is_state(edition.c.state, EditionState.OPEN))),
    )
    .values(SENDING)
    .returning(delivery.c.id, delivery.c.edition_id)
)
_THEIRS = (
    select(subscriber.c.identity)
    .where(subscriber.c.id == delivery.c.recipient)
    .correlate(delivery)
    .scalar_subquery()
)
_IS_SUPPRESSED = exists().where(suppression.c.identity == func.coalesce(delivery.c.identity, _THEIRS))
_HAS_LEFT = exists().where(
    edition.c.id == delivery.c.edition_id,
    departure.c.list == edition.c.list,
    departure.c.subscriber_id == delivery.c.recipient,
)
_CANCEL_RESERVED = Hot(
    update(delivery)
    .where(_IS_RESERVED, or_(_IS_SUPPRESSED, _HAS_LEFT))
    .values(
        state=DeliveryState.CANCELLED.value,
        reason=case((_IS_SUPPRESSED, SUPPRESSED), else_=LEFT),
        owner=None,
    )
    .returning(delivery.c.edition_id)
)
_RESERVED = (
    select(delivery.c.id)
    .join(edition, edition.c.id == delivery.c.edition_id)
    .where(
        delivery.c.owner == bindparam("me"),
        is_state(delivery.c.state, DeliveryState.QUEUED),
        edition.c.transport == bindparam("name"),
        edition.c.transport_kind == bindparam("kind"),
    )
)
_UNBEGIN = Hot(
    update(delivery)
    .where(
        Among(delivery.c.id),
        delivery.c.owner == bindparam("me"),
        is_state(delivery.c.state, DeliveryState.SENDING),
    )
    .values(
        state=DeliveryState.QUEUED.value,
        owner=None,
        attempts=delivery.c.attempts - 1,
        first_begun_at=func.nullif(delivery.c.first_begun_at, delivery.c.begun_at),
    )
    .returning(delivery.c.edition_id)
)


_FAIL = Hot(
    update(delivery)
    .where(delivery.c.id == bindparam("delivery"))
    .values(state=DeliveryState.FAILED.value, reason=bindparam("why"), owner=None)
)


@dataclass(frozen=True, slots=True)
class Carrier:
    """A transport as config.yaml names it, and its kind.

    Both count: what was frozen for a folder must not go out through the SMTP server that has its name now.
    """

    name: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """A process's hold on a transport: `owner` names it in the ledger.

    `begins`: what it takes is `sending` at once, for nothing has to be prepared.
    """

    carrier: Carrier
    owner: str
    begins: bool = True
    limits: Limits = UNLIMITED


def begin(connection: Connection, ids: Sequence[int], owner: str, now: datetime) -> list[int]:
    """Commit that bytes of these reserved deliveries may go out; return the ids that may.

    Left out are those that are no longer this owner's, whose edition is not open any more (they are given
    back), and those whose address was suppressed meanwhile (cancelled).
    """
    books = Books(now)
    for row in _CANCEL_RESERVED.rows(connection, ids=list(ids), me=owner):
        books.move(row.edition_id, "queued", "cancelled")
    rows = _BEGIN.rows(connection, ids=list(ids), me=owner, now=to_micros(now))
    if len(rows) < len(ids):
        give_back(connection, ids, owner)
    for row in rows:
        books.move(row.edition_id, "queued", "sending")
    books.close(connection)
    return sorted(row.id for row in rows)


def give_back(
    connection: Connection,
    ids: Iterable[int],
    owner: str,
    *,
    due_at: datetime | None = None,
    reason: str | None = None,
    progress: Mapping[str, str] | None = None,
) -> None:
    """Give back reserved deliveries, of which nothing has begun; no attempt is spent.

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
        .values(owner=None, **changes)
    )


def unbegin(connection: Connection, ids: Sequence[int], owner: str) -> None:
    """Give back deliveries that are `sending` although no byte of them went out; no attempt is spent."""
    tally: Tally = Counter()
    for row in _UNBEGIN.rows(connection, ids=list(ids), me=owner):
        tally[row.edition_id, "sending"] -= 1
        tally[row.edition_id, "queued"] += 1
    post(connection, tally)
    cancel_withdrawn(connection, {edition_id for edition_id, _ in tally})


def free(connection: Connection, hand: Hand, known: Collection[int] = ()) -> int:
    """Give back all that is reserved in `hand`, has not begun, and is not among the `known`; return how many."""
    values = {"me": hand.owner, "name": hand.carrier.name, "kind": hand.carrier.kind}
    ids = [number for number in connection.execute(_RESERVED, values).scalars() if number not in known]
    if ids:
        give_back(connection, ids, hand.owner)
    return len(ids)


def set_aside(connection: Connection, bad: Sequence[tuple[int, str]]) -> None:
    """Let deliveries fail that cannot be read, each with the reason: they harm nobody else."""
    for number, why in bad:
        _FAIL.count(connection, delivery=number, why=why)


def keep_progress(connection: Connection, delivery_id: int, owner: str, progress: Mapping[str, str]) -> None:
    """Remember how far preparing a reserved delivery has come, so that a restart need not begin anew."""
    connection.execute(
        update(delivery)
        .where(delivery.c.id == delivery_id, delivery.c.owner == owner)
        .values(progress=encode_map(progress))
    )
