"""Content comes back as it went in."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.model import Asset, Content, Email, LinkCard, Post, PostImage, Sender, Unsubscribe
from postroom.outbox import content

ANY_TEXT = st.text(st.characters(), max_size=40)  # lone surrogates and NUL as well
ASSETS = st.builds(
    Asset,
    src=ANY_TEXT,
    url=ANY_TEXT,
    file=st.none() | st.just(Path("cache/a b.png")),
    digest=st.none() | ANY_TEXT,
    media_type=st.none() | ANY_TEXT,
    width=st.none() | st.integers(),
    height=st.none() | st.integers(),
    size_bytes=st.none() | st.integers(),
)
EMAILS = st.builds(
    Email,
    **dict.fromkeys(("subject", "preheader", "html", "text", "mjml", "language", "fence"), ANY_TEXT),
)
POSTS = st.builds(
    Post,
    network=ANY_TEXT,
    parts=st.lists(ANY_TEXT, max_size=3).map(tuple),
    language=ANY_TEXT,
    card=st.none()
    | st.builds(
        LinkCard,
        url=ANY_TEXT,
        title=ANY_TEXT,
        description=ANY_TEXT,
        image=st.none() | ASSETS,
        image_alt=ANY_TEXT,
    ),
    images=st.lists(st.builds(PostImage, asset=ASSETS, alt=ANY_TEXT), max_size=2).map(tuple),
    first_comment=st.none() | ANY_TEXT,
    hashtags=st.lists(ANY_TEXT, max_size=3).map(tuple),
)


@given(EMAILS | POSTS)
def test_any_content_comes_back_as_it_was(value: Content) -> None:
    text = content.encode(value)
    assert content.decode(text) == value
    assert content.encode(content.decode(text)) == text
    text.encode("ascii")


@given(EMAILS | POSTS)
def test_the_digest_outlives_the_ledger(value: Content) -> None:
    assert content.digest(content.decode(content.encode(value))) == content.digest(value)


EMAIL = Email(subject="s", preheader="p", html="h", text="t", mjml="m", language="en", fence="@@")
SENDER = Sender(from_="News <news@example.org>", list_id="news.example.org", list_name="News")


@pytest.mark.parametrize("field", ["subject", "preheader", "html", "text", "language"])
def test_the_digest_tells_every_field(field: str) -> None:
    assert content.digest(replace(EMAIL, **{field: "other"})) != content.digest(EMAIL)


def test_the_digest_covers_the_sender_and_the_way_out() -> None:
    way = Unsubscribe(mailto="off@example.org")
    digests = {
        content.digest(EMAIL),
        content.digest(EMAIL, SENDER),
        content.digest(EMAIL, replace(SENDER, reply_to="me@example.org")),
        content.digest(EMAIL, SENDER, way),
        content.digest(EMAIL, None, way),
    }
    assert len(digests) == 5


def test_where_an_image_lies_does_not_change_the_digest() -> None:
    here, there = (
        Post(
            network="linkedin",
            parts=("p",),
            language="en",
            images=(PostImage(asset=Asset(src="a", url="u", file=Path(folder), digest="d"), alt=""),),
        )
        for folder in ("/home/a/x.png", "/home/b/x.png")
    )
    assert content.digest(here) == content.digest(there)
    assert content.encode(here) != content.encode(there)


@given(st.none() | st.builds(Sender, from_=ANY_TEXT, list_id=ANY_TEXT, list_name=ANY_TEXT))
def test_a_sender_comes_back_as_it_was(sender: Sender | None) -> None:
    assert content.decode_sender(content.encode_sender(sender)) == sender


@pytest.mark.parametrize("way", [None, Unsubscribe(web="https://a"), Unsubscribe(url="https://b/{token}")])
def test_a_way_out_comes_back_as_it_was(way: Unsubscribe | None) -> None:
    assert content.decode_unsubscribe(content.encode_unsubscribe(way)) == way


@given(st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=3))
def test_merge_values_come_back_as_they_were(values: dict[str, str]) -> None:
    assert content.decode_map(content.encode_map(values)) == values
