"""What an answer means beyond its delivery: the address, the edition."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from postroom.model import Deferred, Refused, Sent
from postroom.outbox import consequences, operate, record, status, suppressions

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
SENT = Sent(reply="250 ok")
NO_MAILBOX = Refused(reason="550 5.7.1 no", enhanced="5.7.1")
BAD_MESSAGE = Refused(reason="554 5.6.0 we do not like it", enhanced="5.6.0", of_content=True)
KEY = "newsletter/article/post-rooms"


def reason(outbox, key: str = KEY) -> str:
    return outbox.ledger.read(status.show, key).row.reason


def people(count: int) -> list[str]:
    return [f"p{number}" for number in range(count)]


def answer(outbox, *outcomes: Refused | Sent | Deferred) -> None:
    """Send as many messages as there are outcomes and record these in one turn."""
    claimed = outbox.claim(len(outcomes))
    assert len(claimed) == len(outcomes)
    results = [
        record.Result(delivery_id=one.delivery.id, outcome=outcome, retry_at=LATER)
        for one, outcome in zip(claimed, outcomes, strict=True)
    ]
    assert outbox.ledger.write(record.record, "host-a:1", results, NOW) == []


@pytest.mark.parametrize("code", sorted(consequences.BAD_MAILBOX))
def test_a_mailbox_that_is_not_there_is_suppressed_and_cancelled_elsewhere(outbox, code: str) -> None:
    outbox.freeze("ada", "bea", article="later", due_at=NOW + timedelta(days=1))
    first = outbox.freeze("ada", "bea")
    answer(outbox, Refused(reason=f"550 {code} no such user", enhanced=code))
    (entry,) = outbox.ledger.read(suppressions.suppressions)
    assert (entry.identity, entry.address) == ("ada@example.com", "ada@example.com")
    assert (entry.reason, entry.source) == (f"bounced ({code})", first.key)
    assert outbox.states("newsletter/article/later") == ["cancelled", "queued"]
    assert outbox.states(first.key) == ["failed", "queued"]


@pytest.mark.parametrize(
    "outcome",
    [
        Refused(reason="550 5.7.1 policy", enhanced="5.7.1"),
        Refused(reason="552 5.2.2 mailbox full", enhanced="5.2.2"),
        Refused(reason="550 no"),
        Refused(reason="554 5.1.1 says the content filter", enhanced="5.1.1", of_content=True),
        Deferred(reason="451 4.1.1 not now"),
    ],
    ids=lambda outcome: outcome.reason,
)
def test_a_refusal_that_says_nothing_of_the_mailbox_suppresses_nobody(outbox, outcome) -> None:
    outbox.freeze("ada", article="later", due_at=NOW + timedelta(days=1))
    outbox.freeze("ada")
    answer(outbox, outcome)
    assert outbox.ledger.read(suppressions.suppressions) == ()
    assert outbox.states("newsletter/article/later") == ["queued"]


def test_ten_refusals_of_the_message_in_a_row_over_several_turns_hold_its_edition(outbox) -> None:
    outbox.freeze(*people(30))
    answer(outbox, *[BAD_MESSAGE] * 4)
    answer(outbox, *[BAD_MESSAGE] * 5)
    assert outbox.state() == "open"
    answer(outbox, BAD_MESSAGE)
    assert outbox.state() == "held"
    assert reason(outbox) == (
        "the message was refused 10 times in a row (554 5.6.0 we do not like it); "
        f"when that is mended: postroom outbox release {KEY}"
    )
    assert outbox.claim() == []
    assert outbox.counts()["queued"] == 20


def test_one_that_is_taken_in_between_starts_the_count_anew(outbox) -> None:
    outbox.freeze(*people(40))
    answer(outbox, *[BAD_MESSAGE] * 9)
    answer(outbox, SENT)
    answer(outbox, *[BAD_MESSAGE] * 5, SENT, *[BAD_MESSAGE] * 4)
    answer(outbox, *[BAD_MESSAGE] * 2)
    assert outbox.state() == "open"


def test_a_refused_mailbox_in_between_does_not_count_as_taken(outbox) -> None:
    outbox.freeze(*people(30))
    answer(outbox, *[BAD_MESSAGE] * 9, NO_MAILBOX, BAD_MESSAGE)
    assert outbox.state() == "held"


def test_an_edition_that_is_released_is_held_again_when_it_is_refused_on(outbox) -> None:
    outbox.freeze(*people(30))
    answer(outbox, *[BAD_MESSAGE] * 10)
    outbox.ledger.write(operate.release, KEY, NOW)
    answer(outbox, BAD_MESSAGE)
    assert outbox.state() == "held"


def test_other_editions_on_the_transport_go_on(outbox) -> None:
    outbox.freeze(*people(12))
    outbox.freeze("ada", article="other")
    answer(outbox, *[BAD_MESSAGE] * 10)
    assert [one.edition.article for one in outbox.claim()] == ["other"]


def test_more_than_a_tenth_of_the_first_200_refused_holds_the_edition(outbox) -> None:
    outbox.freeze(*people(300))
    answer(outbox, *[SENT] * 100, *[NO_MAILBOX] * 20)
    assert outbox.state() == "open"
    answer(outbox, NO_MAILBOX)
    assert outbox.state() == "held"
    assert reason(outbox).startswith("21 of the first 121 recipients were refused; look at the audience")


def test_a_tenth_of_the_first_200_does_not(outbox) -> None:
    outbox.freeze(*people(300))
    answer(outbox, *[SENT] * 180, *[NO_MAILBOX] * 20)
    answer(outbox, *[NO_MAILBOX] * 50)
    assert outbox.state() == "open"


def test_what_is_refused_later_does_not(outbox) -> None:
    outbox.freeze(*people(300))
    answer(outbox, *[SENT] * 200)
    answer(outbox, *[NO_MAILBOX] * 60)
    assert outbox.state() == "open"


def test_a_turn_that_spans_the_200th_counts_only_the_first_200(outbox) -> None:
    outbox.freeze(*people(300))
    answer(outbox, *[SENT] * 150)
    answer(outbox, *[SENT] * 50, *[NO_MAILBOX] * 60)
    assert outbox.state() == "open"
