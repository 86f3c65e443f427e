"""Paused transports are named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from postroom.outbox import Ledger, operate
from postroom.outbox.standing import standing

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


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
