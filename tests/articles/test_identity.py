from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.articles.identity import canonical_url, is_usable_id, page, slugify, title_of


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Hello, World!", "hello-world"),
        ("Crème Brûlée", "creme-brulee"),
        ("Straße & Œuvre", "strasse-oeuvre"),
        ("C++ in 10 Minutes", "c-in-10-minutes"),
        ("読む 本", "読む-本"),
        ("देवनागरी", "देवनागरी"),
        ("--__--", ""),
        ("🚀", ""),
    ],
)
def test_slugs_are_words_with_hyphens(text: str, slug: str) -> None:
    assert slugify(text) == slug


@given(st.text())
@settings(derandomize=True, max_examples=300)
def test_a_slug_never_needs_more_than_percent_encoding(text: str) -> None:
    slug = slugify(text)
    assert slugify(slug) == slug
    assert "/" not in quote(slug)


def test_a_name_without_letters_still_gives_a_slug_of_its_own() -> None:
    assert page("", "🚀.md").slug != page("", "🎉.md").slug


def test_a_title_is_made_of_a_file_s_name() -> None:
    assert title_of("2024-03-21-my-first_post.md") == "My first post"
    assert title_of("rivers/index.md") == "Rivers"
    assert title_of("2024-03-21.md") == "2024-03-21"


@pytest.mark.parametrize("text", ["", "..", "a/../b", "/etc", "a//b", "a\\b", "a\nb", "x" * 201])
def test_an_id_never_leads_out_of_a_folder(text: str) -> None:
    assert not is_usable_id(text)


def test_an_address_of_its_own_wins_over_the_pattern() -> None:
    own = page("/2017/hello.html", "x.md")
    assert (
        canonical_url("https://learning.example/articles/{slug}", "x", own, None)
        == "https://learning.example/2017/hello.html"
    )
    assert canonical_url("", "x", own, None) is None
    assert canonical_url("", "x", page("", "x.md"), None) is None


@pytest.mark.parametrize("written", ["https://[bad", "//[bad/x", "https://a\uff03b/"])
def test_what_cannot_be_an_address_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"Invalid|netloc"):
        page(written, "x.md")


def test_a_pattern_is_filled_and_encoded() -> None:
    found = canonical_url("https://learning.example/{id}?s={slug}", "a b/読", page("読む", "x.md"), None)
    assert found == f"https://learning.example/a%20b/{quote('読')}?s={quote('読む')}"
