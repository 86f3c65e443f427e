"""Compose one delivery: what is sent, under which name, and what makes two attempts the same."""

from __future__ import annotations

import hashlib
import json
import re
from functools import lru_cache
from typing import Final

from postroom.compose.letter import Keys, write_letter
from postroom.model import Content, Delivery, Edition, Email, Mail, Message, Part, Post

_MAX_KEY_IN_NAME: Final = 100  # of the 150 bytes of a name; the rest is hash and part
_WHOM: Final = 16  # digits of a key in a name: 64 bits


def compose(edition: Edition, delivery: Delivery, keys: Keys) -> Message:
    """Write the message of a delivery. The same arguments give the same bytes, always.

    Raises HeaderError or AddressError where a mail cannot be written from them, and ValueError for
    a part that the edition does not have.
    """
    readable, frozen = _name_of(edition.key, edition.content_hash)
    part, drawn = delivery.part, frozen.copy()
    drawn.update(f"{part}:{delivery.recipient.identity}".encode())
    key = drawn.hexdigest()
    return Message(
        delivery_id=delivery.id,
        name=f"{readable}{key[:_WHOM]}-{part}",
        idempotency_key=key,
        content=_content(edition, delivery, keys),
    )


def parts_of(content: Content) -> int:
    """Count the deliveries that a content takes for each recipient: a mail is one; a post is one
    for each part, and one for its first comment.
    """
    match content:
        case Email():
            return 1
        case Post(parts=parts, first_comment=comment):
            return len(parts) + (comment is not None)


def _content(edition: Edition, delivery: Delivery, keys: Keys) -> Mail | Part:
    match edition.content:
        case Email() as email:
            return write_letter(edition, email, delivery, keys)
        case Post() as post:
            return _part(post, delivery)


def _part(post: Post, delivery: Delivery) -> Part:
    """Take a part out of a post; its first comment comes after all parts."""
    texts = (*post.parts, *(() if post.first_comment is None else (post.first_comment,)))
    number = delivery.part
    if not 0 <= number < len(texts):
        raise ValueError(f"the post has {len(texts)} parts; there is no part {number}")
    is_comment = number == len(post.parts)
    return Part(
        post=post, number=number, text=texts[number], is_comment=is_comment, parent_id=delivery.parent_id
    )


@lru_cache(maxsize=16)
def _name_of(edition: str, content_hash: str) -> tuple[str, hashlib._Hash]:
    """Name an edition for people and file systems, and begin the hash of its deliveries' keys, so that no
    two look alike: the edition and its content, to be followed by part and recipient in a copy.
    """
    readable = re.sub(r"[^a-z0-9]+", "-", edition.lower()).strip("-")[:_MAX_KEY_IN_NAME].strip("-")
    return f"{readable}-" if readable else "", hashlib.sha256(json.dumps([edition, content_hash]).encode())
