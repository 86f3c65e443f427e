"""Told once per cause: also over a restart, and again when a cause comes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from postroom.outbox import Ledger, notices
from postroom.outbox.notices import KEPT, QUIET
from postroom.outbox.tables import notice

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Cause:
    id: str


HELD, PAUSED = Cause("held:a"), Cause("paused:mail")


def new(ledger: Ledger, *causes: Cause, at: Any, place: str = "slack:1") -> list[str]:
    """What is new at a place, which is then told all of it."""
    found = ledger.write(notices.new, place, causes, at)
    ledger.write(notices.tell, place, [each.id for each in found], at)
    return [each.id for each in found]


def test_a_cause_is_new_until_it_was_told(ledger: Ledger) -> None:
    assert ledger.write(notices.new, "slack:1", [HELD], NOW) == (HELD,)
    assert ledger.write(notices.new, "slack:1", [HELD], NOW) == (HELD,)
    ledger.write(notices.tell, "slack:1", [HELD.id], NOW)
    assert ledger.write(notices.new, "slack:1", [HELD, PAUSED], NOW) == (PAUSED,)


def test_a_restart_tells_nothing_twice(url: str, ledger: Ledger) -> None:
    assert new(ledger, HELD, PAUSED, at=NOW) == ["held:a", "paused:mail"]
    ledger.close()
    with Ledger(url) as opened:
        assert new(opened, HELD, PAUSED, at=NOW + MINUTE) == []


def test_what_was_gone_for_a_while_is_told_again(ledger: Ledger) -> None:
    new(ledger, HELD, at=NOW)
    assert new(ledger, at=NOW + MINUTE) == []
    assert new(ledger, HELD, at=NOW + MINUTE + QUIET) == ["held:a"]
    assert new(ledger, HELD, at=NOW + 2 * MINUTE + QUIET) == []


def test_what_comes_and_goes_is_one_cause(ledger: Ledger) -> None:
    # A server that is down: the transport rests five minutes, tries, and rests again.
    new(ledger, PAUSED, at=NOW)
    for number in range(1, 60, 6):
        assert new(ledger, at=NOW + number * MINUTE) == []
        assert new(ledger, PAUSED, at=NOW + (number + 1) * MINUTE) == []


def test_each_place_is_told_for_itself(ledger: Ledger) -> None:
    assert new(ledger, HELD, at=NOW, place="slack:1") == ["held:a"]
    assert new(ledger, HELD, at=NOW, place="slack:12") == ["held:a"]
    assert new(ledger, at=NOW + MINUTE, place="slack:12") == []
    assert new(ledger, HELD, at=NOW + MINUTE + QUIET, place="slack:1") == []


def test_a_place_with_wildcards_in_its_name_is_no_other(ledger: Ledger) -> None:
    new(ledger, HELD, at=NOW, place="slackx1")
    assert new(ledger, HELD, at=NOW, place="slack_1") == ["held:a"]
    assert new(ledger, HELD, at=NOW, place="%") == ["held:a"]


def test_what_is_long_gone_is_forgotten(ledger: Ledger) -> None:
    new(ledger, HELD, at=NOW)
    new(ledger, at=NOW)
    new(ledger, at=NOW + KEPT + MINUTE)
    assert ledger.read(lambda c: c.execute(select(func.count()).select_from(notice)).scalar_one()) == 0


def test_what_was_told_together_counts_once(ledger: Ledger) -> None:
    new(ledger, HELD, at=NOW)
    new(ledger, HELD, PAUSED, Cause("late:mail"), at=NOW + MINUTE)
    assert ledger.read(notices.told_since, "slack:1", NOW - MINUTE) == 2
    assert ledger.read(notices.told_since, "slack:1", NOW) == 1
    assert ledger.read(notices.told_since, "slack:2", NOW - MINUTE) == 0
