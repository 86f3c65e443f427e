"""Small bars: as many as numbers, in their order of size."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from postroom.cli.sparkline import BARS, sparkline

NUMBERS = st.lists(st.integers(0, 10**9) | st.floats(0, 1e9), max_size=50)


def test_bars_go_from_nought_to_the_highest() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == BARS
    assert sparkline([0, 0]) == "▁▁"
    assert sparkline([]) == ""


def test_what_is_not_nought_is_seen_however_small() -> None:
    assert sparkline([0, 1, 1_000_000]) == "▁▂█"


@given(numbers=NUMBERS)
def test_a_larger_number_never_has_a_lower_bar(numbers) -> None:
    drawn = sparkline(numbers)
    assert len(drawn) == len(numbers)
    heights = sorted(zip(numbers, map(BARS.index, drawn), strict=True))
    assert all(lower[1] <= higher[1] for lower, higher in pairwise(heights))
