"""Each part of each edition is one message, by a name of its own."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.compose import compose, parts_of
from postroom.model import Content, Part, Post

THREAD = Post(network="bluesky", parts=("one", "two"), language="en", first_comment="the link")


@pytest.mark.parametrize(
    ("content", "count"),
    [
        (THREAD, 3),
        (replace(THREAD, first_comment=None), 2),
        (replace(THREAD, first_comment=""), 3),
    ],
)
def test_a_post_takes_a_delivery_for_each_part_and_its_comment(content: Content, count: int) -> None:
    assert parts_of(content) == count


def test_a_mail_takes_one_delivery(desk) -> None:
    assert parts_of(desk.LETTER) == 1


def test_each_part_of_a_post_is_a_message_of_its_own(desk) -> None:
    parts = [
        compose(desk.edition(THREAD), desk.delivery(part=at, parent_id=f"urn:{at}"), desk.KEYS).content
        for at in range(3)
    ]
    assert parts == [
        Part(post=THREAD, number=0, text="one", parent_id="urn:0"),
        Part(post=THREAD, number=1, text="two", parent_id="urn:1"),
        Part(post=THREAD, number=2, text="the link", is_comment=True, parent_id="urn:2"),
    ]


@pytest.mark.parametrize("part", [3, -1])
def test_a_part_that_a_post_does_not_have_is_a_mistake(desk, part: int) -> None:
    with pytest.raises(ValueError, match=f"no part {part}"):
        compose(desk.edition(THREAD), desk.delivery(part=part), desk.KEYS)


def test_a_name_reads_like_its_edition_and_hides_its_recipient(desk) -> None:
    name = compose(desk.edition(), desk.delivery(), desk.KEYS).name
    assert re.fullmatch(r"newsletter-article-2026-how-a-kiln-w-rks-[0-9a-f]{16}-0", name)
    assert "ada" not in name


@given(st.text(max_size=300), st.text(max_size=300), st.integers(0, 10**6))
def test_every_name_is_a_safe_file_name(desk, key: str, identity: str, part: int) -> None:
    parts = replace(THREAD, parts=("x",) * 3, first_comment=None)
    message = compose(
        desk.edition(parts, key=key),
        desk.delivery(replace(desk.ADA, identity=identity), part=part % 3),
        desk.KEYS,
    )
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", message.name)
    assert len(message.name) <= 150


def test_names_and_keys_differ_for_each_delivery_and_revision(desk) -> None:
    bob = replace(desk.ADA, identity="bob@example.org")
    messages = [
        compose(an_edition, desk.delivery(recipient, part=part), desk.KEYS)
        for an_edition in (desk.edition(THREAD), desk.edition(THREAD, key="newsletter/article/kiln#2"))
        for recipient in (desk.ADA, bob)
        for part in range(3)
    ]
    assert len({message.name for message in messages}) == 12
    assert len({message.idempotency_key for message in messages}) == 12
    changed = compose(desk.edition(THREAD, content_hash="other"), desk.delivery(), desk.KEYS)
    assert changed.idempotency_key not in {message.idempotency_key for message in messages}


def test_keys_do_not_show_themselves(desk) -> None:
    assert "kkk" not in repr(desk.KEYS)
