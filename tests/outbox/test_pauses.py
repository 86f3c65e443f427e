"""Paused transports are named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from postroom.model import DeliveryState, Refused
from postroom.outbox import Ledger, operate, pauses
from postroom.outbox.standing import standing

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
NO_ROUTE = pauses.Trouble(reason="no route to host")
WRONG_PASSWORD = pauses.Trouble(reason="535 5.7.8", asked=5 * MINUTE, is_hopeless=True)


def pause(ledger: Ledger, name: str, reason: str, until: datetime | None) -> None:
    ledger.write(lambda c: operate.pause_transport(c, name, reason, until=until, now=NOW))


def test_a_pause_is_listed_until_it_ends(ledger: Ledger) -> None:
    pause(ledger, "mail", "421", NOW + HOUR)
    pause(ledger, "company-page", "401", None)
    names = [one.transport for one in ledger.read(operate.paused_transports, NOW)]
    assert names == ["company-page", "mail"]
    (left,) = ledger.read(operate.paused_transports, NOW + HOUR)
    assert (left.transport, left.reason, left.until, left.since) == ("company-page", "401", None, NOW)


def test_a_newer_pause_takes_the_place_of_an_older(ledger: Ledger) -> None:
    pause(ledger, "mail", "421", NOW + HOUR)
    pause(ledger, "mail", "535", None)
    assert [one.reason for one in ledger.read(operate.paused_transports, NOW)] == ["535"]


def test_a_transport_is_not_late_for_the_time_it_rested(outbox) -> None:
    outbox.freeze("ada")
    pause(outbox.ledger, "mail", "421", NOW + HOUR)
    (waiting,) = outbox.ledger.read(standing, NOW + HOUR + timedelta(minutes=1)).waiting
    assert waiting.worked_at == NOW + HOUR


def test_resuming_tells_whether_there_was_a_pause(ledger: Ledger) -> None:
    pause(ledger, "mail", "421", None)
    assert ledger.write(operate.resume_transport, "mail")
    assert not ledger.write(operate.resume_transport, "mail")


@pytest.mark.parametrize(("apart", "is_over"), [(6 * MINUTE, True), (timedelta(weeks=1), False)])
def test_three_refused_log_ins_need_a_person_only_where_they_come_in_a_row(
    ledger: Ledger, apart: timedelta, is_over: bool
) -> None:
    rests = [ledger.write(pauses.rest, "mail", WRONG_PASSWORD, NOW + turn * apart) for turn in range(3)]
    assert [one.until is None for one in rests] == [False, False, is_over]


def again(outbox, how: str) -> None:
    failed = outbox.deliveries()[0].delivery.id
    at = NOW + 6 * MINUTE
    if how == "retry":
        outbox.ledger.write(operate.retry, "post-rooms", [DeliveryState.FAILED], at)
    else:
        outbox.ledger.write(operate.resolve, failed, DeliveryState.QUEUED, at)


@pytest.mark.parametrize("how", ["retry", "resolve"])
def test_faults_are_counted_anew_once_a_person_has_something_tried_again(outbox, how: str) -> None:
    outbox.freeze("ada")
    outbox.record(outbox.claim(), Refused(reason="550"))
    outbox.ledger.write(pauses.rest, "mail", NO_ROUTE, NOW)
    again(outbox, how)
    assert outbox.ledger.write(pauses.rest, "mail", NO_ROUTE, NOW + 9 * MINUTE).since == NOW + 6 * MINUTE


def test_a_persons_pause_is_as_old_as_it_is_whatever_is_tried_again(outbox) -> None:
    outbox.freeze("ada")
    outbox.record(outbox.claim(), Refused(reason="550"))
    pause(outbox.ledger, "mail", "by hand", None)
    again(outbox, "retry")
    assert [one.since for one in outbox.ledger.read(operate.paused_transports, NOW + HOUR)] == [NOW]
