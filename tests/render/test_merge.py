from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.render.markdown import parse
from postroom.render.merge import FENCE, fence_for, fields_in, is_clean, longer_fence, mark, token


@pytest.mark.parametrize(
    ("written", "marked"),
    [
        ("{{first_name}}", "@@first_name@@"),
        ("{{ first_name }}", "@@first_name@@"),
        ("{{first_name|there}}", "@@first_name|there@@"),
        ("{{ first_name | my friend }}", "@@first_name|my friend@@"),
        ("{{first_name|}}", "@@first_name@@"),
        ("{{team_2}}", "@@team_2@@"),
        ("{{ site.title }}", "{{ site.title }}"),
        ("{{First}}", "{{First}}"),
        ("{{1a}}", "{{1a}}"),
        ("{{< youtube >}}", "{{< youtube >}}"),
        ("{% if x %}", "{% if x %}"),
        ("{{a|b\nc}}", "{{a|b\nc}}"),
    ],
)
def test_only_the_closed_grammar_is_a_field(written: str, marked: str) -> None:
    assert mark(written, FENCE) == marked


def test_code_keeps_what_it_shows() -> None:
    shown = parse("`{{email}}`\n\n    {{email}}\n\n```\n{{email}}\n```").merged(FENCE).html({})
    assert FENCE not in shown


def test_fields_in_raw_html_and_in_links_are_marked() -> None:
    shown = parse('<a href="{{unsubscribe_url}}">x</a> [y]({{ web_url }}) [z](https://x.example/{{email}})')
    html = shown.merged(FENCE).html({}, base="https://x.example/")
    assert 'href="@@unsubscribe_url@@"' in html
    assert "@@email@@" not in html


def test_marking_leaves_the_document_as_it_was() -> None:
    document = parse("{{email}}")
    document.merged(FENCE)
    assert document.text() == "{{email}}"


def test_a_fence_is_never_in_the_text() -> None:
    assert fence_for("plain") == FENCE
    assert fence_for("a @@ b") == longer_fence("a @@ b") != FENCE
    assert fence_for("{{name|x@}}") != FENCE


def test_stray_fences_are_seen() -> None:
    assert is_clean("a @@name|b@@ c", FENCE)
    assert not is_clean("a @@ b", FENCE)


@given(
    st.text(alphabet="ab@{}|_ é", max_size=40),
    st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True),
    st.text(alphabet="xy@|& é", max_size=12).map(str.strip),
)
def test_what_is_written_can_be_read_back(around: str, name: str, default: str) -> None:
    fence = fence_for(around, "{{" + name + "|" + default + "}}")
    text = around + token(name, default, fence) + around
    assert fields_in(text, fence) == [(name, default)]
    assert is_clean(text, fence)
    grammar = re.escape(fence) + r"([a-z][a-z0-9_]*)(?:\|(.*?))?" + re.escape(fence)
    assert re.sub(grammar, "", text) == around * 2
