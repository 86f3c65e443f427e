"""Write down how attempts ended: the deliveries, the log, the counts, all in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, insert, literal_column, select, update

from postroom.model import DeliveryState, Outcome, Sent
from postroom.outbox.accounts import Books, Tally, post, settle
from postroom.outbox.bulk import Bulk
from postroom.outbox.columns import is_state, to_micros
from postroom.outbox.consequences import End, draw
from postroom.outbox.endings import Change, Ending, Result, decide
from postroom.outbox.hot import Among, Hot
from postroom.outbox.moves import WITHDRAWN, cancel_withdrawn
from postroom.outbox.rows import AnyRow, kept_edition
from postroom.outbox.tables import attempt, delivery, edition, pace
from postroom.outbox.waits import put_back

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


_IS_MINE = and_(is_state(delivery.c.state, DeliveryState.SENDING), delivery.c.owner == bindparam("me"))
_OF_DELIVERY = tuple(
    delivery.c[name] for name in ("id", "edition_id", "recipient", "part", "attempts", "begun_at")
)
# What is in someone's hands, as the driver reads it: moments are numbers.
IN_HAND = (
    select(
        *_OF_DELIVERY,
        *(delivery.c[name] for name in ("due_at", "doubts", "first_begun_at")),
        edition.c.state.label("edition_state"),
        *(edition.c[name] for name in ("parts", "hold_when_uncertain", "transport", "transport_kind", "key")),
    )
    .join(edition, edition.c.id == delivery.c.edition_id)
    .where(_IS_MINE)
    .with_for_update(of=delivery)
)
_IN_HAND = Hot(IN_HAND)
_OF_TURN = Hot(IN_HAND.where(Among(delivery.c.id)))
_IS_SENT = {"state": DeliveryState.SENT.value, "owner": None, "reason": ""}
_CLOSE_SENT = Hot(
    update(delivery)
    .where(Among(delivery.c.id), _IS_MINE)
    .values(**_IS_SENT, remote_id=None, url=None)
    .returning(*_OF_DELIVERY)
)
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
_SLOW = Hot(select(pace.c.domain).where(pace.c.domain > "").limit(literal_column("1")))
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
    strange = write_down(connection, owner, results, books, is_any_slow=is_any_domain_slow(connection))
    books.close(connection)
    return strange


def write_down(
    connection: Connection, owner: str, results: Sequence[Result], books: Books, *, is_any_slow: bool
) -> list[int]:
    """Do as `record`, but leave to `books` what can wait until the end of the transaction.

    `is_any_slow` says whether `is_any_domain_slow`.
    """
    if not results:
        return []
    plain = _plain(results)
    if len(plain) == len(results) and not is_any_slow:
        found = _write_sent(connection, owner, plain, books)
    else:
        found = _write_each(connection, owner, {result.delivery_id: result for result in results}, books)
    return [result.delivery_id for result in results if result.delivery_id not in found]


def is_any_domain_slow(connection: Connection) -> bool:
    """Whether any domain, on whichever transport, wants less: it has to be told of every mail that it takes."""
    return bool(_SLOW.rows(connection))


def in_hand(connection: Connection, owner: str) -> Sequence[AnyRow]:
    """Return all that is `sending` in `owner`'s hands (the columns of `IN_HAND`)."""
    return _IN_HAND.rows(connection, me=owner)


_SENDING = DeliveryState.SENDING.value
_QUEUED = DeliveryState.QUEUED.value
_SENT = DeliveryState.SENT.value
_CAN_WAIT = {_SENDING, _SENT}


def close(connection: Connection, ends: Iterable[Ending], now: datetime) -> Tally:
    """Write the end of attempts and their log; return how the counts change."""
    at = to_micros(now)
    sent, closings, log = [], [], []
    tally: Tally = Counter()
    for row, change, outcome, mail_from in ends:
        if isinstance(outcome, Sent):
            sent.append((row.id, outcome.remote_id, outcome.url))
        else:
            closings.append(_closing(row, change))
        log.append(_entry(row, outcome, mail_from, at))
        tally[row.edition_id, change.state] += 1
    for (edition_id, _), count in list(tally.items()):
        tally[edition_id, _SENDING] -= count
    _CLOSE_NAMED.put(connection, sent)
    _CLOSE.put(connection, closings)
    _LOG.put(connection, log)
    return tally


def open_next(
    connection: Connection, row: AnyRow, remote_id: str | None, now: datetime, tally: Tally
) -> None:
    """Make the part after the sent one in `row` due, and count its recipient there."""
    if row.part + 1 < row.parts:
        _open(connection, row, remote_id, now, tally)


def note_first_sent(connection: Connection, editions: Collection[int], at: datetime) -> None:
    """Remember when the first delivery of each edition was sent, from where later variants are counted."""
    post(connection, Counter(), editions, at)


def _plain(results: Sequence[Result]) -> dict[int, tuple[str, str]]:
    """Find what nearly every mail comes to: it was taken, and got no name. Gives the reply, and the envelope sender."""
    return {
        result.delivery_id: (outcome.reply, result.mail_from)
        for result in results
        if isinstance(outcome := result.outcome, Sent) and outcome.remote_id is None and outcome.url is None
    }


def _write_sent(
    connection: Connection, owner: str, plain: Mapping[int, tuple[str, str]], books: Books
) -> dict[int, AnyRow]:
    """Write that `plain` ones were sent, all at one go; return those that were `owner`'s."""
    at = to_micros(books.now)
    rows = {row.id: row for row in _CLOSE_SENT.rows(connection, me=owner, ids=list(plain))}
    log = [
        (id_, row.attempts, row.begun_at, at, _SENT, reply, mail_from)
        for id_, (reply, mail_from) in plain.items()
        if (row := rows.get(id_)) is not None
    ]
    _LOG.put(connection, log)
    editions = Counter([row.edition_id for row in rows.values()])
    for edition_id, number in editions.items():
        books.sent.add(edition_id)
        books.move(edition_id, _SENDING, _SENT, number)
    parts = {edition_id: kept_edition(connection, edition_id).parts for edition_id in editions}
    if max(parts.values(), default=1) > 1:
        for row in rows.values():
            if row.part + 1 < parts[row.edition_id]:
                _open(connection, row, None, books.now, books.tally)
        _conclude(connection, editions, [], books)
    return rows


def _write_each(
    connection: Connection, owner: str, mine: Mapping[int, Result], books: Books
) -> dict[int, AnyRow]:
    """Write how each attempt ended, and what follows from it; return those that were `owner`'s."""
    rows = {row.id: row for row in _OF_TURN.rows(connection, me=owner, ids=list(mine))}
    ends: list[Ending] = [
        (row, decide(row, result), result.outcome, result.mail_from)
        for id_, result in mine.items()
        if (row := rows.get(id_)) is not None
    ]
    books.tally.update(close(connection, ends, books.now))
    put_back(connection, ends)
    for row, _, outcome, _ in ends:
        if isinstance(outcome, Sent):
            books.sent.add(row.edition_id)
            open_next(connection, row, outcome.remote_id, books.now, books.tally)
    told = [(row, outcome) for row, _, outcome, _ in ends]
    if any(state not in _CAN_WAIT for _, state in books.tally):
        _conclude(connection, {row.edition_id for row in rows.values()}, told, books)
    else:
        draw(connection, told, books.now)
    return rows


def _open(connection: Connection, row: AnyRow, remote_id: str | None, now: datetime, tally: Tally) -> None:
    """Make the part after the one in `row` due, which goes below what the network calls that one."""
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


def _conclude(connection: Connection, editions: Iterable[int], ends: Sequence[End], books: Books) -> None:
    """Count at once what decides about more: a claim asks for what is queued, and an edition may have to stop."""
    queued = {edition_id for edition_id, state in books.tally if state == _QUEUED}
    books.post(connection)
    cancel_withdrawn(connection, queued)
    draw(connection, ends, books.now)
    settle(connection, editions, books.now)


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
