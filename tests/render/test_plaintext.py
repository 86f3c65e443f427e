from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.render.markdown import parse
from postroom.render.plaintext import underlined
from postroom.render.wrap import columns, wrapped


def text(body: str, **options: object) -> str:
    return parse(body).text(**options)  # type: ignore[arg-type]


def test_headings_are_underlined() -> None:
    assert text("# One\n\n## Two") == "One\n===\n\nTwo\n---"


def test_links_are_numbered_and_listed_once() -> None:
    shown = text("[a](https://x.example/1), [b](https://x.example/2), [c](https://x.example/1)")
    assert shown.startswith("a [1], b [2], c [1]\n\nLinks\n-----\n\n")
    assert shown.endswith("[1] https://x.example/1\n[2] https://x.example/2")


def test_an_address_that_is_shown_needs_no_number() -> None:
    assert text("https://x.example/a and <me@x.example>") == "https://x.example/a and me@x.example"


def test_relative_links_are_written_out() -> None:
    assert "[1] https://x.example/b" in text("[a](/b)", base="https://x.example/y/z")


def test_paragraphs_are_wrapped_but_long_addresses_are_not() -> None:
    url = "https://x.example/" + "long/" * 40
    lines = text(f"{'word ' * 40}{url} end").split("\n")
    assert url in lines
    assert all(len(line) <= 74 for line in lines if line != url)


def test_code_is_left_alone() -> None:
    assert text("```\na  =  1\n\n\tb\n" + "x" * 100 + "\n```") == "    a  =  1\n\n    \tb\n    " + "x" * 100


def test_pictures_say_what_they_show() -> None:
    assert text("![A map](m.png) ![](n.png)") == "[Image: A map]"


def test_tables_are_aligned() -> None:
    assert text("| A | B |\n|---|--:|\n| one | 1 |\n| 漢字 | 22 |") == (
        "A      B\n----  --\none    1\n漢字  22"
    )


def test_a_table_that_is_too_wide_is_told_row_by_row() -> None:
    wide = "word " * 12
    shown = text(f"| A | B |\n|---|---|\n| {wide}| {wide}|\n| c | d |")
    assert shown.startswith("A: word")
    assert "\n\nA: c\nB: d" in shown


def test_lists_keep_their_marks_and_hang() -> None:
    body = "- one " + "word " * 20 + "\n  1. two\n- three\n\n> quote\n> more"
    lines = text(body).split("\n")
    assert lines[0].startswith("- one")
    assert lines[1].startswith("  word")
    assert "  1. two" in lines
    assert lines[-1] == "> quote more"


def test_ordered_lists_count_from_where_they_start() -> None:
    assert text("7. a\n8. b") == "7. a\n8. b"


def test_loose_lists_stay_loose() -> None:
    assert text("- a\n\n- b") == "- a\n\n- b"


def test_hard_breaks_break_and_soft_ones_do_not() -> None:
    assert text("a  \nb\nc") == "a\nb c"


def test_what_is_struck_out_does_not_read_as_if_it_stood() -> None:
    assert text("~~€100~~ €80") == "~€100~ €80"


def test_footnotes_are_told_under_notes() -> None:
    assert text("A[^n].\n\n[^n]: The note.") == "A (1).\n\nNotes\n-----\n\n(1) The note."


def test_definitions_are_set_in() -> None:
    assert text("Term\n: Meaning") == "Term\n    Meaning"


def test_raw_html_is_told_as_words_and_scripts_are_not() -> None:
    shown = text('<p>One <a href="https://x.example">two</a><br>three</p><script>alert(1)</script>')
    assert shown.startswith("One two [1]\nthree")
    assert "alert" not in shown
    assert "<" not in text("a <b>b</b> <script>alert(1)</script> c")
    assert "alert" not in text("a <script>alert(1)</script> c")


def test_a_merge_field_is_never_broken_over_lines() -> None:
    shown = parse("word " * 13 + "{{first_name|dear and gentle reader}} end").merged("@@").text()
    assert "@@first_name|dear and gentle reader@@" in shown


def test_ideographs_wrap_and_closing_marks_do_not_begin_a_line() -> None:
    lines = text("日本語の文章。" * 20).split("\n")
    assert len(lines) > 1
    assert all(columns(line) <= 76 for line in lines)
    assert not any(line.startswith("。") for line in lines)


def test_a_rule_is_three_stars() -> None:
    assert text("a\n\n---\n\nb").split("\n")[2].strip() == "* * *"


def test_a_long_title_is_underlined_to_its_longest_line() -> None:
    assert underlined("aaaa bb cc", 7) == ["aaaa bb", "cc", "-------"]


@settings(max_examples=200)
@given(st.text(alphabet=st.sampled_from("ab 漢あ。@|_😀\u00a0"), max_size=120), st.integers(8, 80))
def test_wrapping_loses_no_character(said: str, width: int) -> None:
    lines = wrapped(said, width)
    assert "".join("".join(lines).split(" ")) == "".join(said.split(" "))
    assert all(columns(line) <= width for line in lines if " " in line)
