"""Write down how attempts ended: the deliveries, the log, the counts, all in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection, bindparam, func, insert, or_, select, update

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
from postroom.outbox.accounts import Tally, post, settle
from postroom.outbox.bulk import Bulk
from postroom.outbox.columns import is_state, to_micros
from postroom.outbox.consequences import draw
from postroom.outbox.hot import Hot
from postroom.outbox.moves import WITHDRAWN, cancel_withdrawn
from postroom.outbox.rows import AnyRow
from postroom.outbox.tables import attempt, delivery, edition

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

# What is in someone's hands, as the driver reads it: moments are numbers.
IN_HAND = (
    select(
        delivery.c.id,
        delivery.c.edition_id,
        delivery.c.recipient,
        delivery.c.part,
        delivery.c.due_at,
        delivery.c.attempts,
        delivery.c.doubts,
        delivery.c.first_begun_at,
        delivery.c.begun_at,
        delivery.c.remote_id,
        delivery.c.url,
        edition.c.state.label("edition_state"),
        edition.c.hold_when_uncertain,
        edition.c.parts,
        edition.c.transport,
        edition.c.transport_kind,
        edition.c.key,
    )
    .join(edition, edition.c.id == delivery.c.edition_id)
    .where(is_state(delivery.c.state, DeliveryState.SENDING), delivery.c.owner == bindparam("me"))
    .with_for_update(of=delivery)
)
_IN_HAND = Hot(IN_HAND)
_CLOSE = (
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
        remote_id=bindparam("remote"),
        url=bindparam("link"),
    )
)
_CLOSE_ALL = Bulk(
    _CLOSE, ("delivery", "to", "why", "due", "tries", "first_begun", "doubted", "remote", "link")
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
_TAKEN = Hot(
    update(edition)
    .where(
        edition.c.id == bindparam("edition"),
        or_(edition.c.first_sent_at.is_(None), edition.c.refused_in_row > 0),
    )
    .values(first_sent_at=func.coalesce(edition.c.first_sent_at, bindparam("now")), refused_in_row=0)
)


def record(connection: Connection, owner: str, results: Sequence[Result], now: datetime) -> list[int]:
    """Write `results` of deliveries that are `sending` in `owner`'s hands; return the ids that are not.

    Those are not touched: somebody else has decided about them meanwhile. A sent part makes the next one
    due. An edition of which nothing is left to do is finished once its accounts are proved.
    """
    ids = [result.delivery_id for result in results]
    rows = {row.id: row for row in in_hand(connection, owner)}
    mine = {result.delivery_id: result for result in results if result.delivery_id in rows}
    ends: list[Ending] = [
        (rows[id_], decide(rows[id_], result), result.outcome, result.mail_from)
        for id_, result in mine.items()
    ]
    if ends:
        _write(connection, ends, now)
    return [id_ for id_ in ids if id_ not in rows]


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
_QUEUED = DeliveryState.QUEUED.value


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
    closings, log = [], []
    tally: Tally = Counter()
    for row, change, outcome, mail_from in ends:
        closings.append(_closing(row, change, outcome))
        log.append(_entry(row, outcome, mail_from, at))
        tally[row.edition_id, "sending"] -= 1
        tally[row.edition_id, change.state.value] += 1
    _CLOSE_ALL.run(connection, closings)
    _LOG.run(connection, log)
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
    for edition_id in sorted(editions):
        _TAKEN.count(connection, edition=edition_id, now=to_micros(at))


def _write(connection: Connection, ends: Sequence[Ending], now: datetime) -> None:
    tally = close(connection, ends, now)
    sent = [(row, outcome) for row, _, outcome, _ in ends if isinstance(outcome, Sent)]
    for row, outcome in sent:
        open_next(connection, row, outcome.remote_id, now, tally)
    note_first_sent(connection, {row.edition_id for row, _ in sent}, now)
    post(connection, tally)
    cancel_withdrawn(connection, {edition_id for edition_id, state in tally if state == _QUEUED})
    draw(connection, [(row, outcome) for row, _, outcome, _ in ends], now)
    settle(connection, {row.edition_id for row, *_ in ends}, now)


def _closing(row: AnyRow, change: Change, outcome: Outcome) -> dict[str, object]:
    sent = outcome if isinstance(outcome, Sent) else None
    tries = row.attempts if change.spent else row.attempts - 1
    return {
        "delivery": row.id,
        "to": change.state.value,
        "why": change.reason,
        "due": to_micros(change.due_at) if change.due_at else row.due_at,
        "tries": tries,
        "first_begun": row.first_begun_at if tries else None,
        "doubted": row.doubts + change.doubt,
        "remote": sent.remote_id if sent else row.remote_id,
        "link": sent.url if sent else row.url,
    }


def _entry(row: AnyRow, outcome: Outcome, mail_from: str, now: int) -> dict[str, object]:
    return {
        "delivery_id": row.id,
        "number": row.attempts,
        "at": row.begun_at,
        "ended_at": now,
        "outcome": type(outcome).__name__.lower(),
        "reply": outcome.reply if isinstance(outcome, Sent) else outcome.reason,
        "mail_from": mail_from,
    }
