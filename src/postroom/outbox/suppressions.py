"""Remember who must not be written to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, bindparam, delete, select, update

from postroom.model import DeliveryState, EditionState, FeedbackKind
from postroom.outbox.accounts import settle
from postroom.outbox.bulk import insert_new
from postroom.outbox.columns import is_state, to_micros
from postroom.outbox.hot import Hot
from postroom.outbox.moves import move
from postroom.outbox.rows import AnyRow
from postroom.outbox.tables import delivery, edition, feedback, subscriber, suppression

_ADD = insert_new(suppression, ("identity", "address", "reason", "source", "at"), key=("identity",))
FORGIVEN = "forgiven"
"""What came of feedback that is no longer held against somebody."""

_WISH = FeedbackKind.UNSUBSCRIBED.value
_UNFINISHED = select(edition.c.id, edition.c.state).where(
    is_state(edition.c.state, EditionState.FILLING, EditionState.HELD, EditionState.OPEN)
)
_ALL_UNFINISHED = Hot(_UNFINISHED.order_by(edition.c.id))
_PERSON = Hot(select(subscriber.c.id).where(subscriber.c.identity == bindparam("identity")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """An address that gets nothing: since when, why, and who said so."""

    identity: str
    address: str
    reason: str
    at: datetime
    source: str


def suppress(
    connection: Connection, identity: str, address: str, reason: str, now: datetime, *, source: str = ""
) -> int:
    """Never write to `identity` again; cancel what is queued for it, and return how many that were.

    A message that is being sent at this moment is not recalled. Suppressing twice keeps the first reason.
    """
    values = {"identity": identity, "address": address, "reason": reason, "source": source}
    _ADD.run(connection, [{**values, "at": to_micros(now)}])
    people = _PERSON.rows(connection, identity=identity)
    return cancel_queued(connection, people[0].id, f"suppressed: {reason}", now) if people else 0


def cancel_queued(
    connection: Connection, recipient: int, reason: str, now: datetime, *which: ColumnElement[bool]
) -> int:
    """Cancel what is queued for a subscriber of unfinished editions, all or `which`; return how many messages."""
    rows: Sequence[AnyRow] = (
        connection.execute(_UNFINISHED.where(*which).order_by(edition.c.id)).all()
        if which
        else _ALL_UNFINISHED.rows(connection)
    )
    return sum(_cancel(connection, (row.id, row.state), recipient, reason, now) for row in rows)


def unsuppress(connection: Connection, identity: str) -> bool:
    """Allow `identity` to be written to again; tell whether it was not. What was cancelled stays so.

    What came back of mails to them before is not counted any more.
    """
    theirs = select(subscriber.c.id).where(subscriber.c.identity == identity).scalar_subquery()
    held = (feedback.c.subscriber_id == theirs, feedback.c.outcome != "", feedback.c.kind != _WISH)
    connection.execute(update(feedback).where(*held).values(outcome=FORGIVEN))
    return connection.execute(delete(suppression).where(suppression.c.identity == identity)).rowcount > 0


def is_suppressed(connection: Connection, identity: str) -> bool:
    """Whether nothing may go to `identity`."""
    found = select(suppression.c.identity).where(suppression.c.identity == identity)
    return connection.execute(found).one_or_none() is not None


def suppressions(connection: Connection) -> tuple[Suppression, ...]:
    """List all of them, the latest first."""
    rows = connection.execute(select(suppression).order_by(suppression.c.at.desc(), suppression.c.identity))
    return tuple(map(_read, rows))


def suppression_of(connection: Connection, identity: str) -> Suppression | None:
    """Return the suppression of `identity`, None where there is none."""
    row = connection.execute(select(suppression).where(suppression.c.identity == identity)).one_or_none()
    return None if row is None else _read(row)


def _read(row: AnyRow) -> Suppression:
    return Suppression(
        identity=row.identity, address=row.address, reason=row.reason, at=row.at, source=row.source
    )


def _cancel(connection: Connection, of: tuple[int, str], recipient: int, reason: str, now: datetime) -> int:
    edition_id, state = of
    cancelled = move(
        connection,
        edition_id,
        (DeliveryState.QUEUED, DeliveryState.CANCELLED),
        {"reason": reason},
        delivery.c.recipient == recipient,
    )
    if cancelled and state != EditionState.FILLING:
        settle(connection, [edition_id], now)
    return cancelled
