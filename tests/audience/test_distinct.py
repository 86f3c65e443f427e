"""Counting people without remembering who they are."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from postroom.audience import Distinct


@given(st.lists(st.text(max_size=4)), st.lists(st.text(max_size=4)))
def test_everybody_is_counted_once_and_those_left_out_not_at_all(people: list[str], out: list[str]) -> None:
    distinct = Distinct()
    for person in people:
        distinct.add(person)
    assert distinct.count(without=out) == len(set(people) - set(out))


def test_a_hundred_thousand_people_take_no_more_than_a_few_megabytes() -> None:
    tracemalloc.start()
    distinct = Distinct()
    for number in range(100_000):
        distinct.add(f"reader{number}@example.org")
    assert distinct.count() == 100_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000_000
