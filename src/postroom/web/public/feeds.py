"""The feeds: what was published, for programs that read on behalf of people."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final
from urllib.parse import quote, urljoin, urlsplit
from xml.etree import ElementTree as ET  # written, never read

from postroom.web.public.characters import legal
from postroom.web.public.published import Published
from postroom.web.public.site import Site

_ATOM: Final = "http://www.w3.org/2005/Atom"
_JSON_FEED: Final = "https://jsonfeed.org/version/1.1"
_NEVER: Final = datetime.fromtimestamp(0, UTC)
"""When a feed changed that nothing is in: RFC 4287 §4.1.1 asks for a moment even then."""

_IN_URLS: Final = ":/?#[]@!$&'()*+,;=%~"
_IN_TAGS: Final = ":/?@!$&'()*+,;=~"  # RFC 4151 §2.1: what a URI may have in its path and query
_LANGUAGE: Final = re.compile(r"[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")  # the type `language` of XML Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """Where a feed is: `url` is its own, absolute; `home` that of the archive that shows the same to people.

    Other URLs may be relative to `url`.
    """

    url: str
    home: str


def tag_of(host: str, day: date, name: str) -> str:
    """Make an id that stays the same when addresses change (RFC 4151): `host` belonged to us on `day`."""
    return f"tag:{host},{day:%Y-%m-%d}:{quote(legal(name), safe=_IN_TAGS)}"


def atom(site: Site, feed: Feed, editions: Sequence[Published]) -> bytes:
    """Write an Atom feed (RFC 4287) in UTF-8, in the order given."""
    root = ET.Element("feed", {"xmlns": _ATOM} | _spoken(site.language))
    _put(root, "id", _absolute(feed, feed.url))
    _put(root, "title", site.name)
    _put(root, "updated", _moment(max((each.changed_at for each in editions), default=_NEVER)))
    _put(root, "link", rel="self", type="application/atom+xml", href=_absolute(feed, feed.url))
    _put(root, "link", rel="alternate", type="text/html", href=_absolute(feed, feed.home))
    author = _put(root, "author")
    _put(author, "name", site.name)
    _put(author, "uri", _absolute(feed, site.url))
    if site.logo:
        _put(root, "logo", _absolute(feed, site.logo))
    for each in editions:
        _add_entry(root, feed, each)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def json_feed(site: Site, feed: Feed, editions: Sequence[Published]) -> bytes:
    """Write a JSON Feed 1.1 in UTF-8, in the order given (jsonfeed.org/version/1.1, read 2026-11-23)."""
    told: dict[str, object] = {
        "version": _JSON_FEED,
        "title": legal(site.name),
        "home_page_url": _absolute(feed, feed.home),
        "feed_url": _absolute(feed, feed.url),
        "language": legal(site.language),
        "authors": [{"name": legal(site.name), "url": _absolute(feed, site.url)}],
        "items": [_item(feed, each) for each in editions],
    }
    return json.dumps({key: value for key, value in told.items() if value != ""}, ensure_ascii=False).encode()


def _add_entry(root: ET.Element, feed: Feed, edition: Published) -> None:
    entry = ET.SubElement(root, "entry", _spoken(edition.language))
    _put(entry, "id", edition.id)
    _put(entry, "title", edition.title)
    _put(entry, "updated", _moment(edition.changed_at))
    _put(entry, "published", _moment(edition.published_at))
    _put(entry, "link", rel="alternate", type="text/html", href=_absolute(feed, edition.url))
    if edition.subtitle:
        _put(entry, "summary", edition.subtitle)
    if edition.html is not None:
        _put(entry, "content", edition.html, type="html")


def _item(feed: Feed, edition: Published) -> dict[str, object]:
    """Write an item. It must hold content of one kind at least: the title stands in for want of better."""
    told = {
        "id": legal(edition.id),
        "url": _absolute(feed, edition.url),
        "title": legal(edition.title),
        "summary": legal(edition.subtitle),
        "content_html": legal(edition.html or ""),
        "date_published": _moment(edition.published_at),
        "date_modified": _moment(edition.changed_at),
        "language": legal(edition.language),
    }
    if not told["content_html"]:
        told["content_text"] = told["summary"] or told["title"] or told["url"]
    return {key: value for key, value in told.items() if value}


def _put(parent: ET.Element, name: str, text: str = "", **attributes: str) -> ET.Element:
    child = ET.SubElement(parent, name, attributes)
    child.text = legal(text) or None
    return child


def _spoken(language: str) -> dict[str, str]:
    return {"xml:lang": language} if _LANGUAGE.fullmatch(language) else {}


def _absolute(feed: Feed, url: str) -> str:
    """Write a URL out, in the letters that URIs have. One that is not of the web gives way to the feed's own."""
    try:
        whole = urlsplit(urljoin(feed.url, legal(url).strip()))
        host = whole.netloc if whole.netloc.isascii() else whole.netloc.encode("idna").decode()
    except ValueError:
        return feed.url
    if whole.scheme not in {"http", "https"} or not host:
        return feed.url
    return quote(whole._replace(netloc=host).geturl(), safe=_IN_URLS)


def _moment(moment: datetime) -> str:
    """Write a moment as RFC 3339 asks, in UTC, to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
