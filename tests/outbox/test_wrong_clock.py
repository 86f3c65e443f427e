"""What a clock that was wrong has put off does not stay put off once it is right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from postroom.model import Deferred, Scope, Unknown
from postroom.outbox import Ledger, claim, figures, meta, operate, pace, pauses, upcoming

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MINUTE, HOUR, YEAR = timedelta(minutes=1), timedelta(hours=1), timedelta(days=365)
AHEAD = NOW + YEAR
GREYLISTED = Deferred(reason="450 greylisted")


def work(ledger: Ledger, now: datetime) -> None:
    """Tick, as far as the ledger sees it."""
    ledger.write(meta.beat, now)


def dues(outbox) -> set[datetime]:
    return {row.delivery.due_at for row in outbox.deliveries()}


@pytest.mark.parametrize("ahead", [HOUR, YEAR])
def test_a_rest_that_was_set_ahead_of_time_does_not_count(outbox, ahead: timedelta) -> None:
    outbox.freeze("ada")
    outbox.ledger.write(pauses.rest, "mail", pauses.Trouble(reason="no route"), NOW + ahead)
    hand = claim.Hand(carrier=claim.Carrier("mail", "smtp"), owner="me")
    assert outbox.ledger.read(operate.paused_transports, NOW) == ()
    assert outbox.ledger.read(upcoming.next_claim, hand, NOW) == NOW
    assert len(outbox.claim()) == 1


def test_a_rest_set_by_a_host_that_is_a_little_ahead_counts(outbox) -> None:
    outbox.freeze("ada")
    outbox.ledger.write(pauses.rest, "mail", pauses.Trouble(reason="no route"), NOW + MINUTE / 2)
    assert outbox.claim() == []
    assert len(outbox.ledger.read(operate.paused_transports, NOW)) == 1


def test_a_persons_pause_stands_whatever_the_clock_said(outbox) -> None:
    outbox.freeze("ada")
    outbox.ledger.write(lambda c: operate.pause_transport(c, "mail", "by hand", until=None, now=AHEAD))
    work(outbox.ledger, AHEAD)
    work(outbox.ledger, NOW)
    assert outbox.claim() == []
    assert len(outbox.ledger.read(operate.paused_transports, NOW)) == 1


def test_a_rest_that_began_in_time_and_was_prolonged_ahead_of_it_is_forgotten(outbox) -> None:
    outbox.freeze("ada")
    trouble = pauses.Trouble(reason="no route")
    outbox.ledger.write(pauses.rest, "mail", trouble, NOW - 3 * MINUTE)
    assert outbox.ledger.write(pauses.rest, "mail", trouble, NOW + 20 * HOUR).since == NOW - 3 * MINUTE
    assert outbox.claim() == []
    work(outbox.ledger, NOW + 20 * HOUR)
    work(outbox.ledger, NOW)
    assert len(outbox.claim()) == 1


def test_what_was_deferred_ahead_of_time_is_due_once_the_clock_is_right(outbox) -> None:
    outbox.freeze("ada")
    outbox.record(outbox.claim(now=AHEAD), GREYLISTED, retry_at=AHEAD + 10 * MINUTE, now=AHEAD)
    work(outbox.ledger, AHEAD)
    assert outbox.claim() == []
    work(outbox.ledger, NOW)
    (taken,) = outbox.claim()
    assert taken.delivery.first_begun_at == NOW
    assert outbox.counts() == {"rows_read": 1, "recipients": 1, "sending": 1}


def test_who_may_have_got_it_ahead_of_time_still_waits_a_while(outbox) -> None:
    outbox.freeze("ada")
    outbox.record(outbox.claim(now=AHEAD), Unknown(reason="lost"), retry_at=AHEAD + 25 * MINUTE, now=AHEAD)
    work(outbox.ledger, AHEAD)
    work(outbox.ledger, NOW)
    assert dues(outbox) == {NOW + 15 * MINUTE}


def test_what_waits_for_its_domain_ahead_of_time_is_due_once_the_clock_is_right(outbox) -> None:
    outbox.freeze("ada", "bea", "cleo")
    limits = pace.Limits(domain_gap=MINUTE)
    assert len(outbox.claim(now=AHEAD, limits=limits)) == 1
    work(outbox.ledger, AHEAD)
    work(outbox.ledger, NOW)
    assert len(outbox.claim(owner="other")) == 2


def test_what_was_deferred_in_time_keeps_its_wait(outbox) -> None:
    outbox.freeze("ada")
    outbox.record(outbox.claim(), GREYLISTED, retry_at=NOW + HOUR)
    work(outbox.ledger, AHEAD)
    work(outbox.ledger, NOW + MINUTE)
    assert dues(outbox) == {NOW + HOUR}


def test_a_clock_that_goes_on_moves_nothing(outbox) -> None:
    outbox.freeze("ada")
    outbox.record(outbox.claim(), GREYLISTED, retry_at=NOW + HOUR)
    for moment in (NOW, NOW + MINUTE, NOW + MINUTE / 2):
        work(outbox.ledger, moment)
    assert dues(outbox) == {NOW + HOUR}


def test_a_limit_that_was_used_up_ahead_of_time_hides_nothing(ledger: Ledger) -> None:
    complaint = pace.Complaint(transport="mail", domain="slow.example", begun=AHEAD)
    ledger.write(pace.slow_down, complaint, AHEAD)
    assert ledger.read(figures.limited, NOW) == frozenset()
    assert ledger.read(figures.limited, AHEAD) == {"mail"}


def test_what_was_tried_in_time_and_put_off_ahead_of_it_for_its_domain_is_due_again(outbox) -> None:
    outbox.freeze("ada")
    outbox.record(outbox.claim(), GREYLISTED, retry_at=NOW + 10 * MINUTE)
    complaint = pace.Complaint(transport="mail", domain="example.com", begun=AHEAD)
    outbox.ledger.write(pace.slow_down, complaint, AHEAD)
    assert outbox.claim(now=AHEAD) == []
    assert min(dues(outbox)) > AHEAD
    work(outbox.ledger, AHEAD)
    work(outbox.ledger, NOW + 20 * MINUTE)
    assert dues(outbox) == {NOW + 20 * MINUTE}


def test_what_was_tried_in_time_and_put_back_ahead_of_it_with_its_edition_is_due_again(outbox) -> None:
    outbox.freeze("ada", "bea")
    outbox.record(outbox.claim(), GREYLISTED, retry_at=NOW + 10 * MINUTE)
    no_sender = Deferred(reason="451 4.1.8 no such sender", scope=Scope.EDITION)
    outbox.record(outbox.claim(1, now=AHEAD), no_sender, retry_at=AHEAD + HOUR, now=AHEAD)
    assert dues(outbox) == {AHEAD + HOUR}
    work(outbox.ledger, AHEAD)
    work(outbox.ledger, NOW + 20 * MINUTE)
    assert dues(outbox) == {NOW + 20 * MINUTE}


def test_what_is_to_go_out_much_later_keeps_its_time(outbox) -> None:
    outbox.freeze("ada", due_at=NOW + YEAR / 2)
    work(outbox.ledger, AHEAD)
    work(outbox.ledger, NOW)
    assert dues(outbox) == {NOW + YEAR / 2}
