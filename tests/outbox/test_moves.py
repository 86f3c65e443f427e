"""Moves: what is decided about deliveries is counted where they stand then."""

from __future__ import annotations

from datetime import UTC, datetime

from postroom.model import DeliveryState, EditionState, Sent
from postroom.outbox import moves
from postroom.outbox.tables import delivery, edition

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
QUEUED_TO_CANCELLED = (DeliveryState.QUEUED, DeliveryState.CANCELLED)


def test_what_is_moved_is_counted_in_nobodys_hands_and_says_why(outbox) -> None:
    outbox.freeze("ada", "bea")
    reserved = outbox.claim(begin=False)
    assert outbox.ledger.write(moves.move, 1, QUEUED_TO_CANCELLED, {"reason": "enough"}) == 2
    assert outbox.counts() == {"rows_read": 2, "recipients": 2, "cancelled": 2}
    assert {row.delivery.reason for row in outbox.deliveries()} == {"enough"}
    assert outbox.record(reserved, Sent(reply="250")) == [one.delivery.id for one in reserved]


def test_only_what_is_asked_for_is_moved(outbox) -> None:
    outbox.freeze("ada", "bea")
    outbox.freeze("ada", article="other")
    which = delivery.c.recipient == 2
    assert outbox.ledger.write(moves.move, 1, QUEUED_TO_CANCELLED, {}, which) == 1
    assert outbox.states("newsletter/article/post-rooms") == ["queued", "cancelled"]
    assert outbox.states("newsletter/article/other") == ["queued"]


def test_what_is_queued_anew_is_counted_once(outbox) -> None:
    outbox.freeze("ada", "bea")
    again = (DeliveryState.QUEUED, DeliveryState.QUEUED)
    assert outbox.ledger.write(moves.move, 1, again, {"reason": "tried again"}) == 2
    assert outbox.counts() == {"rows_read": 2, "recipients": 2, "queued": 2}


def test_what_is_on_its_way_is_not_moved_with_what_waits(outbox) -> None:
    outbox.freeze("ada", "bea")
    outbox.claim(1)
    assert outbox.ledger.write(moves.move, 1, QUEUED_TO_CANCELLED, {}) == 1
    assert outbox.states() == ["sending", "cancelled"]


def test_parts_that_wait_are_left_to_the_one_before_them(outbox, make_post) -> None:
    outbox.freeze("company", parts=3, content=make_post("one", "two"))
    assert outbox.ledger.write(moves.move, 1, QUEUED_TO_CANCELLED, {}) == 1
    assert outbox.states() == ["cancelled", "queued", "queued"]
    outbox.ledger.write(moves.cancel_waiting, 1, "enough")
    assert outbox.states() == ["cancelled"] * 3
    assert outbox.counts() == {"rows_read": 1, "recipients": 1, "cancelled": 1}


def test_only_of_cancelled_editions_is_cancelled_what_was_given_back(outbox) -> None:
    outbox.freeze("ada", article="one")
    outbox.freeze("ada", article="two")
    stop = edition.update().where(edition.c.id == 1).values(state=EditionState.CANCELLED.value)
    outbox.ledger.write(lambda connection: connection.execute(stop))
    outbox.ledger.write(moves.cancel_withdrawn, [1, 2])
    outbox.ledger.write(moves.cancel_withdrawn, [])
    assert outbox.states() == ["cancelled", "queued"]
    assert outbox.deliveries()[0].delivery.reason == moves.WITHDRAWN
