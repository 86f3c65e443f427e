"""Who works on the ledger, and who has fallen silent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from postroom.outbox import Ledger, presence

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def silence(ledger: Ledger, owner: str, span: timedelta) -> None:
    """Let `owner` have been silent for so long, by whatever clock the ledger goes."""
    micros = span // timedelta(microseconds=1)
    change = text("UPDATE worker SET beat_at = beat_at - :span WHERE name = :name")
    ledger.write(lambda c: c.execute(change, {"span": micros, "name": owner}).rowcount)


def dead(ledger: Ledger, now: datetime = NOW) -> set[str]:
    return ledger.write(presence.dead_owners, now)


@pytest.fixture
def two(ledger: Ledger) -> Ledger:
    """A ledger that two processes work on."""
    for number, name in enumerate(("ada", "bea"), start=1):
        ledger.write(presence.register, name, "host", number, NOW)
    return ledger


def test_who_registered_is_on_the_roll(two: Ledger) -> None:
    found = two.read(presence.roll)
    assert [(one.name, one.host, one.pid) for one in found] == [("ada", "host", 1), ("bea", "host", 2)]
    assert found[0].beat_at - found[0].started_at < SECOND
    assert dead(two) == set()


@pytest.mark.parametrize(("seconds", "is_dead"), [(55, False), (65, True)])
def test_who_is_silent_for_a_minute_is_dead(two: Ledger, seconds: int, is_dead: bool) -> None:
    silence(two, "ada", seconds * SECOND)
    assert dead(two) == ({"ada"} if is_dead else set())


def test_who_beats_again_lives(two: Ledger) -> None:
    silence(two, "ada", 65 * SECOND)
    assert two.write(presence.beat, "ada", NOW)
    assert dead(two) == set()


def test_beating_writes_only_now_and_then(two: Ledger) -> None:
    before = two.read(presence.roll)
    assert two.write(presence.beat, "ada", NOW)
    assert two.read(presence.roll) == before


def test_who_left_or_was_forgotten_must_register_again(two: Ledger) -> None:
    two.write(presence.leave, "ada")
    assert not two.write(presence.beat, "ada", NOW)
    silence(two, "bea", timedelta(days=2))
    two.write(presence.register, "ada", "host", 3, NOW)
    assert [one.name for one in two.read(presence.roll)] == ["ada"]
    assert not two.write(presence.beat, "bea", NOW)


def test_who_owns_deliveries_without_being_on_the_roll_is_dead(outbox) -> None:
    outbox.freeze("ada")
    outbox.claim(owner="ghost")
    assert dead(outbox.ledger) == {"ghost"}
    is_alive = outbox.ledger.write(presence.roll_call, NOW)
    assert not is_alive("ghost")
    assert is_alive("another")


@pytest.mark.sqlite_only
def test_on_sqlite_the_clock_is_the_callers(two: Ledger) -> None:
    assert dead(two, NOW + 61 * SECOND) == {"ada", "bea"}


def test_a_clock_that_was_set_back_keeps_nobody_from_beating(two: Ledger) -> None:
    silence(two, "ada", -3600 * SECOND)
    before = two.read(presence.roll)
    assert two.write(presence.beat, "ada", NOW)
    assert two.read(presence.roll) != before
