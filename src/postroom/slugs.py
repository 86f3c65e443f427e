"""Name a piece in URLs: what a channel tells of an article, in whatever revision.

The name is known before anything is frozen, so that a mail can hold its own address, and never changes: neither a new
title nor a moved file leads readers astray.
"""

from __future__ import annotations

import re
import unicodedata
from hashlib import sha256
from typing import Final

_DIGITS: Final = 12
"""Of the hash, in hex: among ten thousand pieces two share one with a chance of 1 in 5 million."""

_WORDS_CHARACTERS: Final = 60
_BETWEEN: Final = re.compile("[^a-z0-9]+")


def slug_of(channel: str, variant: str, article: str) -> str:
    """Name a piece: words from the article's id for people to read, then a hash that tells it from all others."""
    digest = sha256("\0".join((channel, variant, article)).encode("utf-8", "surrogatepass")).hexdigest()
    words = _words(article.rsplit("/", 1)[-1])
    return f"{words}-{digest[:_DIGITS]}" if words else digest[:_DIGITS]


def address_of(base: str, slug: str) -> str:
    """Tell where a piece is read, below the address of the public pages."""
    return f"{base.rstrip('/')}/e/{slug}"


def _words(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.removesuffix(".md")).encode("ascii", "ignore").decode().lower()
    return _BETWEEN.sub("-", plain)[:_WORDS_CHARACTERS].strip("-")
