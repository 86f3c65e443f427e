"""An article as its author wrote it: facts from front matter, never the body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

Attribute: TypeAlias = "str | int | float | bool | tuple[Attribute, ...] | Mapping[str, Attribute] | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRef:
    """An image as an article names it: a path beside the article, or a URL."""

    src: str
    alt: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One Markdown file, without its body (a shelf of 10,000 of them must stay small).

    `id` is the front matter's `id`, else its `slug`, else `path` without its suffix; never the
    title. `path` is relative to the articles folder, `file` to the folder of config.yaml (as
    shown to people), both with forward slashes; `source` is absolute.
    `publish_at` is aware, in the zone the author or the publication named; `publish_text` is
    what the author wrote. `read_time` is in minutes. `url` is the canonical page.
    `channels` are the names (or `not name`) of the front matter's `channels:`; None means all,
    () none.
    `email` may hold `subject` and `preheader`; `social` maps a network or channel to overrides
    by variant or part (`hook`, `takeaways`, `question`, …), text or a tuple of texts.
    `attributes` holds all remaining front matter for conditions. `lines` maps a front matter key
    to its line. `body_hash` is the SHA-256 of the body without outer blank space and with LF
    line ends, `source_hash` that of the file's bytes.
    """

    id: str
    path: str
    file: str
    source: Path
    title: str
    body_line: int
    body_hash: str
    source_hash: str
    slug: str = ""
    subtitle: str = ""
    description: str = ""
    authors: tuple[str, ...] = ()
    publish_at: datetime | None = None
    publish_text: str = ""
    created_at: datetime | None = None
    image: ImageRef | None = None
    cta: str = ""
    read_time: int | None = None
    tags: tuple[str, ...] = ()
    language: str | None = None
    draft: bool = False
    draft_reason: str = ""
    url: str | None = None
    channels: tuple[str, ...] | None = None
    email: Mapping[str, str] = field(default_factory=dict)
    social: Mapping[str, Mapping[str, str | tuple[str, ...]]] = field(default_factory=dict)
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    repaired: bool = False
