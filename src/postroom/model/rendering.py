"""What rendering gives: an Email or a Post, and the images they show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from postroom.model.article import Article
from postroom.model.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """An image made ready for mail and posts.

    `url` is what a mail refers to. A local image was converted: `file` is the cached copy,
    named by `digest` (SHA-256 of its bytes), `width` and `height` are its pixels. A remote one
    keeps its own URL and the rest is None.
    """

    src: str
    url: str
    file: Path | None = None
    digest: str | None = None
    media_type: str | None = None
    width: int | None = None
    height: int | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manuscript:
    """All that rendering reads of an article. `images` maps an image's `src` to its asset; an
    image that is missing there could not be made ready and is left out of the mail.
    """

    article: Article
    body: str
    images: Mapping[str, Asset] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """A newsletter, rendered once for everyone.

    All texts may hold merge tokens: a field's name (optionally `|default`) between two `fence`s,
    e.g. `@@first_name|there@@`. `fence` does not occur otherwise in the texts. `html` holds
    values escaped for HTML, `subject`, `preheader` and `text` plain ones. `mjml` is what was
    compiled, for people who look for a mistake.
    """

    subject: str
    preheader: str
    html: str
    text: str
    mjml: str
    language: str
    fence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCard:
    """The article as a network shows a link to it."""

    url: str
    title: str
    description: str
    image: Asset | None = None
    image_alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostImage:
    """An image that goes up with a post."""

    asset: Asset
    alt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A social post, in plain text as people will read it (a transport escapes for its network).

    `parts` are the post and its replies; `first_comment` is published under it, or None.
    """

    network: str
    parts: tuple[str, ...]
    language: str
    card: LinkCard | None = None
    images: tuple[PostImage, ...] = ()
    first_comment: str | None = None
    hashtags: tuple[str, ...] = ()


Content: TypeAlias = Email | Post


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A rendering and what its checks found."""

    content: Content
    findings: tuple[Finding, ...] = ()
