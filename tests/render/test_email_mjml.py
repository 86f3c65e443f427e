from __future__ import annotations

import pytest

from postroom.render.mjml import ELEMENTS, MjmlError, compiled

GOOD = (
    '<mjml lang="en" dir="ltr"><mj-body><mj-section><mj-column><mj-text>%s</mj-text>'
    "</mj-column></mj-section></mj-body></mjml>"
)


def failure(source: str) -> MjmlError:
    with pytest.raises(MjmlError) as caught:
        compiled(source)
    return caught.value


def test_mjml_becomes_html_without_web_fonts() -> None:
    html = compiled(GOOD % "Hello")
    assert "Hello" in html
    assert "googleapis" not in html


@pytest.mark.parametrize("text", ["a &amp; b &nbsp; c &mdash;", "a<br />b", "AT&T", "é 😀"])
def test_what_html_allows_compiles(text: str) -> None:
    assert compiled(GOOD % text)


@pytest.mark.parametrize(
    ("source", "line", "excerpt"),
    [
        ("", 1, ""),
        ("just text", 1, "just text"),
        ("<html></html>", 1, "<html></html>"),
        ("<mjml>\n<mj-body>\n<mj-section>\n", 3, "<mj-section>"),
        ("<mjml>\n<mj-head>\n<meta />\n</mj-head></mjml>", 3, "<meta />"),
        ("<mjml>\n<mj-body>\n<mj-text>1 < 2</mj-text>\n</mj-body></mjml>", 3, "<mj-text>1 < 2</mj-text>"),
        ("<mjml>\n<mj-body>\n<mj-text color=red>x</mj-text></mj-body></mjml>", 3, "<mj-text color=red>"),
        ("<mjml>\n<mj-head>\n<mj-title>é😀é</mj-title>\n<meta /></mj-head></mjml>", 4, "<meta />"),
    ],
)
def test_a_failure_names_line_and_excerpt(source: str, line: int, excerpt: str) -> None:
    error = failure(source)
    assert error.message
    assert (error.line, error.excerpt[: len(excerpt)]) == (line, excerpt)


def test_an_unknown_element_is_found_though_the_compiler_copies_it() -> None:
    error = failure("<mjml><mj-body>\n<mj-secton></mj-secton>\n</mj-body></mjml>")
    assert (error.line, error.message) == (
        2,
        "there is no MJML element <mj-secton>; did you mean <mj-section>?",
    )


def test_an_include_is_refused_before_it_is_read() -> None:
    assert failure('<mjml>\n<mj-include path="/etc/passwd" />\n</mjml>').line == 2


@pytest.mark.parametrize(
    "name", ["mj-carousel-image", "mj-navbar-link", "mj-social-element", "mj-accordion-text"]
)
def test_a_known_element_in_the_wrong_place_is_told_where_it_belongs(name: str) -> None:
    error = failure(f"<mjml><mj-body>\n<{name}></{name}></mj-body></mjml>")
    assert error.line == 2
    assert error.message.startswith(f"<{name}> may only stand in <mj-")


@pytest.mark.parametrize(
    "name", ["mj-section", "mj-wrapper", "mj-hero", "mj-raw", "mj-spacer", "mj-table", "mj-group"]
)
def test_elements_that_are_offered_are_known_to_the_compiler(name: str) -> None:
    assert name in ELEMENTS
    assert f"<{name}" not in compiled(f"<mjml><mj-body><{name}></{name}></mj-body></mjml>")
