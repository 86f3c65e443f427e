"""The names under which articles give the same fact: `date`, `pubDate`, `publish_date`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

# Counted over 71 published sites; the first that is given wins. Spelling does not matter: `pubDate`,
# `pub_date` and `Pub Date` are one name. One may serve two facts (`published: false`).
KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "id": ("id",),
        "title": ("title",),
        "subtitle": ("subtitle",),
        "description": ("description", "summary", "excerpt", "deck"),
        "author": ("author", "authors", "by"),
        "read_time": ("read_time", "reading_time"),
        "publish_date": ("publish_date", "date", "pub_date", "published", "published_at", "created"),
        "created_date": ("created_date", "created_at", "created"),
        "heroImage": (
            "hero_image",
            "image",
            "cover",
            "cover_image",
            "preview_image",
            "thumbnail",
            "featured_image",
            "hero",
        ),
        "heroImageAlt": ("hero_image_alt", "image_alt", "cover_alt", "cover_image_alt"),
        "cta": ("cta",),
        "tags": ("tags", "categories", "topics", "keywords"),
        "slug": ("slug", "permalink", "url", "path"),
        "language": ("language", "lang", "locale"),
        "draft": ("draft", "published", "status"),
        "channels": ("channels",),
        "email": ("email",),
        "social": ("social",),
    }
)
"""Canonical key → the names that mean it, in order of precedence (`publish_date` is `publishDate`, too)."""


def plain_name(name: str) -> str:
    """Reduce a key to what counts: `pubDate`, `pub_date` and `Pub-Date` are `pubdate`."""
    return name.casefold().replace("_", "").replace("-", "").replace(" ", "")


def names_for(aliases: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    """Map each canonical key to its plain names, with the editor's own at the end.

    `aliases` maps a key (any of its known names will do) to further names.
    """
    return _names(tuple(sorted((key, tuple(names)) for key, names in aliases.items())))


@lru_cache(maxsize=8)
def _names(aliases: tuple[tuple[str, tuple[str, ...]], ...]) -> Mapping[str, tuple[str, ...]]:
    known = {canonical: tuple(map(plain_name, names)) for canonical, names in KEYS.items()}
    extended = dict(known)
    for key, names in aliases:
        for canonical in (canonical for canonical, plain in known.items() if plain_name(key) in plain):
            extended[canonical] += tuple(map(plain_name, names))
    return MappingProxyType(extended)


_ALL = frozenset(plain_name(name) for names in KEYS.values() for name in names)


def is_known(name: str) -> bool:
    """Tell whether a key is one that articles use, in any spelling."""
    return plain_name(name) in _ALL
