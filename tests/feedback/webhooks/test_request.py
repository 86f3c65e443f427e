"""A body is read only if everybody would read it the same."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.feedback.webhooks import request
from postroom.feedback.webhooks.request import Unreadable

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(max_size=6), plain))
def test_an_object_is_read_as_it_was_written(held: dict[str, object]) -> None:
    assert request.body_object(json.dumps(held).encode(), {}) == held


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '"{}"',
        '{"a": 1, "a": 1}',
        '{"a": {"b": 1, "b": 2}}',
        '{"a": NaN}',
        '{"a": Infinity}',
        '{"a": 1e400}',
        '{"a": -1e400}',
        '{"a": 123456789012345678901}',
        "{'a': 1}",
        '{"a": 1,}',
        '{"a": 1} {"b": 2}',
        '{"a": ' + "[" * 41 + "]" * 41 + "}",
        '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}",
        '{"a": ' + '{"a":' * 30_000,
        "\ufeff{}",
    ],
    ids=lambda text: text[:20],
)
def test_what_could_be_read_in_two_ways_is_not_read(text: str) -> None:
    with pytest.raises(Unreadable):
        request.body_object(text.encode(), {})


def test_brackets_within_a_text_nest_nothing() -> None:
    held = {"a": "[" * 1_000, "b": '\\"[{' * 500}
    assert request.body_object(json.dumps(held).encode(), {}) == held


@pytest.mark.parametrize("piece", ["[", '"', '\\"', "{", '"\\', "1", " "])
def test_the_largest_body_takes_no_time(piece: str) -> None:
    began = time.process_time()
    with pytest.raises(Unreadable):
        request.body_object((piece * request.MAX_BYTES)[: request.MAX_BYTES].encode(), {})
    assert time.process_time() - began < 1


def test_a_header_is_found_in_any_case_and_once() -> None:
    assert request.header({"X-A": "1"}, "x-a") == "1"
    assert request.header({"X-A": "1"}, "x-b") is None
    with pytest.raises(Unreadable):
        request.header({"X-A": "1", "x-a": "1"}, "x-a")


@pytest.mark.parametrize("name", ["Content-Type", "Content-Length"])
def test_a_body_described_twice_is_not_read(name: str) -> None:
    with pytest.raises(Unreadable):
        request.body_object(b"{}", {name: "1", name.lower(): "2"})


@pytest.mark.parametrize(
    ("read", "kind"),
    [(request.text, str), (request.whole, int), (request.inner, dict), (request.objects, list)],
)
@given(value=plain)
def test_a_field_is_what_was_asked_for_or_nothing(
    read: Callable[[request.Object, str], object], kind: type, value: object
) -> None:
    try:
        found = read({"a": value}, "a")
    except Unreadable:
        return
    assert isinstance(found, kind)
    assert not isinstance(found, bool)


def test_times_have_bounds_on_both_sides() -> None:
    hour = timedelta(hours=1)
    request.refuse_other_times(NOW - hour, NOW, hour)
    request.refuse_other_times(NOW + request.AHEAD, NOW, hour)
    for signed in (NOW - hour - timedelta(seconds=1), NOW + request.AHEAD + timedelta(seconds=1)):
        with pytest.raises(Unreadable):
            request.refuse_other_times(signed, NOW, hour)
