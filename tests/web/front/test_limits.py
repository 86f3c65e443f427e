"""A form may be sent so often and no oftener, and whoever sends many fills no memory."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.web.front import limits
from postroom.web.front.limits import Limiter, Rate, network_of


class Clock:
    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@given(
    st.integers(1, 6),
    st.integers(1, 20),
    st.lists(st.floats(0, 30), min_size=1, max_size=60),
)
def test_in_no_time_more_pass_than_the_burst_and_one_each_interval(
    burst: int, seconds: int, pauses: list[float]
) -> None:
    clock = Clock()
    limiter = Limiter(Rate(burst=burst, seconds=seconds), clock)
    passed = []
    for pause in pauses:
        clock.seconds += pause
        if limiter.wait("one") == 0:
            passed.append(clock.seconds)
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            assert last - first + 1 <= burst + (passed[last] - passed[first]) / seconds + 1e-6


def test_who_waits_as_long_as_told_passes_and_not_before() -> None:
    clock = Clock()
    limiter = Limiter(Rate(burst=2, seconds=30), clock)
    assert [limiter.wait("one") for _ in range(3)] == [0, 0, 30]
    clock.seconds += 29
    assert limiter.wait("one") == 1
    clock.seconds += 1
    assert limiter.wait("one") == 0


def test_one_network_takes_nothing_from_another() -> None:
    limiter = Limiter(Rate(burst=1, seconds=30), Clock())
    assert [limiter.wait(name) for name in ("one", "two", "one")] == [0, 0, 30]


def test_only_so_many_networks_are_remembered(monkeypatch) -> None:
    monkeypatch.setattr(limits, "MOST_NETWORKS", 100)
    limiter = Limiter(Rate(burst=1, seconds=30), Clock())
    for number in range(1000):
        limiter.wait(str(number))
    assert len(limiter._due) == 100
    assert limiter.wait("999") == 30


@pytest.mark.parametrize(
    ("one", "other", "are_same"),
    [
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("2001:db8:1:2::7", "2001:db8:1:2:ffff::1", True),
        ("2001:db8:1:2::7", "2001:db8:1:3::7", False),
        ("::ffff:192.0.2.7", "192.0.2.7", True),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.8", False),
        ("fe80::1%eth0", "fe80::1%eth1", True),
        ("testclient", "", True),
    ],
)
def test_a_network_is_an_ipv4_address_or_64_bits_of_an_ipv6_address(
    one: str, other: str, are_same: bool
) -> None:
    assert (network_of(one) == network_of(other)) is are_same
