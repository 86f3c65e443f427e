"""Who works on the ledger, and who has fallen silent."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from postroom.outbox import Ledger, presence
from postroom.pipeline.roll import Roll

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def silence(ledger: Ledger, owner: str, span: timedelta) -> None:
    """Let `owner` have been silent for so long, by whatever clock the ledger goes."""
    micros = span // timedelta(microseconds=1)
    change = text("UPDATE worker SET beat_at = beat_at - :span WHERE name = :name")
    ledger.write(lambda c: c.execute(change, {"span": micros, "name": owner}).rowcount)


def dead(ledger: Ledger, now: datetime = NOW, watch: presence.Watch | None = None) -> set[str]:
    """Name the dead; without a `watch` as one sees them who has watched them for long enough."""
    return ledger.write(presence.dead_owners, now, watch or presence.Watch(lambda: 0.0, 0.0))


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
    for name, span in (("bea", timedelta(days=2)), ("cleo", timedelta(hours=2))):
        two.write(presence.register, name, "host", 3, NOW)
        silence(two, name, span)
    two.write(presence.forget_dead, dead(two), NOW)
    assert [one.name for one in two.read(presence.roll)] == ["cleo"]
    assert not two.write(presence.beat, "bea", NOW)


def test_who_seems_silent_is_dead_only_to_whoever_watched_them(two: Ledger) -> None:
    """A clock that jumps on makes everybody seem silent; who lives gives another sign meanwhile."""
    clock = [0.0]
    watch = presence.Watch(lambda: clock[0], 40.0)
    for name in ("ada", "bea"):
        silence(two, name, timedelta(days=2))
    assert dead(two, watch=watch) == set()
    clock[0] = 39.0
    assert dead(two, watch=watch) == set()
    assert two.write(presence.beat, "bea", NOW)
    silence(two, "bea", timedelta(days=1))
    clock[0] = 40.0
    assert dead(two, watch=watch) == {"ada"}
    clock[0] = 80.0
    assert dead(two, watch=watch) == {"ada", "bea"}


def test_whoever_starts_strikes_nobody_off_however_the_clock_jumped(two: Ledger) -> None:
    silence(two, "ada", timedelta(days=2))
    two.write(presence.register, "cleo", "host", 3, NOW)
    assert {one.name for one in two.read(presence.roll)} == {"ada", "bea", "cleo"}


def test_only_who_has_something_in_hand_is_waited_for(outbox) -> None:
    outbox.freeze("ada")
    for name in ("idle", "busy"):
        outbox.ledger.write(presence.register, name, "host", 1, NOW)
    outbox.claim(owner="busy")
    assert outbox.ledger.read(presence.suspects, NOW) == set()
    for name in ("idle", "busy"):
        silence(outbox.ledger, name, 65 * SECOND)
    assert outbox.ledger.read(presence.suspects, NOW) == {"busy"}


def test_who_owns_deliveries_without_being_on_the_roll_is_dead(outbox) -> None:
    outbox.freeze("ada")
    outbox.claim(owner="ghost")
    assert dead(outbox.ledger) == {"ghost"}


@pytest.mark.sqlite_only
def test_on_sqlite_the_clock_is_the_callers(two: Ledger) -> None:
    assert dead(two, NOW + 61 * SECOND) == {"ada", "bea"}


def test_a_clock_that_was_set_back_keeps_nobody_from_beating(two: Ledger) -> None:
    silence(two, "ada", -3600 * SECOND)
    before = two.read(presence.roll)
    assert two.write(presence.beat, "ada", NOW)
    assert two.read(presence.roll) != before


def roll_on(ledger: Ledger, name: str) -> Roll:
    return Roll(ledger, name, "host", 1, lambda: NOW)


@pytest.mark.postgresql_only
@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(days=2)])
def test_a_servers_clock_that_jumps_on_has_no_living_process_judged(
    outbox, url: str, jump: timedelta, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looks first finds everybody silent, at a start too; but they have seen nobody be silent."""
    monkeypatch.setattr(presence, "EVERY", timedelta(days=1))  # signs are given by hand here
    outbox.freeze("ada")
    with Ledger(url) as first, Ledger(url) as second, Ledger(url) as third:
        sender, other, starting = (
            roll_on(one, name) for one, name in ((first, "a"), (second, "b"), (third, "c"))
        )
        sender.sign_on()
        other.sign_on()
        outbox.claim(owner="a")
        is_mine = sender.hold()
        for name in ("a", "b"):
            silence(outbox.ledger, name, jump)
        other.judge()
        starting.sign_on()
        assert outbox.states() == ["sending"]
        assert outbox.ledger.write(presence.beat, "a", NOW)
        assert is_mine()
        for one in (sender, other, starting):
            one.sign_off()


@pytest.mark.postgresql_only
def test_after_a_whole_outage_the_next_start_settles_what_the_dead_left(
    outbox, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "EVERY", timedelta(seconds=0.1))
    monkeypatch.setattr(presence, "STALLED", timedelta(seconds=0.6))
    outbox.freeze("ada")
    outbox.ledger.write(presence.register, "dead", "host", 1, NOW)
    outbox.claim(owner="dead")
    silence(outbox.ledger, "dead", timedelta(days=2))
    with Ledger(url) as ledger:
        starting = roll_on(ledger, "new")
        starting.sign_on()
        assert outbox.states() == ["sending"]
        starting.wait_for_judgement(threading.Event())
        assert outbox.states() == ["queued"]
        assert [one.name for one in ledger.read(presence.roll)] == ["new"]
        starting.sign_off()


@pytest.mark.postgresql_only
def test_nobody_comes_back_to_the_roll_by_a_sign_that_was_given_while_it_left(
    outbox, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "EVERY", timedelta(seconds=0.01))
    giving, give_sign = threading.Event(), Roll._give_sign

    def give_slowly(roll: Roll) -> None:
        giving.set()
        time.sleep(0.3)
        give_sign(roll)

    monkeypatch.setattr(Roll, "_give_sign", give_slowly)
    with Ledger(url) as ledger:
        leaving = roll_on(ledger, "a")
        leaving.sign_on()
        assert giving.wait(5)
        leaving.sign_off()
        time.sleep(0.5)
        assert list(ledger.read(presence.roll)) == []
