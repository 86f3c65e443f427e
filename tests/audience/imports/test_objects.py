"""Claims about finding objects in JSON: each with its line, in bounded memory."""

from __future__ import annotations

import io
import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.audience.imports.objects import Found, is_json, objects
from postroom.audience.records import Broken
from postroom.errors import AudienceError


def found(text: str) -> list[tuple[int, object]]:
    return [(each.line, each.value if isinstance(each, Found) else each.why) for each in read(text)]


def read(text: str) -> list[Found | Broken]:
    return list(objects(io.StringIO(text, newline=""), "people.json"))


def refused(text: str) -> str:
    with pytest.raises(AudienceError) as caught:
        read(text)
    return str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        '[{"a": "1"}, {"b": "2"}]',
        '\n[\n  {"a": "1"},\r\n  {\n "b": "2"}\n]\n',
        '{"a": "1"}\n{"b": "2"}\n',
        '\n{"a": "1"}\r\n\n  {"b": "2"}',
    ],
)
def test_objects_stand_in_a_list_or_a_line_each(text: str) -> None:
    assert [value for _, value in found(text)] == [[("a", "1")], [("b", "2")]]


def test_each_object_has_the_line_it_begins_on() -> None:
    assert [line for line, _ in found('[\n\n{"a":\n"1"},\n{"b": "2"}, {"c": "3"}\n]')] == [3, 5, 5]
    assert [line for line, _ in found('{"a": "1"}\n\n{"b": "2"}')] == [1, 3]


def test_numbers_are_kept_exactly_as_they_are_written() -> None:
    ((_, value),) = found(
        '[{"a": 1.10, "b": 12345678901234567890123, "c": 1e400, "d": NaN, "e": true, "f": null}]'
    )
    assert value == [
        ("a", "1.10"),
        ("b", "12345678901234567890123"),
        ("c", "1e400"),
        ("d", None),
        ("e", True),
        ("f", None),
    ]


def test_a_long_file_is_read_across_its_chunks() -> None:
    people = [{"email": f"p{number}@example.org", "note": "é" * (number % 300)} for number in range(2_000)]
    for text in (json.dumps(people), json.dumps(people, indent=2), "\n".join(map(json.dumps, people))):
        assert [dict(value) for _, value in found(text)] == people


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ('{"a": "1" "b": "2"}', "this is no JSON: expecting ',' delimiter"),
        ("{'a': 1}", "this is no JSON: expecting property name enclosed in double quotes"),
        ('{"a": "\x01"}', "this is no JSON: invalid control character"),
        ('{"a": ' + "[" * 50_000 + "]" * 50_000 + "}", "it is nested too deeply"),
        ('{"a": "' + "x" * (1 << 20) + '"}', "the object is longer than 1,048,576 characters"),
    ],
    ids=["comma", "quotation marks", "control character", "deep", "long"],
)
def test_a_broken_object_that_has_its_line_costs_no_other(broken: str, why: str) -> None:
    for text in (
        f'[\n{{"x": "1"}},\n{broken},\n{{"y": "2"}}\n]',
        f'{{"x": "1"}}\n\n{broken}\n{{"y": "2"}}\n',
    ):
        first, (line, told), last = found(text)
        assert (first[1], last[1]) == ([("x", "1")], [("y", "2")])
        assert line == 3
        assert str(told).startswith(why)


def test_the_last_object_of_a_list_may_be_broken_too() -> None:
    assert [line for line, _ in found('[\n{"x": "1"},\n{"y" "2"}\n]')] == [2, 3]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[{"a": "1"}, {"b"', "people.json:1: the file ends within the list"),
        ('[{"a": "1"},\n', "people.json:2: the file ends within the list"),
        ('[{"a": "1"}\n', "people.json:2: the file ends within the list"),
        ('[{"a": "1"} {"b": "2"}]', "people.json:1: expected a comma or the end of the list, found '{'"),
        ('[\n{"a":\n"1" "b": "2"},\n{"c": "3"}]', "people.json:3: this is no JSON: expecting ',' delimiter"),
        ('[{"a": "1"}]\n[{"b": "2"}]', "people.json:2: there is more behind the end of the list"),
        ('{\n  "members": []\n}', "people.json:1: this is neither a list of objects"),
        ("[{'a': 1}, {'b': 2}]", "people.json:1: this is no JSON"),
    ],
)
def test_where_nobody_knows_what_comes_next_the_file_is_refused(text: str, why: str) -> None:
    assert refused(text).startswith(why)


def test_what_is_hidden_in_a_broken_object_is_never_taken_for_one_of_the_list() -> None:
    text = '[\n{\n"email": "a@x" 1,\n"friends": [\n{"email": "friend@x"},\n{"email": "other@x"}\n]\n},\n{"b": "2"}\n]'
    assert "people.json:3: this is no JSON" in refused(text)


def test_other_values_are_given_as_they_are() -> None:
    assert [value for _, value in found('["a", 1, [], {"b": {"c": []}}]')] == [
        "a",
        "1",
        [],
        [("b", [("c", [])])],
    ]
    assert found("[]") == []


def test_json_is_told_by_its_first_sign() -> None:
    assert is_json(' \r\n[{"a"')
    assert is_json('{"a"')
    assert not is_json("email,name\n")
    assert not is_json("")


def test_a_string_without_end_is_not_held_in_memory() -> None:
    class Endless(io.TextIOBase):
        """Gives 200 million characters of one string."""

        def __init__(self) -> None:
            self.left = 200

        def read(self, size: int | None = -1) -> str:
            self.left -= 1
            return '[{"a": "' if self.left == 199 else "x" * min(1 << 20, size or 0) * (self.left > 0)

        def seek(self, offset: int, whence: int = 0) -> int:
            raise AssertionError

    tracemalloc.start()
    with pytest.raises(AudienceError):
        list(objects(Endless(), "endless"))  # type: ignore[arg-type]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 << 20


@given(
    st.lists(
        st.dictionaries(
            st.text(max_size=5), st.text(max_size=20) | st.integers() | st.booleans() | st.none()
        ),
        max_size=5,
    ),
    st.sampled_from([None, 0, 2]),
)
def test_whatever_json_writes_is_found(people: list[dict[str, object]], indent: int | None) -> None:
    text = json.dumps(people, indent=indent)
    kept = [
        {key: str(value) if type(value) is int else value for key, value in person.items()}
        for person in people
    ]
    assert [dict(value) for _, value in found(text)] == kept


@given(st.text('[]{}",:a1\\ \n-.', max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        lines = [line for line, _ in found(text)]
    except AudienceError:
        return
    assert lines == sorted(lines)
