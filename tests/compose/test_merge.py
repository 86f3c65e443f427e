"""A field stands for its value, and a value is never code."""

from __future__ import annotations

from dataclasses import replace

import pytest

from postroom.model import Recipient


def merged(desk, text: str, recipient: Recipient | None = None, **changes: object) -> tuple[str, str]:
    """Fill a text as plain text and as html."""
    content = replace(desk.LETTER, text=f"{text}\n", html=f"{text}\n")
    data = desk.written(desk.edition(content, **changes), desk.delivery(recipient or desk.ADA))
    return desk.body(data, 0).rstrip("\n"), desk.body(data, 1).rstrip("\n")


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("@@first_name@@", "Ada"),
        ("@@name@@", "Ada Lovelace"),
        ("@@email@@", "ada@example.org"),
        ("@@town@@", "London"),
        ("@@nothing@@", ""),
        ("@@nothing|there@@", "there"),
        ("@@first_name|there@@", "Ada"),
        ("@@web_url|https://x.example/?a=1@@", "https://x.example/?a=1"),
        ("@@Not a field@@", "@@Not a field@@"),
        ("@@", "@@"),
        ("@@name@@@@town@@", "Ada LovelaceLondon"),
        ("mail@@example", "mail@@example"),
    ],
)
def test_a_field_stands_for_its_value_or_its_default(desk, text: str, filled: str) -> None:
    assert merged(desk, text, replace(desk.ADA, merge={"town": "London"})) == (filled, filled)


def test_values_are_escaped_in_html_and_bare_in_text(desk) -> None:
    plain, html = merged(desk, "@@name@@", replace(desk.ADA, name="<b>\"A\" & 'B'</b>\r\n x"))
    assert plain == "<b>\"A\" & 'B'</b> x"
    assert html == "&lt;b&gt;&quot;A&quot; &amp; &#x27;B&#x27;&lt;/b&gt; x"


@pytest.mark.parametrize("name", ["@@email@@", "@@unsubscribe_url@@", "@@", "@@name|@@"])
def test_a_name_that_looks_like_a_field_is_a_name(desk, name: str) -> None:
    assert merged(desk, "a @@name@@ b", replace(desk.ADA, name=name)) == (f"a {name} b", f"a {name} b")


def test_a_column_cannot_take_the_place_of_the_address_or_the_way_out(desk) -> None:
    evil = {"email": "x@y.example", "unsubscribe_url": "https://evil.example"}
    plain, _ = merged(desk, "@@email@@ @@unsubscribe_url@@", replace(desk.ADA, merge=evil))
    assert plain.startswith("ada@example.org https://mail.learning.example/u/")


@pytest.mark.parametrize(
    ("name", "merge", "first"),
    [
        ("Ada Lovelace", {}, "Ada"),
        ("Ada Lovelace", {"first_name": "Augusta"}, "Augusta"),
        ("Ada Lovelace", {"first_name": "  "}, "Ada"),
        ("Dr. Who", {}, ""),
        ("Lovelace, Ada", {}, ""),
        ("ACME Inc", {}, ""),
        ("Zoë", {}, "Zoë"),
        ("Jean-Luc Picard", {}, "Jean-Luc"),
        ("王小明", {}, "王小明"),
        ("", {}, ""),
        ("x@y", {}, ""),
    ],
)
def test_a_first_name_is_guessed_only_where_that_is_safe(
    desk, name: str, merge: dict[str, str], first: str
) -> None:
    assert merged(desk, "[@@first_name@@]", replace(desk.ADA, name=name, merge=merge))[0] == f"[{first}]"


def test_another_fence_leaves_the_usual_one_alone(desk) -> None:
    content = replace(desk.LETTER, text="@@name@@ @@f00@@name@@f00@@\n", fence="@@f00@@")
    assert desk.body(desk.written(desk.edition(content)), 0) == "@@name@@ Ada Lovelace\n"


@pytest.mark.parametrize(
    ("said", "link"),
    [
        ("https://learning.example/a?b=1", "https://learning.example/a?b=1"),
        (" HTTP://learning.example/ä ", "HTTP://learning.example/ä"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//learning.example", ""),
        ("https://", ""),
        ("https://a.example/\njavascript:x", ""),
        ("https://a.example/ b", ""),
        ('https://a.example/"onclick="x', ""),
        ("\x01https://a.example", ""),
    ],
)
def test_a_column_may_say_where_the_mail_is_on_the_web_but_nothing_else(desk, said: str, link: str) -> None:
    recipient = replace(desk.ADA, merge={"web_url": said})
    assert merged(desk, "[@@web_url@@]", recipient) == (f"[{link}]", f"[{link}]")
