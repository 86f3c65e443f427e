"""What is shown, and the proof of the accounts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from postroom.model import Deferred, DeliveryState, EditionState, Refused, Sent
from postroom.outbox import status

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def test_editions_are_listed_the_eldest_first(outbox) -> None:
    outbox.freeze("ada", article="later", due_at=NOW + timedelta(days=1))
    outbox.freeze("ada", article="sooner", holds=("late",))
    rows = outbox.ledger.read(status.editions)
    assert [row.article for row in rows] == ["sooner", "later"]
    assert (rows[0].state, rows[0].holds, rows[0].opened_at) == ("held", ("late",), None)


def test_editions_are_chosen_by_channel_and_state(outbox, make_post) -> None:
    outbox.freeze("ada", holds=("late",))
    outbox.freeze("company", content=make_post())

    def keys(**which: object) -> list[str]:
        rows = outbox.ledger.read(lambda c: status.editions(c, **which))
        return [row.channel for row in rows]

    assert keys(channel="linkedin") == ["linkedin"]
    assert keys(states=[EditionState.HELD]) == ["newsletter"]
    assert keys(channel="linkedin", states=[EditionState.HELD]) == []


def test_deliveries_are_chosen_by_edition_and_state(outbox) -> None:
    outbox.freeze("ada", "bea")
    outbox.record(outbox.claim(1), Refused(reason="550 5.1.1"))
    outbox.freeze("ada", article="other")

    def count(*which: object) -> int:
        return outbox.ledger.read(lambda c: len(list(status.deliveries(c, *which))))

    assert (count(), count("post-rooms"), count(None, DeliveryState.QUEUED)) == (3, 2, 2)
    (failed,) = outbox.ledger.read(lambda c: list(status.deliveries(c, None, DeliveryState.FAILED)))
    assert (failed.edition, failed.delivery.reason) == ("newsletter/article/post-rooms", "550 5.1.1")


def test_show_tells_all_of_one_edition(outbox) -> None:
    edition = outbox.freeze("ada")
    outbox.record(outbox.claim(), Deferred(reason="451"), retry_at=NOW)
    outbox.record(outbox.claim(), Sent(reply="250"))
    shown = outbox.ledger.read(status.show, "post-rooms")
    assert shown.edition.content == edition.content
    assert shown.row.accounts.sent == 1
    assert [row.reply for row in shown.attempts] == ["451", "250"]
    latest = outbox.ledger.read(lambda c: status.show(c, "post-rooms", attempts=1))
    assert [row.reply for row in latest.attempts] == ["250"]


def test_the_proof_finds_a_count_that_is_wrong(outbox) -> None:
    outbox.freeze("ada", "bea")
    assert outbox.ledger.read(status.reconcile) == []
    outbox.ledger.write(lambda c: c.exec_driver_sql("UPDATE edition SET queued = 1, sent = 1"))
    assert outbox.ledger.read(status.reconcile) == [
        "newsletter/article/post-rooms: queued is 1, found 2; sent is 1, found 0"
    ]
    outbox.ledger.write(lambda c: c.exec_driver_sql("UPDATE edition SET queued = 2, sent = 0, rows_read = 9"))
    assert outbox.ledger.read(status.reconcile) == ["newsletter/article/post-rooms: the sums do not agree"]
