from __future__ import annotations

import pytest

from postroom.render.dialect import reader
from postroom.render.rawhtml import Words, depth_of, media_as_links, pictures_in, unshown_in, without_tags


@pytest.mark.parametrize(
    ("html", "deepest"),
    [
        ("<div><div><p>a<p>b<br><img src=x></div></div>", 2),
        ("<div>\n\n<div>\n\n</div>\n\n<div>\n\n</div></div>", 2),
        ("</div></div><div>", 1),
        ('<a title="<div><div>">x</a>', 1),
        ("no html at all", 0),
    ],
)
def test_depth_counts_what_is_open_at_once(html: str, deepest: int) -> None:
    assert depth_of(reader().parse(html))[0] == deepest


def test_depth_names_the_line() -> None:
    assert depth_of(reader().parse("a\n\n<div>\n\nb\n\n<div><div>\n")) == (3, 7)


def test_pictures_are_found_in_any_spelling() -> None:
    assert pictures_in("<IMG alt='A' SRC=a.png/><img src='b.png'><img alt=x>") == [
        ("a.png/", "A"),
        ("b.png", ""),
    ]


@pytest.mark.parametrize(
    ("html", "link"),
    [
        (
            '<iframe src="//v.example/1?a&amp;b">x</iframe>',
            '<a href="https://v.example/1?a&amp;b">Open on v.example</a>',
        ),
        (
            "<video controls src='https://www.v.example/a'></video>",
            '<a href="https://www.v.example/a">Open on v.example</a>',
        ),
        (
            '<video><source src="https://v.example/b"></video>',
            '<a href="https://v.example/b">Open on v.example</a>',
        ),
        ("<iframe src='javascript:x'></iframe>", ""),
        ("<p>text</p>", "<p>text</p>"),
    ],
)
def test_media_become_links_to_where_they_are(html: str, link: str) -> None:
    assert media_as_links(html) == link


def test_what_mail_cannot_show_is_named_once() -> None:
    assert unshown_in("<form><input></form><script>x</script><p>") == ["form", "input", "script"]


def test_words_come_piece_by_piece_and_scripts_say_nothing() -> None:
    words = Words(lambda url: f" <{url}>")
    assert words.take('<a href="u">') + "link" + words.take("</a>") == "link <u>"
    assert words.take("<script>alert(1)") == ""
    assert words.is_silent
    assert words.take("</script>ok") == "ok"


def test_tags_are_taken_off() -> None:
    assert without_tags("<p>a <b>b</b></p><li>c</li><img alt='d'><script>e</script>") == "a b - c [Image: d]"
