"""What public pages are sent with."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from postroom.web.public import HEADERS, PERSONAL, POLICY, web_view_headers


def test_the_policy_lets_in_this_origin_and_nothing_that_runs() -> None:
    rules = dict(rule.split(" ", 1) for rule in POLICY.split("; "))
    assert rules == {
        "default-src": "'none'",
        "style-src": "'self'",
        "img-src": "'self'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    assert HEADERS["Content-Security-Policy"] == PERSONAL["Content-Security-Policy"] == POLICY


def test_what_is_one_person_s_is_neither_kept_nor_found() -> None:
    assert PERSONAL["Cache-Control"] == "no-store"
    assert "noindex" in PERSONAL["X-Robots-Tag"]
    assert "X-Robots-Tag" not in HEADERS
    for article in (None, "https://kitchen.example/clock"):
        kept = web_view_headers(is_personal=True, article=article)
        assert kept == {"Cache-Control": "no-store", "X-Robots-Tag": PERSONAL["X-Robots-Tag"]}


def test_a_public_copy_names_the_article_s_own_page() -> None:
    told = web_view_headers(is_personal=False, article="https://kitchen.example/clock?a=1&b=%20")
    assert told == {"Link": '<https://kitchen.example/clock?a=1&b=%20>; rel="canonical"'}
    assert web_view_headers(is_personal=False, article=None) == {}


@given(article=st.text(st.characters()))
def test_no_address_can_break_a_header(article: str) -> None:
    for value in web_view_headers(is_personal=False, article=article).values():
        assert value.isascii()
        assert value.isprintable()
        assert value.count("<") == value.count(">") == 1
