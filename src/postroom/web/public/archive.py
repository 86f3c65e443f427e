"""The archive: what was published, newest first, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from postroom.web.markup import Html, join, tag
from postroom.web.public.frame import Sheet, document, link
from postroom.web.public.published import Published
from postroom.web.public.site import Site
from postroom.web.public.voice import Voice, voice_for

ATOM: Final = "application/atom+xml"  # RFC 4287 §7
JSON: Final = "application/feed+json"  # JSON Feed 1.1, "Suggestions for Publishers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """Where a page stands among `count`, from 1. `newer` and `older` are URLs, empty at the ends."""

    number: int = 1
    count: int = 1
    newer: str = ""
    older: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """Where the archive leads besides: URLs to sign up and of the feeds, empty for what there is not."""

    sign_up: str = ""
    atom: str = ""
    json: str = ""


def archive(site: Site, editions: Sequence[Published], paging: Paging, ways: Ways) -> str:
    """Write one page of the archive, in the order given. Search engines may keep it, and follow it."""
    voice = voice_for(site)
    listed = tag("ol", [_listed(voice, each) for each in editions], class_="editions")
    sign_up = link(voice.say("archive.sign-up"), ways.sign_up, class_="button main")
    body = join(
        tag("p", sign_up) if ways.sign_up else None,
        listed if editions else tag("p", voice.say("archive.empty")),
        _pages(voice, paging),
        _feeds(voice, ways),
    )
    sheet = Sheet(
        title=voice.text("archive"),
        heading=voice.say("archive"),
        body=body,
        is_public=True,
        has_button=bool(ways.sign_up),
        feeds=tuple((kind, url) for kind, url in ((ATOM, ways.atom), (JSON, ways.json)) if url),
    )
    return document(voice, sheet)


def _listed(voice: Voice, edition: Published) -> Html:
    own = edition.language or voice.foreign
    subtitle = tag("p", edition.subtitle, dir="auto", lang=own)
    return tag(
        "li",
        tag("h2", link(edition.title or edition.url, edition.url), dir="auto", lang=own),
        subtitle if edition.subtitle.strip() else None,
        tag("p", voice.dated(edition.published_at), class_="quiet"),
    )


def _pages(voice: Voice, paging: Paging) -> Html | None:
    if paging.count < 2 and not (paging.newer or paging.older):
        return None
    newer = link(voice.say("pages.newer"), paging.newer, rel="prev") if paging.newer else tag("span")
    older = link(voice.say("pages.older"), paging.older, rel="next") if paging.older else tag("span")
    here = tag("span", voice.say("pages.here", number=paging.number, count=paging.count), class_="quiet")
    return tag("nav", newer, here, older, class_="pages", aria_label=voice.text("pages"))


def _feeds(voice: Voice, ways: Ways) -> Html | None:
    links = [
        tag("li", link(name, url, type=kind))
        for name, url, kind in (("Atom", ways.atom, ATOM), ("JSON Feed", ways.json, JSON))
        if url
    ]
    if not links:
        return None
    return tag("nav", tag("ul", links), class_="feeds", aria_label=voice.text("archive.feeds"))
