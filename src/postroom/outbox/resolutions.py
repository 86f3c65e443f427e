"""What a person decides about deliveries: to try them again, or what became of one that nobody knows of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from postroom.errors import LedgerError
from postroom.model import DeliveryState, EditionState
from postroom.outbox.accounts import post, settle
from postroom.outbox.columns import is_state
from postroom.outbox.history import REPLACED
from postroom.outbox.moves import move
from postroom.outbox.names import take
from postroom.outbox.pauses import begin_anew
from postroom.outbox.record import note_first_sent, open_next
from postroom.outbox.rows import ADDRESS, DELIVERED, IDENTITY, AnyRow
from postroom.outbox.tables import article, delivery, edition, suppression
from postroom.outbox.transitions import reopen, told

_DECISIONS = ("queued", "sent", "failed", "cancelled")
_NOTHING_TO_DECIDE = {
    "queued": "it has not gone out yet; `postroom outbox cancel EDITION` withdraws its edition",
    "sending": "it is on its way; if the process that sent it has died, the next start of `postroom run` "
    "judges it, and then it can be decided",
    "sent": "it has gone out",
    "failed": "it did not go out; `queued` tries it again, `cancelled` leaves it so",
    "cancelled": "it was withdrawn for good",
}
"""Why there is nothing to decide about a delivery in this state, and what there is to do instead."""

# The numbers of deliveries to which nothing may go out any more.
_SUPPRESSED = select(delivery.c.id).select_from(
    DELIVERED.join(suppression, suppression.c.identity == IDENTITY)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retried:
    """How many deliveries of an `edition` are `queued` again, and how many stay as they are, `suppressed`."""

    edition: str
    queued: int
    suppressed: int


def retry(connection: Connection, key: str, states: Collection[DeliveryState], now: datetime) -> Retried:
    """Queue failed or uncertain deliveries again, with all attempts before them.

    An uncertain one may so reach its recipient twice, and that stays known: no later revision is for them. Whoever is
    suppressed by now is left out: nothing would go out to them.
    """
    row = take(connection, key)
    if row.state in (EditionState.CANCELLED, EditionState.FILLING):
        raise LedgerError(f"nothing of {row.key} can be tried again: it is {told(row)}")
    if why := _is_over(connection, row):
        raise LedgerError(f"nothing of {row.key} can be tried again: {why}")
    wrong = set(states) - {DeliveryState.FAILED, DeliveryState.UNCERTAIN}
    if wrong or not states:
        raise LedgerError("only failed and uncertain deliveries can be tried again")
    left = _SUPPRESSED.where(delivery.c.edition_id == row.id, is_state(delivery.c.state, *states))
    suppressed = connection.execute(select(func.count()).select_from(left.subquery())).scalar_one()
    which = [delivery.c.id.not_in(left)] if suppressed else []
    begin_anew(connection, row.transport, now)
    queued = sum(
        move(connection, row.id, (state, DeliveryState.QUEUED), _afresh(now), *which) for state in states
    )
    reopen(connection, row.id)
    settle(connection, [row.id], now)
    return Retried(edition=row.key, queued=queued, suppressed=suppressed)


def resolve(connection: Connection, delivery_id: int, state: DeliveryState, now: datetime) -> None:
    """Decide about one delivery that may have gone out: `sent`, `failed`, `cancelled`, or `queued` to try again.

    Such a one is uncertain, or it is queued to go out once more. A failed one may be queued, or left as it is for
    good: then it is cancelled.
    """
    row = connection.execute(
        select(
            delivery,
            *(edition.c.parts, edition.c.key, edition.c.article, edition.c.settled, edition.c.transport),
            edition.c.pruned_at,
            edition.c.state.label("edition_state"),
        )
        .join(edition, edition.c.id == delivery.c.edition_id)
        .where(delivery.c.id == delivery_id)
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise LedgerError(f"there is no delivery {delivery_id}; `postroom outbox list` shows them")
    _check_resolution(row, state)
    if state is DeliveryState.QUEUED:
        _refuse_unsendable(connection, row)
        begin_anew(connection, row.transport, now)
    states = (DeliveryState(row.state), state)
    move(connection, row.edition_id, states, _changes(row, state, now), delivery.c.id == delivery_id)
    if state is DeliveryState.SENT:
        note_first_sent(connection, [row.edition_id], row.begun_at or now)
        _open_following(connection, row, now)
    reopen(connection, row.edition_id)
    settle(connection, [row.edition_id], now)


def _changes(row: AnyRow, state: DeliveryState, now: datetime) -> dict[str, object]:
    failed = row.state == DeliveryState.FAILED
    if state is DeliveryState.QUEUED:  # of what is in doubt, who decides has looked: it did not go out
        return _afresh(now) if failed else {**_afresh(now), "doubts": 0}
    if state is DeliveryState.SENT:  # of the last try nothing is in doubt any more
        return {"reason": "decided by hand", "doubts": delivery.c.doubts - 1}
    return {"reason": f"left unsent by hand; {row.reason}" if failed else "decided by hand"}


def _check_resolution(row: AnyRow, state: DeliveryState) -> None:
    is_open = row.state == "uncertain" or (row.state == "queued" and row.doubts > 0)
    allowed = _DECISIONS if is_open else ("queued", "cancelled") if row.state == "failed" else ()
    if state not in allowed:
        why = f"say one of {', '.join(_DECISIONS)}" if is_open else _NOTHING_TO_DECIDE[row.state]
        raise LedgerError(f"delivery {row.id} is {row.state}; it cannot be made {state}: {why}")


def _refuse_unsendable(connection: Connection, row: AnyRow) -> None:
    if row.edition_state == EditionState.CANCELLED:
        raise LedgerError(f"delivery {row.id} cannot be queued: {row.key} is cancelled")
    if why := _is_over(connection, row):
        raise LedgerError(f"delivery {row.id} cannot be queued: {why}")
    address = connection.execute(
        _SUPPRESSED.add_columns(ADDRESS).where(delivery.c.id == row.id)
    ).one_or_none()
    if address is not None:
        raise LedgerError(
            f"delivery {row.id} cannot be queued: its address is suppressed, and nothing goes out to it; "
            f"to lift that: postroom suppress --undo {address[1]}"
        )


def _is_over(connection: Connection, row: AnyRow) -> str:
    """Say why nothing more may go out of an edition that is finished all the same; empty if it may."""
    if row.settled == REPLACED:
        return "it was replaced, and its newer revision goes to everybody who has not got it"
    if row.pruned_at is not None:
        return "it was pruned, and nobody knows any more who its recipients were"
    pulled = select(article.c.pulled_at).where(article.c.id == row.article)
    is_pulled = connection.execute(pulled).scalar_one_or_none() is not None
    return "its article was pulled" if is_pulled else ""


def _open_following(connection: Connection, row: AnyRow, now: datetime) -> None:
    tally: Counter[tuple[int, str]] = Counter()
    open_next(connection, row, row.remote_id, now, tally)
    post(connection, tally)


def _afresh(now: datetime) -> dict[str, object]:
    return {
        "due_at": now,
        "attempts": 0,
        "first_begun_at": None,
        "reason": "tried again by hand",
    }
