"""Where articles go: the publication, its channels, audiences and looks, as config.yaml set them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

EMAIL = "email"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """Who publishes. `timezone` is an IANA name, `language` a BCP 47 tag, `links` name → URL."""

    name: str
    url: str
    language: str
    timezone: str
    address: str = ""
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Colours of one scheme, each `#rrggbb`."""

    accent: str
    background: str
    surface: str
    text: str
    muted: str
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """How mail looks. `font` is a CSS font stack, `width` in CSS pixels, `logo` a file."""

    light: Palette
    dark: Palette
    font: str
    width: int = 600
    radius: int = 4
    logo: Path | None = None


class LinkMode(StrEnum):
    """Where a post carries the article's link."""

    CARD = "card"
    BODY = "body"
    FIRST_COMMENT = "first_comment"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantPlan:
    """One variant of a channel. `after` counts from when the channel's first variant was sent;
    None for the first. `line` is where config.yaml names it.
    """

    name: str
    after: timedelta | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who gets an email channel: a CSV file kept by editors, or a list kept in the ledger.

    Exactly one of `file` (absolute; `shown` as people know it) and `list` is set. `only` is the text of a
    condition that narrows it to a segment; `max` is how many may be written to without approval.
    """

    name: str
    file: Path | None = None
    shown: str = ""
    list: str | None = None
    only: str | None = None
    max: int | None = None
    line: int | None = None
    only_line: int | None = None

    @property
    def leaves(self) -> str:
        """The list that its readers leave: the ledger's own, or `@NAME` for a file, which is not ours to change."""
        return self.list or f"@{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscribe:
    """The way out of an email channel: exactly one of `web` (Postroom's own pages at this base
    URL), `url` (another service; may hold `{email}` and `{token}`) or `mailto` (an address). `list` is the
    number of the list that Postroom's own pages take people off, 0 until the edition is frozen.
    """

    web: str | None = None
    url: str | None = None
    mailto: str | None = None
    list: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What a newsletter's headers and envelope say of its sender. `from_` is `Name <address>`;
    `list_id` an RFC 2919 identifier without brackets.
    """

    from_: str
    list_id: str
    list_name: str
    reply_to: str | None = None
    return_path: str | None = None
    sender: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A named place to publish. `kind` is `email` or a network (`linkedin`).

    `publication` and `brand` are the project's, with what the channel changes merged in.
    `transport` names an entry of `transports:`, whose kind is `transport_kind`; `rehearsal`
    is true where that kind sends nothing to anybody (`folder`). `only` is the condition's text.
    `lines` maps a setting's name to its line in `file`, for sentences that name it; one that is inherited bears its
    section's name too, as `articles.hold_if_late`.
    `hold_if_late` is None for `never`; `ignore_before` is None for "first sight". `web_view` is the address of the
    pages on which anybody may read what goes out; None where nobody may.
    """

    name: str
    kind: str
    publication: Publication
    brand: Brand
    variants: tuple[VariantPlan, ...]
    transport: str
    transport_kind: str
    rehearsal: bool
    ignore_before: datetime | None = None
    hold_if_late: timedelta | None = None
    only: str | None = None
    was: str | None = None
    approval: bool = False
    hold_when_uncertain: bool = False
    audience: Audience | None = None
    sender: Sender | None = None
    unsubscribe: Unsubscribe | None = None
    hashtags: tuple[str, ...] = ()
    link: LinkMode = LinkMode.CARD
    web_view: str | None = None
    file: str = "config.yaml"
    lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_email(self) -> bool:
        """Whether it goes to subscribers by mail rather than to a network."""
        return self.kind == EMAIL
