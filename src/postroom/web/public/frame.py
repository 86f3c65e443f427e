"""The document around each public page: head, masthead, one sheet, and who publishes at the foot."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from postroom.web.markup import Html, join, tag
from postroom.web.public.characters import legal
from postroom.web.public.voice import Voice

_FOLLOWABLE: Final = re.compile(r"https?://|[^:/?#\x00-\x20]*(?:[/?#]|\Z)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What one page says. `title` is plain text, for the window; `is_public` lets search engines keep it.

    `has_button` tells that the accent is on a button; elsewhere a short line over the heading bears it.
    `feeds` maps a media type to the URL of a feed.
    """

    title: str
    heading: Html
    body: Html
    is_public: bool = False
    has_button: bool = False
    feeds: tuple[tuple[str, str], ...] = ()


def document(voice: Voice, sheet: Sheet) -> str:
    """Write the document. It can be encoded as UTF-8 whatever the values hold."""
    main = tag(
        "main", tag("h1", sheet.heading), sheet.body, class_="sheet" if sheet.has_button else "sheet marked"
    )
    body = tag("body", _masthead(voice), main, _foot(voice))
    root = tag("html", _head(voice, sheet), body, lang=voice.words.language, dir=voice.words.direction)
    return legal(f"<!DOCTYPE html>\n{root}\n")


def followable(url: str) -> str | None:
    """Give back a URL that a link may have: of the web, or relative. None for `javascript:` and its like."""
    return url if _FOLLOWABLE.match(url) else None


def link(text: Html | str, url: str, **attributes: str | None) -> Html:
    """Write a link; a URL that is not of the web leaves its text alone."""
    return tag("a", text, href=followable(url), **attributes)


def _head(voice: Voice, sheet: Sheet) -> Html:
    site = voice.site
    feeds = [
        tag("link", rel="alternate", type=kind, title=site.name, href=followable(url))
        for kind, url in sheet.feeds
        if followable(url)
    ]
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        None if sheet.is_public else tag("meta", name="robots", content="noindex, nofollow"),
        tag("title", f"{sheet.title} · {site.name}" if site.name not in sheet.title else sheet.title),
        tag("link", rel="stylesheet", href=site.style),
        feeds,
    )


def _masthead(voice: Voice) -> Html:
    site = voice.site
    shown = (
        tag("img", src=site.logo, alt=site.name, lang=voice.foreign) if site.logo else voice.name(site.name)
    )
    return tag("header", link(shown, site.url, class_="home"), class_="masthead")


def _foot(voice: Voice) -> Html:
    site = voice.site
    lines = [line for line in site.address.splitlines() if line.strip()]
    where = tag("address", join(*(tag("span", line) for line in lines)), dir="auto", lang=voice.foreign)
    return tag("footer", tag("p", voice.name(site.name)), where if lines else None, class_="foot")
