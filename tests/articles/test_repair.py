from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.articles.matter import MatterError, Plain
from postroom.articles.repair import as_it_looks, quoted, read_by_line
from postroom.articles.yaml_matter import read_yaml


@pytest.mark.parametrize(
    ("written", "meant", "corrected"),
    [
        ("'What's next'", "What's next", '"What\'s next"'),
        (r"'DeepSeek\'s'", "DeepSeek's", '"DeepSeek\'s"'),
        ("'It''s John's'", "It's John's", "\"It's John's\""),
        ("'x'  // placeholder", "x", "'x'"),
        ("'x' <!-- later -->", "x", "'x'"),
        ("'x',", "x", "'x'"),
        ('"He said "hi" twice"', 'He said "hi" twice', "'He said \"hi\" twice'"),
        (r'"A \ud83d\ude80 start"', "A 🚀 start", "'A 🚀 start'"),
        (r'"C:\path"', r"C:\path", r"'C:\path'"),
        ("RAG: the new way", "RAG: the new way", "'RAG: the new way'"),
        ("[Draft] of a story", "[Draft] of a story", "'[Draft] of a story'"),
        ("'AI' is here: now", "'AI' is here: now", "\"'AI' is here: now\""),
        ("'Tis the season: joy", "'Tis the season: joy", '"\'Tis the season: joy"'),
        ("'never closed", "never closed", "'never closed'"),
        ("*bold* words", "*bold* words", "'*bold* words'"),
        ("@someone", "@someone", "'@someone'"),
        ("{{ title }}", "{{ title }}", "'{{ title }}'"),
    ],
)
def test_a_broken_value_is_read_as_it_looks(written: str, meant: str, corrected: str) -> None:
    matter, repairs = read_by_line(f"author: Ann\ntitle: {written}\n")
    assert matter == {"author": "Ann", "title": meant}
    assert matter.lines == {"author": 0, "title": 1}
    assert [(repair.line, repair.corrected) for repair in repairs] == [(1, f"title: {corrected}")]
    assert read_yaml(repairs[0].corrected) == {"title": meant}, "the correction is YAML"


def test_what_yaml_can_read_beside_a_broken_line_is_left_to_yaml() -> None:
    text = (
        "title: 'What's next'\n# a remark\nsummary: >\n  folded\n  text\ntags:\n- one\n- two\n"
        "social:\n  linkedin:\n    hook: Fine\n"
    )
    matter, repairs = read_by_line(text)
    assert matter["summary"] == "folded text\n"
    assert matter["tags"] == ["one", "two"]
    assert matter["social"] == {"linkedin": {"hook": "Fine"}}
    assert len(repairs) == 1


def test_broken_lines_are_mended_inside_lists_and_mappings() -> None:
    text = (
        "tags: ['What's on', b]\nlist:\n  - a: b: c\n  - fine\nsocial:\n  linkedin:\n    hook: It's: here\n"
    )
    matter, repairs = read_by_line(text)
    assert matter["tags"] == ["What's on", "b"]
    assert matter["list"] == ["a: b: c", "fine"]
    assert matter["social"] == {"linkedin": {"hook": "It's: here"}}
    assert [repair.line for repair in repairs] == [0, 2, 6]


@pytest.mark.parametrize(
    "text", ["  title: x\nauthor: y\n", "\ttitle: x\nauthor: y\n", "author: y\n  title: x\n"]
)
def test_a_key_that_is_wrongly_indented_is_taken_to_the_margin(text: str) -> None:
    matter, repairs = read_by_line(text)
    assert dict(matter) == {"title": "x", "author": "y"}
    assert [repair.corrected for repair in repairs] == ["title: x"]


def test_a_known_key_without_a_blank_behind_its_colon_is_read() -> None:
    matter, repairs = read_by_line("title:Hello\nauthor: x\n")
    assert dict(matter) == {"title": "Hello", "author": "x"}
    assert repairs[0].corrected == "title: Hello"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("title: a: b\ngarbage\n", 1, "not of the form `key: value`"),
        ("title: a: b\ntitle: c\n", 1, "given twice"),
        ("title: a: b\nmap: {a: {b}\n", 1, "not a valid mapping"),
        ("list:\n  - a: b: c\n  oops\n", 2, "`- item`"),
    ],
)
def test_what_cannot_be_understood_is_named_with_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(MatterError, match=said) as caught:
        read_by_line(text)
    assert caught.value.line == line


def test_values_without_quotes_keep_their_type_open() -> None:
    assert isinstance(as_it_looks("8 mins"), Plain)
    assert not isinstance(as_it_looks("'8 mins'"), Plain)


@given(
    st.text(st.characters(exclude_categories=["C"]), min_size=1)
    .map(lambda text: " ".join(text.split()))
    .filter(bool)
)
@settings(derandomize=True, deadline=None, max_examples=300)
def test_every_correction_is_yaml_that_says_the_same(value: str) -> None:
    assert read_yaml(f"key: {quoted(value)}") == {"key": value}


@given(st.text(max_size=200))
@settings(derandomize=True, deadline=None, max_examples=300)
def test_no_text_breaks_the_second_reading(text: str) -> None:
    with suppress(MatterError):
        matter, _ = read_by_line(text)
        assert set(matter) == set(matter.lines)
