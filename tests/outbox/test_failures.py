"""Which failures are still a person's to decide about, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from postroom.errors import LedgerError
from postroom.model import Article, DeliveryState, Refused, Sent, Unknown
from postroom.outbox import failures, operate, revisions, sightings
from postroom.outbox.failures import Failures

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
KEY = "newsletter/article/post-rooms"


@pytest.fixture
def failed(outbox):
    """An outbox whose edition is finished, and failed for three."""
    outbox.freeze("ada", "bea", "cleo")
    outbox.record(outbox.claim(), Refused(reason="550 5.7.1 no"))
    return outbox


def left(outbox) -> list[int]:
    return [each.number for each in outbox.ledger.read(failures.undecided)]


def pull(outbox) -> None:
    article = Article(
        id="post-rooms",
        path="post-rooms.md",
        file="articles/post-rooms.md",
        source=Path("/x/articles/post-rooms.md"),
        title="On post rooms",
        body_line=5,
        body_hash="b",
        source_hash="s",
    )
    outbox.ledger.write(sightings.see, {}, [article], NOW)
    outbox.ledger.write(operate.pull, "post-rooms", "wrong figures", NOW)


def cancel(outbox) -> None:
    outbox.ledger.write(operate.cancel, KEY, "enough", NOW)


def replace(outbox) -> None:
    outbox.ledger.write(revisions.supersede, KEY, NOW)


def test_what_failed_is_to_be_decided_about(failed) -> None:
    assert failed.ledger.read(failures.undecided) == (Failures(edition=KEY, number=3, is_finished=True),)


def test_whoever_is_suppressed_is_decided_about(failed) -> None:
    failed.ledger.write(operate.suppress, "ada@example.com", "ada@example.com", "asked", NOW)
    assert left(failed) == [2]
    failed.ledger.write(operate.unsuppress, "ada@example.com")
    assert left(failed) == [3]


def test_what_was_left_unsent_is_decided_about_and_keeps_why_it_failed(failed) -> None:
    number = failed.deliveries()[0].delivery.id
    failed.ledger.write(operate.resolve, number, DeliveryState.CANCELLED, NOW)
    assert left(failed) == [2]
    assert failed.ledger.write(operate.cancel, KEY, "enough", NOW).cancelled == 2
    assert left(failed) == []
    assert failed.counts() == {"rows_read": 3, "recipients": 3, "cancelled": 3}
    assert all(row.delivery.reason.endswith("550 5.7.1 no") for row in failed.deliveries())


def test_what_was_replaced_is_decided_about_and_never_tried_again_beside_its_revision(failed) -> None:
    assert failed.ledger.write(revisions.supersede, KEY, NOW).left == 3
    assert left(failed) == []
    with pytest.raises(LedgerError, match="its newer revision goes to everybody"):
        failed.ledger.write(operate.retry, KEY, [DeliveryState.FAILED], NOW)
    number = failed.deliveries()[0].delivery.id
    with pytest.raises(LedgerError, match="its newer revision goes to everybody"):
        failed.ledger.write(operate.resolve, number, DeliveryState.QUEUED, NOW)


def test_the_revision_is_counted_for_whoever_it_will_reach(outbox) -> None:
    outbox.freeze("ada", "bea", "cleo", "dora", "eve")
    claimed = outbox.claim(3)
    outbox.record(claimed[:1], Sent(reply="250 ok"))
    outbox.record(claimed[1:], Refused(reason="550 5.7.1 no"))
    for name in ("bea", "dora"):
        outbox.ledger.write(operate.suppress, f"{name}@example.com", f"{name}@example.com", "asked", NOW)
    done = outbox.ledger.write(revisions.supersede, KEY, NOW)
    assert (done.left, done.beyond_recall) == (2, 1)
    outbox.freeze("ada", "bea", "cleo", "dora", "eve", revision=2, content_hash="new")
    assert outbox.counts(f"{KEY}#2")["recipients"] == 2


def test_what_was_pulled_is_decided_about_and_not_tried_again(failed) -> None:
    pull(failed)
    assert left(failed) == []
    with pytest.raises(LedgerError, match="its article was pulled"):
        failed.ledger.write(operate.retry, KEY, [DeliveryState.FAILED], NOW)


@pytest.mark.parametrize("withdraw", [pull, cancel, replace])
def test_what_may_have_gone_out_of_a_withdrawn_edition_is_never_sent_again(outbox, withdraw) -> None:
    outbox.freeze("ada", "bea", "cleo", hold_when_uncertain=True)
    claimed = outbox.claim(2)
    outbox.record(claimed, Unknown(reason="the answer was lost"))
    assert outbox.ledger.read(failures.withdrawn) == 0
    withdraw(outbox)
    assert outbox.ledger.read(failures.withdrawn) == 2
    with pytest.raises(LedgerError, match="can be tried again: "):
        outbox.ledger.write(operate.retry, KEY, [DeliveryState.UNCERTAIN], NOW)
    for each in claimed:
        outbox.ledger.write(operate.resolve, each.delivery.id, DeliveryState.SENT, NOW)
    assert outbox.ledger.read(failures.withdrawn) == 0
