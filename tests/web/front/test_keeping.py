"""What is kept is bounded, and never older than it says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from postroom.web.front.keeping import Keeper, kept

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def test_an_answer_is_found_for_its_version_alone() -> None:
    keeper = Keeper()
    made = keeper.keep("a", 1, kept(b"one", {}, NOW))
    assert keeper.find("a", 1) is made
    assert keeper.find("a", 2) is None
    assert keeper.find("b", 1) is None


def test_what_is_asked_for_least_gives_way() -> None:
    keeper = Keeper(most_bytes=250)
    for name in "abc":
        keeper.keep(name, 1, kept(b"x" * 100, {}, NOW))
        keeper.find("a", 1)
    assert [keeper.find(name, 1) is not None for name in "abc"] == [True, False, True]


def test_what_takes_the_place_of_another_counts_once() -> None:
    keeper = Keeper(most_bytes=250)
    keeper.keep("a", 1, kept(b"x" * 100, {}, NOW))
    for version in range(50):
        keeper.keep("b", version, kept(b"y" * 100, {}, NOW))
    assert keeper.find("a", 1) is not None


def test_the_same_bytes_are_as_old_as_before_and_others_are_younger() -> None:
    keeper = Keeper()
    keeper.keep("a", 1, kept(b"one", {}, NOW))
    assert keeper.keep("a", 2, kept(b"one", {}, NOW + timedelta(hours=1))).modified == NOW
    assert keeper.keep("a", 3, kept(b"two", {}, NOW)).modified == NOW + timedelta(seconds=1)
    assert keeper.keep("a", 4, kept(b"two", {}, NOW, status=410)).modified > NOW + timedelta(seconds=1)
