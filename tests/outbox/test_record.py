"""Recording: each outcome leads to its state, in the owner's hands only, and the books balance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from postroom.model import Deferred, Outcome, Refused, Scope, Sent, Unknown
from postroom.outbox import claim, operate, record, status

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PAGE = claim.Carrier("company-page", "linkedin")
LATER = NOW + timedelta(minutes=10)
SENT = Sent(reply="250 2.0.0 queued as 4ABC", remote_id="urn:1", url="https://example.com/1")
POST = "linkedin/hook/post-rooms"


@pytest.mark.parametrize(
    ("outcome", "retry_at", "state", "edition"),
    [
        (SENT, None, "sent", "finished"),
        (Deferred(reason="451"), LATER, "queued", "open"),
        (Deferred(reason="451"), None, "failed", "finished"),
        (Refused(reason="550 5.1.1", enhanced="5.1.1"), None, "failed", "finished"),
        (Refused(reason="535", scope=Scope.TRANSPORT), LATER, "queued", "open"),
        (Deferred(reason="421", scope=Scope.TRANSPORT), None, "queued", "open"),
        (Unknown(reason="connection lost"), LATER, "queued", "open"),
        (Unknown(reason="connection lost"), None, "uncertain", "finished"),
    ],
)
def test_each_outcome_has_its_state(
    outbox, outcome: Outcome, retry_at: datetime | None, state: str, edition: str
) -> None:
    outbox.freeze("ada")
    assert outbox.record(outbox.claim(), outcome, retry_at=retry_at) == []
    assert outbox.states() == [state]
    assert outbox.state() == edition
    assert outbox.counts() == {"rows_read": 1, "recipients": 1, state: 1}


def test_a_sent_delivery_keeps_what_the_other_side_said(outbox) -> None:
    outbox.freeze("ada")
    outbox.record(outbox.claim(), SENT, now=LATER)
    row = outbox.deliveries()[0]
    assert (row.delivery.remote_id, row.url) == ("urn:1", "https://example.com/1")
    shown = outbox.ledger.read(status.show, "post-rooms")
    assert (shown.row.first_sent_at, shown.row.finished_at) == (LATER, LATER)
    (attempt,) = shown.attempts
    assert (attempt.number, attempt.at, attempt.ended_at) == (1, NOW, LATER)
    assert (attempt.outcome, attempt.reply) == ("sent", "250 2.0.0 queued as 4ABC")


def test_the_log_keeps_every_attempt_and_its_envelope_sender(outbox) -> None:
    outbox.freeze("ada")
    outbox.record(outbox.claim(), Deferred(reason="451"), retry_at=NOW)
    one = outbox.claim()[0].delivery.id
    results = [record.Result(delivery_id=one, outcome=SENT, mail_from="bounce@example.org")]
    outbox.ledger.write(record.record, "host-a:1", results, NOW)
    attempts = outbox.ledger.read(status.show, "post-rooms").attempts
    assert [(row.number, row.outcome, row.mail_from) for row in attempts] == [
        (1, "deferred", ""),
        (2, "sent", "bounce@example.org"),
    ]


def test_a_transports_own_trouble_spends_no_attempt(outbox) -> None:
    outbox.freeze("ada")
    outbox.record(outbox.claim(), Refused(reason="535", scope=Scope.TRANSPORT), retry_at=NOW)
    assert outbox.deliveries()[0].delivery.attempts == 0
    assert outbox.claim()[0].delivery.attempts == 1


def test_the_clock_of_a_delivery_starts_with_the_first_attempt_that_counts(outbox) -> None:
    outbox.freeze("ada")
    fault = Deferred(reason="no route to host", scope=Scope.TRANSPORT)
    outbox.record(outbox.claim(), fault, retry_at=NOW)
    assert outbox.deliveries()[0].delivery.first_begun_at is None
    outbox.record(outbox.claim(now=LATER), Deferred(reason="451"), retry_at=LATER)
    outbox.record(outbox.claim(now=LATER), fault, retry_at=LATER)
    assert outbox.deliveries()[0].delivery.first_begun_at == LATER


def test_a_refused_sender_holds_the_edition_and_spends_no_attempt(outbox) -> None:
    first = outbox.freeze("ada", "bea")
    other = outbox.freeze("ada", article="other")
    refusal = Refused(reason="553 5.7.1 not your address", scope=Scope.EDITION)
    outbox.record(outbox.claim(1), refusal)
    assert (outbox.states(first.key), outbox.state(first.key)) == (["queued", "queued"], "held")
    why = outbox.ledger.read(status.show, first.key).row.reason
    assert why == f"{refusal.reason}; when that is mended: postroom outbox release {first.key}"
    assert [one.edition.key for one in outbox.claim()] == [other.key]
    outbox.ledger.write(operate.release, first.key, NOW)
    assert [one.delivery.attempts for one in outbox.claim()] == [1, 1]


def test_a_deferred_delivery_waits_until_its_time(outbox) -> None:
    outbox.freeze("ada")
    outbox.record(outbox.claim(), Deferred(reason="451 4.7.1"), retry_at=LATER)
    assert outbox.claim() == []
    again = outbox.claim(now=LATER)[0].delivery
    assert (again.attempts, again.reason, again.first_begun_at) == (2, "451 4.7.1", NOW)


def test_a_lost_answer_is_tried_again_once_with_the_same_message_id(outbox) -> None:
    outbox.freeze("ada")
    first = outbox.claim()
    outbox.record(first, Unknown(reason="lost"), retry_at=NOW)
    second = outbox.claim()
    assert second[0].delivery.message_id == first[0].delivery.message_id
    outbox.record(second, Unknown(reason="lost again"), retry_at=NOW)
    assert outbox.states() == ["uncertain"]
    assert [row.doubts for row in outbox.deliveries()] == [2]


def test_a_repeat_that_arrives_keeps_its_doubt(outbox) -> None:
    outbox.freeze("ada", "bea")
    claimed = outbox.claim()
    outbox.record(claimed[:1], Unknown(reason="lost"), retry_at=NOW)
    outbox.record(claimed[1:], SENT)
    outbox.record(outbox.claim(), SENT)
    assert [(row.delivery.attempts, row.doubts) for row in outbox.deliveries()] == [(2, 1), (1, 0)]


def test_where_the_edition_says_so_a_lost_answer_is_left_to_a_person(outbox) -> None:
    outbox.freeze("ada", hold_when_uncertain=True)
    outbox.record(outbox.claim(), Unknown(reason="lost"), retry_at=NOW)
    assert outbox.states() == ["uncertain"]


def test_results_of_somebody_elses_deliveries_are_refused(outbox) -> None:
    outbox.freeze("ada", "bea")
    mine, theirs = outbox.claim(1), outbox.claim(1, owner="other")
    assert outbox.record(mine + theirs, SENT) == [theirs[0].delivery.id]
    assert outbox.states() == ["sent", "sending"]
    assert outbox.counts() == {"rows_read": 2, "recipients": 2, "sending": 1, "sent": 1}


def test_a_result_is_written_once(outbox) -> None:
    outbox.freeze("ada")
    claimed = outbox.claim()
    assert outbox.record(claimed, SENT) == []
    assert outbox.record(claimed, Refused(reason="550")) == [claimed[0].delivery.id]
    assert outbox.states() == ["sent"]


def test_the_last_of_two_results_for_one_delivery_does_not_break_the_accounts(outbox) -> None:
    outbox.freeze("ada", "bea")
    claimed = outbox.claim(1)
    outbox.record([*claimed, *claimed], SENT)
    assert outbox.counts() == {"rows_read": 2, "recipients": 2, "queued": 1, "sent": 1}


def test_no_results_change_nothing(outbox) -> None:
    outbox.freeze("ada")
    assert outbox.record([], SENT) == []


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (SENT, "sent"),
        (Deferred(reason="451"), "cancelled"),
        (Refused(reason="550"), "failed"),
        (Unknown(reason="lost"), "uncertain"),
    ],
)
def test_what_was_in_flight_when_its_edition_was_cancelled_is_not_queued_again(
    outbox, outcome: Outcome, state: str
) -> None:
    outbox.freeze("ada", "bea")
    claimed = outbox.claim(1)
    outbox.ledger.write(operate.cancel, "post-rooms", "a mistake", NOW)
    outbox.record(claimed, outcome, retry_at=NOW)
    assert outbox.states() == [state, "cancelled"]
    assert outbox.state() == "cancelled"
    assert sum(outbox.counts().values()) == 2 + 2 + 2


def test_what_is_deferred_while_its_edition_is_held_waits_there(outbox) -> None:
    outbox.freeze("ada")
    claimed = outbox.claim()
    outbox.ledger.write(operate.hold, "post-rooms", "stop")
    outbox.record(claimed, Deferred(reason="451"), retry_at=NOW)
    assert outbox.claim() == []
    outbox.ledger.write(operate.release, "post-rooms", NOW)
    assert len(outbox.claim()) == 1


def test_an_edition_held_after_its_last_message_is_finished_when_released(outbox) -> None:
    outbox.freeze("ada")
    claimed = outbox.claim()
    outbox.ledger.write(operate.hold, "post-rooms", "stop")
    outbox.record(claimed, SENT)
    assert outbox.state() == "held"
    outbox.ledger.write(operate.release, "post-rooms", NOW)
    assert outbox.state() == "finished"


def test_an_edition_whose_accounts_do_not_balance_is_held_and_its_results_kept(outbox) -> None:
    outbox.freeze("ada", "bea")
    claimed = outbox.claim()
    outbox.ledger.write(lambda c: c.exec_driver_sql("UPDATE delivery SET state = 'failed' WHERE id = 2"))
    outbox.ledger.write(lambda c: c.exec_driver_sql("UPDATE edition SET sending = 1, sent = 1"))
    outbox.record(claimed, SENT)
    (row,) = outbox.ledger.read(status.editions)
    assert row.state == "held"
    assert "accounts do not balance: sent is 2, found 1" in row.reason
    assert outbox.deliveries()[0].delivery.state == "sent"


def send_part(outbox, outcome: Outcome, **options: object) -> None:
    outbox.record(outbox.claim(1, carrier=PAGE), outcome, **options)


def freeze_thread(outbox, make_post) -> None:
    """A post with a reply and a first comment, for one account."""
    outbox.freeze("company", parts=3, content=make_post("one", "two"))


def test_a_part_is_due_only_when_the_one_before_it_was_sent(outbox, make_post) -> None:
    freeze_thread(outbox, make_post)
    for number in range(3):
        (claimed,) = outbox.claim(carrier=PAGE)
        assert claimed.delivery.part == number
        assert claimed.delivery.parent_id == (f"urn:{number - 1}" if number else None)
        assert outbox.counts() == {"rows_read": 1, "recipients": 1, "sending": 1}
        outbox.record([claimed], Sent(reply="201", remote_id=f"urn:{number}"))
    assert outbox.counts() == {"rows_read": 1, "recipients": 1, "sent": 1}
    assert outbox.state() == "finished"


def test_between_two_parts_the_recipient_counts_as_queued(outbox, make_post) -> None:
    freeze_thread(outbox, make_post)
    send_part(outbox, SENT)
    assert outbox.counts() == {"rows_read": 1, "recipients": 1, "queued": 1}
    assert outbox.state() == "open"


def test_parts_after_one_that_failed_are_cancelled(outbox, make_post) -> None:
    freeze_thread(outbox, make_post)
    send_part(outbox, SENT)
    send_part(outbox, Refused(reason="422"))
    assert outbox.states() == ["sent", "failed", "cancelled"]
    assert outbox.counts() == {"rows_read": 1, "recipients": 1, "failed": 1}
    assert outbox.state() == "finished"


def test_parts_after_one_that_is_uncertain_wait_for_the_decision(outbox, make_post) -> None:
    freeze_thread(outbox, make_post)
    send_part(outbox, Unknown(reason="lost"))
    assert outbox.states() == ["uncertain", "queued", "queued"]
    assert outbox.claim(carrier=PAGE) == []


def test_a_thread_is_cancelled_as_a_whole(outbox, make_post) -> None:
    freeze_thread(outbox, make_post)
    send_part(outbox, SENT)
    outbox.ledger.write(operate.cancel, POST, "a mistake", NOW)
    assert outbox.states() == ["sent", "cancelled", "cancelled"]


def test_a_thread_cancelled_while_a_part_is_in_flight_ends_with_it(outbox, make_post) -> None:
    freeze_thread(outbox, make_post)
    claimed = outbox.claim(carrier=PAGE)
    outbox.ledger.write(operate.cancel, POST, "a mistake", NOW)
    outbox.record(claimed, SENT)
    assert outbox.states() == ["sent", "cancelled", "cancelled"]
    assert outbox.counts() == {"rows_read": 1, "recipients": 1, "cancelled": 1}
