"""HTML written in Python."""

from html_reader import Reader
from hypothesis import given
from hypothesis import strategies as st

from postroom.web.markup import Html, join, tag


def test_text_is_escaped_and_html_is_not() -> None:
    assert tag("p", "a < b & c", tag("b", "d")) == "<p>a &lt; b &amp; c<b>d</b></p>"


def test_attributes_are_written_as_html_names_them() -> None:
    assert tag("a", class_="chip", aria_label="x", hidden=True, title=None, download=False) == (
        '<a class="chip" aria-label="x" hidden></a>'
    )


def test_an_attribute_may_be_called_name() -> None:
    assert tag("input", name="q", value=7) == '<input name="q" value="7">'


def test_a_void_element_has_no_end() -> None:
    assert tag("img", src="a.png", alt="") == '<img src="a.png" alt="">'


def test_join_leaves_out_what_is_not_there() -> None:
    assert join("a", None, "", 0, [Html("<br>"), Html("<hr>")]) == "a0<br><hr>"


@given(st.text(), st.text())
def test_no_text_leaves_its_element(text: str, value: str) -> None:
    read = Reader(tag("p", text, title=value))
    assert [name for name, _ in read.elements] == ["p"]
    assert list(read.elements[0][1]) == ["title"]
    assert read.text.replace("\r\n", "\n") == text.replace("\r\n", "\n")
