"""A piece has one name in URLs, for good."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.slugs import address_of, slug_of


def test_a_slug_has_words_and_never_changes() -> None:
    assert slug_of("newsletter", "article", "2026/How a kiln wörks.md") == "how-a-kiln-works-ff53c0081b91"


@pytest.mark.parametrize(
    "other", [("b", "article", "x"), ("a", "digest", "x"), ("a", "article", "y"), ("a", "article", "y/x")]
)
def test_another_piece_has_another_slug(other: tuple[str, str, str]) -> None:
    assert slug_of("a", "article", "x") != slug_of(*other)


@given(st.text(), st.text(), st.text())
def test_any_slug_fits_into_a_url_as_it_is(channel: str, variant: str, article: str) -> None:
    slug = slug_of(channel, variant, article)
    assert re.fullmatch("(?:[a-z0-9]+-)*[0-9a-f]{12}", slug)
    assert len(slug) <= 73


def test_an_id_without_letters_of_ours_is_its_hash_alone() -> None:
    assert re.fullmatch("[0-9a-f]{12}", slug_of("a", "article", "文章"))


def test_a_piece_is_read_below_the_pages() -> None:
    assert address_of("https://mail.example.org/post/", "kiln-1") == "https://mail.example.org/post/e/kiln-1"
