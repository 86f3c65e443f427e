"""Buckets: so many at once, so many a second, each for itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from postroom.web.front.buckets import Buckets

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_so_many_are_let_through_at_once_and_then_at_a_steady_rate() -> None:
    buckets = Buckets(burst=3, a_second=1)
    assert [buckets.take("a", NOW) for _ in range(5)] == [True, True, True, False, False]
    assert [buckets.take("a", NOW + timedelta(seconds=2)) for _ in range(3)] == [True, True, False]
    assert [buckets.take("a", NOW + timedelta(days=2)) for _ in range(4)] == [True, True, True, False]


def test_each_has_a_bucket_of_their_own() -> None:
    buckets = Buckets(burst=1, a_second=1)
    assert buckets.take("a", NOW)
    assert buckets.take("b", NOW)
    assert not buckets.take("a", NOW)


def test_a_clock_that_is_set_back_locks_nobody_out() -> None:
    buckets = Buckets(burst=2, a_second=1)
    assert all(buckets.take("a", NOW + timedelta(days=1)) for _ in range(2))
    assert [buckets.take("a", NOW + timedelta(seconds=at)) for at in range(4)] == [False, True, True, True]


def test_of_many_who_ask_the_buckets_of_the_first_are_forgotten() -> None:
    buckets = Buckets(burst=1, a_second=1)
    for number in range(10_001):
        assert buckets.take(str(number), NOW)
    assert buckets.take("0", NOW)
    assert not buckets.take("10000", NOW)


@given(st.lists(st.integers(0, 2_000_000), max_size=60), st.integers(1, 5), st.integers(1, 5))
def test_no_more_get_through_than_burst_and_rate_allow(gaps: list[int], burst: int, rate: int) -> None:
    buckets, now, taken = Buckets(burst=burst, a_second=rate), NOW, 0
    for gap in gaps:
        now += timedelta(microseconds=gap)
        taken += buckets.take("a", now)
    assert taken <= burst + (now - NOW).total_seconds() * rate + 1e-3
