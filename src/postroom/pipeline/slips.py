"""Names in an article's front matter that are most probably slips of the pen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from postroom.articles import KEYS
from postroom.config import Config, known_variants
from postroom.lint.networks import NETWORKS
from postroom.model import Article, Finding, Severity
from postroom.shipped import shipped

_KEYS: Final = [name for names in KEYS.values() for name in names]
_PLAIN_KEYS: Final = frozenset(name.casefold() for name in _KEYS)
_PARTS: Final = ("title", "hook", "takeaways", "question")
"""Texts of `social` that are read whatever the templates are; others are `given.NAME` in a template."""
_GIVEN: Final = re.compile(r"""\bgiven(?:\.|\[["'])(?:texts?\(["'])?([A-Za-z_]\w*)""")


def slips(config: Config, article: Article) -> Iterator[Finding]:
    """Find keys, channels, networks and parts of posts that nobody will read, each with the nearest name."""
    channels = [*config.channels, "all"]
    for name in article.channels or ():
        asked = name.removeprefix("not ").strip()
        if asked not in channels:
            yield _slip(article, "channels", f"there is no channel `{asked}`{_nearest(asked, channels)}")
    for key in article.attributes:
        near = get_close_matches(key, _KEYS, n=1, cutoff=0.8)
        if near and key.casefold() not in _PLAIN_KEYS:
            yield _slip(article, key, f"`{key}` means nothing here; did you mean `{near[0]}`?")
    yield from _social(config, article)


def _social(config: Config, article: Article) -> Iterator[Finding]:
    kinds = {name: channel.kind for name, channel in config.channels.items()} | {
        kind: kind for kind in NETWORKS
    }
    networks = [name for name, kind in kinds.items() if kind in NETWORKS]
    for network, parts in article.social.items():
        if network not in networks:
            message = f"social.{network}: there is no such network or channel{_nearest(network, networks)}"
            yield _slip(article, "social", message)
            continue
        known = _parts(kinds[network], config.templates)
        for part in parts:
            if part not in known:
                message = f"social.{network}.{part}: no post has such a part{_nearest(part, known)}"
                yield _slip(article, "social", message)


def _parts(kind: str, templates: Path) -> list[str]:
    """Name the texts that posts of a network take from the front matter: an article's words win by these."""
    found = {*_PARTS, *known_variants(kind, templates)}
    for root in (shipped("templates"), templates):
        for file in (root / kind).rglob("*.j2"):
            try:
                found.update(_GIVEN.findall(file.read_text(encoding="utf-8", errors="replace")))
            except OSError:  # rendering tells of a template that cannot be read
                continue
    return sorted(found)


def _slip(article: Article, key: str, message: str) -> Finding:
    return Finding(
        rule="front-matter-name",
        severity=Severity.WARNING,
        file=article.file,
        line=article.lines.get(key),
        message=message,
    )


def _nearest(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"; did you mean `{near[0]}`?" if near else f"; there are {', '.join(known)}"
