"""Waiting grows, varies, obeys, and ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.model import Deferred, Scope, Unknown
from postroom.retry import rest, retry_at

DUE = datetime(2026, 11, 22, 9, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LATER = Deferred(reason="450 4.2.0 greylisted")
LOST = Unknown(reason="the connection broke after the final dot")


def wait(outcome: Deferred | Unknown, attempts: int = 1, seed: str = "edition/1") -> timedelta:
    again = retry_at(
        outcome, attempts=attempts, first_begun=DUE, now=DUE, give_up_after=timedelta(days=5), seed=seed
    )
    assert again is not None
    return again - DUE


@given(st.text())
def test_the_first_wait_suits_a_greylisting_host(seed: str) -> None:
    assert 5 * MINUTE <= wait(LATER, 1, seed) <= 15 * MINUTE


@given(st.integers(0, 10_000), st.text())
def test_a_wait_is_never_under_5_minutes_nor_over_4_hours(attempts: int, seed: str) -> None:
    assert 5 * MINUTE <= wait(LATER, attempts, seed) <= 4 * HOUR


@given(st.integers(0, 100), st.text())
def test_after_a_lost_answer_at_least_15_minutes_pass(attempts: int, seed: str) -> None:
    assert wait(LOST, attempts, seed) >= 15 * MINUTE


@pytest.mark.parametrize(
    ("attempts", "middle"), [(1, 10), (2, 20), (3, 40), (4, 80), (5, 160), (6, 160), (60, 160)]
)
def test_the_wait_doubles_up_to_its_longest(attempts: int, middle: int) -> None:
    waits = [wait(LATER, attempts, str(seed)) for seed in range(400)]
    average = sum(waits, timedelta()) / len(waits)
    assert abs(average - middle * MINUTE) < 0.1 * middle * MINUTE


def test_the_jitter_is_drawn_from_the_delivery_and_its_attempt() -> None:
    assert wait(LATER, 3, "a") == wait(LATER, 3, "a")
    assert len({wait(LATER, 3, str(seed)) for seed in range(1000)}) > 990
    assert wait(LATER, 5, "a") != wait(LATER, 6, "a")


@given(st.timedeltas(MINUTE, timedelta(days=4)), st.integers(1, 20))
def test_a_time_that_the_other_side_named_is_obeyed(asked: timedelta, attempts: int) -> None:
    assert asked <= wait(Deferred(reason="429", after=asked), attempts) <= asked + MINUTE


@pytest.mark.parametrize("asked", [timedelta(), -HOUR, timedelta(milliseconds=1)])
def test_a_server_cannot_make_us_spin(asked: timedelta) -> None:
    assert wait(Deferred(reason="429", after=asked)) >= MINUTE


def test_a_server_that_asks_for_ever_is_given_up() -> None:
    never = Deferred(reason="429", after=timedelta.max)
    assert retry_at(never, attempts=1, first_begun=DUE, now=DUE, give_up_after=48 * HOUR, seed="") is None


@pytest.mark.parametrize("scope", Scope)
def test_nothing_is_tried_past_the_deadline(scope: Scope) -> None:
    def at(hours: float) -> datetime | None:
        now = DUE + hours * HOUR
        outcome = Deferred(reason="4xx", scope=scope)
        return retry_at(outcome, attempts=9, first_begun=DUE, now=now, give_up_after=48 * HOUR, seed="x")

    assert at(43.9) is not None
    assert at(48) is None
    assert at(400) is None
    latest = at(44)
    assert latest is not None
    assert latest <= DUE + 48 * HOUR


def test_a_host_that_is_down_for_a_day_is_tried_often_enough() -> None:
    now, tries = DUE, 0
    while (
        again := retry_at(
            LATER, attempts=tries + 1, first_begun=DUE, now=now, give_up_after=48 * HOUR, seed="x"
        )
    ) is not None:
        now, tries = again, tries + 1
    assert 15 <= tries <= 40


@given(st.integers(0, 10_000_000), st.text())
def test_a_rest_is_never_under_5_minutes_nor_over_an_hour(seconds: int, seed: str) -> None:
    assert 5 * MINUTE <= rest(timedelta(seconds=seconds), seed) <= HOUR


def test_rests_grow_to_nearly_twice_as_long_each_time() -> None:
    failing, waits = timedelta(0), []
    for _ in range(8):
        waits.append(rest(failing, "mail"))
        failing += waits[-1]
    assert waits[0] == 5 * MINUTE
    assert all(1.5 <= later / earlier <= 2.3 for earlier, later in pairwise(waits[:4]))
    assert all(wait >= 46 * MINUTE for wait in waits[5:])
    assert len(set(waits)) == len(waits)
