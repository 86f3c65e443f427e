"""Write down how attempts ended: the deliveries, the log, the counts, all in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection, bindparam, insert, select, update

from postroom.model import (
    Deferred,
    DeliveryState,
    EditionState,
    Outcome,
    Refused,
    Scope,
    Sent,
    Unknown,
)
from postroom.outbox.accounts import Books, Tally, post, settle
from postroom.outbox.bulk import Bulk
from postroom.outbox.columns import is_state, to_micros
from postroom.outbox.consequences import draw
from postroom.outbox.hot import Among, Hot
from postroom.outbox.moves import WITHDRAWN, cancel_withdrawn
from postroom.outbox.rows import AnyRow
from postroom.outbox.tables import attempt, delivery, edition, pace

__all__ = [
    "WITHDRAWN",
    "Change",
    "Ending",
    "Result",
    "close",
    "decide",
    "note_first_sent",
    "open_next",
    "record",
    "write_down",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How one attempt ended.

    `retry_at` is when to try again. None gives up a `Deferred` (the delivery fails) and leaves
    an `Unknown` to a person. `mail_from` is the envelope sender that was used, for the log.
    """

    delivery_id: int
    outcome: Outcome
    retry_at: datetime | None = None
    mail_from: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What an outcome makes of a delivery."""

    state: DeliveryState
    reason: str = ""
    due_at: datetime | None = None
    spent: bool = True
    doubt: bool = False


Ending: TypeAlias = "tuple[AnyRow, Change, Outcome, str]"
"""A delivery in hand, what becomes of it, how its attempt ended, and the envelope sender."""

# What is in someone's hands, as the driver reads it: moments are numbers. This is all that a sent one needs.
_TAKEN = (
    select(
        *(delivery.c[name] for name in ("id", "edition_id", "recipient", "part", "attempts", "begun_at")),
        edition.c.parts,
        edition.c.transport,
        select(pace.c.domain).where(pace.c.domain > "").exists().label("is_any_domain_slow"),
    )
    .join(edition, edition.c.id == delivery.c.edition_id)
    .where(is_state(delivery.c.state, DeliveryState.SENDING), delivery.c.owner == bindparam("me"))
    .with_for_update(of=delivery)
)
IN_HAND = _TAKEN.add_columns(
    *(delivery.c[name] for name in ("due_at", "doubts", "first_begun_at")),
    edition.c.state.label("edition_state"),
    edition.c.hold_when_uncertain,
    edition.c.transport_kind,
    edition.c.key,
)
_IN_HAND = Hot(IN_HAND)
_OF_SENT = Hot(_TAKEN.where(Among(delivery.c.id)))
_OF_OTHERS = Hot(IN_HAND.where(Among(delivery.c.id)))
_IS_SENT = {"state": DeliveryState.SENT.value, "owner": None, "reason": ""}
# What nearly every mail comes to: the other side took it, and gave it no name.
_CLOSE_SENT = Hot(update(delivery).where(Among(delivery.c.id)).values(**_IS_SENT, remote_id=None, url=None))
_CLOSE_NAMED = Bulk(
    update(delivery)
    .where(delivery.c.id == bindparam("delivery"))
    .values(**_IS_SENT, remote_id=bindparam("remote"), url=bindparam("link")),
    ("delivery", "remote", "link"),
)
_CLOSE = Bulk(
    update(delivery)
    .where(delivery.c.id == bindparam("delivery"))
    .values(
        owner=None,
        state=bindparam("to"),
        reason=bindparam("why"),
        due_at=bindparam("due"),
        attempts=bindparam("tries"),
        first_begun_at=bindparam("first_begun"),
        doubts=bindparam("doubted"),
    ),
    ("delivery", "to", "why", "due", "tries", "first_begun", "doubted"),
)
_LOG = Bulk(insert(attempt), ("delivery_id", "number", "at", "ended_at", "outcome", "reply", "mail_from"))
_NEXT_PART = (
    update(delivery)
    .where(
        delivery.c.edition_id == bindparam("edition"),
        delivery.c.recipient == bindparam("who"),
        delivery.c.part == bindparam("next"),
        delivery.c.waits,
    )
    .values(waits=False, due_at=bindparam("now"), parent_id=bindparam("remote"))
    .returning(delivery.c.state)
)


def record(connection: Connection, owner: str, results: Sequence[Result], now: datetime) -> list[int]:
    """Write `results` of deliveries that are `sending` in `owner`'s hands; return the ids that are not.

    Those are not touched: somebody else has decided about them meanwhile. A sent part makes the next one
    due. An edition of which nothing is left to do is finished once its accounts are proved.
    """
    books = Books(now)
    strange = write_down(connection, owner, results, books)
    books.close(connection)
    return strange


def write_down(connection: Connection, owner: str, results: Sequence[Result], books: Books) -> list[int]:
    """Do as `record`, but leave to `books` what can wait until the end of the transaction."""
    mine = {result.delivery_id: result for result in results}
    sent = [id_ for id_, result in mine.items() if isinstance(result.outcome, Sent)]
    others = [id_ for id_, result in mine.items() if not isinstance(result.outcome, Sent)]
    rows = {
        row.id: row
        for query, ids in ((_OF_SENT, sent), (_OF_OTHERS, others))
        if ids
        for row in query.rows(connection, me=owner, ids=ids)
    }
    ends: list[Ending] = [
        (row, decide(row, result), result.outcome, result.mail_from)
        for id_, result in mine.items()
        if (row := rows.get(id_)) is not None
    ]
    if ends:
        _write(connection, ends, books)
    return [result.delivery_id for result in results if result.delivery_id not in rows]


def in_hand(connection: Connection, owner: str) -> Sequence[AnyRow]:
    """Return all that is `sending` in `owner`'s hands (the columns of `IN_HAND`)."""
    return _IN_HAND.rows(connection, me=owner)


def decide(row: AnyRow, result: Result) -> Change:
    """Say what an outcome makes of the delivery in `row` (pure)."""
    if isinstance(result.outcome, Sent):
        return _SENT
    change = _decide(row, result.outcome, result.retry_at)
    if change.state is DeliveryState.QUEUED and row.edition_state == EditionState.CANCELLED:
        state = DeliveryState.UNCERTAIN if change.doubt else DeliveryState.CANCELLED
        return replace(change, state=state, reason=f"{WITHDRAWN}; {change.reason}")
    return change


_SENT = Change(state=DeliveryState.SENT)
_SENDING = DeliveryState.SENDING.value
_QUEUED = DeliveryState.QUEUED.value
_CAN_WAIT = {_SENDING, DeliveryState.SENT.value}


def _decide(row: AnyRow, outcome: Deferred | Refused | Unknown, retry_at: datetime | None) -> Change:
    match outcome:
        case (
            Deferred(reason=reason, scope=Scope.TRANSPORT)
            | Refused(reason=reason, scope=Scope.TRANSPORT | Scope.EDITION)
        ):
            return Change(state=DeliveryState.QUEUED, reason=reason, due_at=retry_at, spent=False)
        case Deferred(reason=reason) if retry_at is not None:
            return Change(state=DeliveryState.QUEUED, reason=reason, due_at=retry_at)
        case Deferred(reason=reason):
            return Change(state=DeliveryState.FAILED, reason=f"given up: {reason}")
        case Refused(reason=reason):
            return Change(state=DeliveryState.FAILED, reason=reason)
        case Unknown(reason=reason):
            return _doubt(row, reason, retry_at)


def _doubt(row: AnyRow, reason: str, retry_at: datetime | None) -> Change:
    """Say what becomes of a delivery that may have gone out: once more, or a person decides."""
    if row.hold_when_uncertain or row.doubts or retry_at is None:
        return Change(state=DeliveryState.UNCERTAIN, reason=reason, doubt=True)
    return Change(state=DeliveryState.QUEUED, reason=reason, due_at=retry_at, doubt=True)


def close(connection: Connection, ends: Iterable[Ending], now: datetime) -> Tally:
    """Write the end of attempts and their log; return how the counts change."""
    at = to_micros(now)
    sent, named, closings, log = list[int](), [], [], []
    tally: Tally = Counter()
    for row, change, outcome, mail_from in ends:
        if not isinstance(outcome, Sent):
            closings.append(_closing(row, change))
        elif outcome.remote_id is None and outcome.url is None:
            sent.append(row.id)
        else:
            named.append((row.id, outcome.remote_id, outcome.url))
        log.append(_entry(row, outcome, mail_from, at))
        tally[row.edition_id, change.state] += 1
    for (edition_id, _), count in list(tally.items()):
        tally[edition_id, _SENDING] -= count
    if sent:
        _CLOSE_SENT.count(connection, ids=sent)
    _CLOSE_NAMED.put(connection, named)
    _CLOSE.put(connection, closings)
    _LOG.put(connection, log)
    return tally


def open_next(
    connection: Connection, row: AnyRow, remote_id: str | None, now: datetime, tally: Tally
) -> None:
    """Make the part after the sent one in `row` due, and count its recipient there."""
    if row.part + 1 == row.parts:
        return
    values = {
        "edition": row.edition_id,
        "who": row.recipient,
        "next": row.part + 1,
        "now": now,
        "remote": remote_id,
    }
    following = connection.execute(_NEXT_PART, values).scalar_one()
    tally[row.edition_id, "sent"] -= 1
    tally[row.edition_id, following] += 1


def note_first_sent(connection: Connection, editions: Collection[int], at: datetime) -> None:
    """Remember when the first delivery of each edition was sent, from where later variants are counted."""
    post(connection, Counter(), editions, at)


def _write(connection: Connection, ends: Sequence[Ending], books: Books) -> None:
    books.tally.update(close(connection, ends, books.now))
    for row, _, outcome, _ in ends:
        if isinstance(outcome, Sent):
            books.sent.add(row.edition_id)
            if row.parts > 1:
                open_next(connection, row, outcome.remote_id, books.now, books.tally)
    if any(state not in _CAN_WAIT for _, state in books.tally):
        _conclude(connection, ends, books)
    elif ends[0][0].is_any_domain_slow:
        draw(connection, [(row, outcome) for row, _, outcome, _ in ends], books.now)


def _conclude(connection: Connection, ends: Sequence[Ending], books: Books) -> None:
    """Count at once what decides about more: a claim asks for what is queued, and an edition may have to stop."""
    queued = {edition_id for edition_id, state in books.tally if state == _QUEUED}
    books.post(connection)
    cancel_withdrawn(connection, queued)
    draw(connection, [(row, outcome) for row, _, outcome, _ in ends], books.now)
    settle(connection, {row.edition_id for row, *_ in ends}, books.now)


def _closing(row: AnyRow, change: Change) -> tuple[object, ...]:
    """Give the values of `_CLOSE` for one delivery."""
    tries = row.attempts if change.spent else row.attempts - 1
    return (
        row.id,
        change.state.value,
        change.reason,
        to_micros(change.due_at) if change.due_at else row.due_at,
        tries,
        row.first_begun_at if tries else None,
        row.doubts + change.doubt,
    )


def _entry(row: AnyRow, outcome: Outcome, mail_from: str, now: int) -> tuple[object, ...]:
    """Give the values of `_LOG` for one attempt."""
    said = outcome.reply if isinstance(outcome, Sent) else outcome.reason
    return row.id, row.attempts, row.begun_at, now, type(outcome).__name__.lower(), said, mail_from
