"""Claims about tags and languages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.audience.imports.labels import joined, language_of, tags_of


@pytest.mark.parametrize(
    ("cell", "tags"),
    [
        ("", ()),
        ("lead", ("lead",)),
        ("lead, paid", ("lead", "paid")),
        ("lead; paid", ("lead", "paid")),
        ('"GTM - 11/20","PBExpo, Airlines"', ("GTM - 11/20", "PBExpo, Airlines")),
        ('"Trade; Fair"', ("Trade; Fair",)),
        ("a,,b,a", ("a", "b")),
        ("two\nlines, b", ("two lines", "b")),
        ('"not closed, b', ("not closed, b",)),
    ],
)
def test_tags_are_read_as_programs_and_people_write_them(cell: str, tags: tuple[str, ...]) -> None:
    assert tags_of([cell]) == tags


def test_tags_of_several_columns_are_each_kept_once() -> None:
    assert tags_of(["a, b", "b, c"]) == ("a", "b", "c")


@given(st.lists(st.text(min_size=1, max_size=300)))
def test_joined_tags_are_read_as_they_were(tags: list[str]) -> None:
    plain = (" ".join(tag.split()) for tag in tags)
    assert tags_of([joined(tags)]) == tuple(dict.fromkeys(tag for tag in plain if tag))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("en", "en"),
        ("EN_gb", "en-GB"),
        ("pt_BR", "pt-BR"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("de-CH-1901", "de-CH-1901"),
        ("English", ""),
        ("", ""),
        ("fr, de", ""),
        ("x" * 500, ""),
    ],
)
def test_a_language_is_written_as_bcp_47_or_left_out(text: str, language: str) -> None:
    assert language_of(text) == language
