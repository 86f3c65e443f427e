"""The feeds, as others' programs read them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import Any

import feedparser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from postroom.web.public import Feed, atom, json_feed, tag_of
from postroom.web.public.characters import legal

ATOM = "{http://www.w3.org/2005/Atom}"
FEED = Feed(url="https://mail.kitchen.example/feed.atom", home="/archive")
BERLIN = timezone(timedelta(hours=2))
ANY = st.text(st.characters())
STRICT = etree.XMLParser(resolve_entities=False, no_network=True)


def parsed(data: bytes) -> Any:
    """Read a feed with feedparser, which must find nothing to mend."""
    found = feedparser.parse(data)
    assert not found.bozo, found.get("bozo_exception")
    assert found.version == "atom10"
    return found


def test_a_feed_reader_finds_what_was_published(public: Any) -> None:
    html = "<p>Feed it at <b>eight</b> &amp; wait.</p>"
    first, *rest = public.editions(public.said())
    found = parsed(atom(public.site, FEED, [replace(first, html=html), *rest]))
    assert (found.feed.title, found.feed.id, found.feed.author) == (
        "The Slow Kitchen",
        FEED.url,
        "The Slow Kitchen",
    )
    assert found.feed.language == "en"
    assert {each.rel: each.href for each in found.feed.links} == {
        "self": FEED.url,
        "alternate": "https://mail.kitchen.example/archive",
    }
    entry = found.entries[0]
    assert (entry.id, entry.title, entry.summary) == (first.id, first.title, first.subtitle)
    assert entry.link == "https://mail.kitchen.example/archive/clock"
    assert (entry.content[0].value, entry.content[0].type) == (html, "text/html")
    assert [each.id for each in found.entries] == [first.id, *(each.id for each in rest)]


def test_moments_are_told_in_utc_and_the_newest_change_is_the_feed_s(public: Any) -> None:
    first, second, _ = public.editions(public.said())
    changed = datetime(2026, 11, 26, 1, 30, 5, 999_999, BERLIN)
    found = parsed(atom(public.site, FEED, [first, replace(second, updated_at=changed)]))
    assert found.feed.updated == "2026-11-25T23:30:05Z"
    assert [(each.published, each.updated) for each in found.entries] == [
        ("2026-11-24T09:00:00Z", "2026-11-24T09:00:00Z"),
        ("2026-11-24T09:00:00Z", "2026-11-25T23:30:05Z"),
    ]


def test_an_empty_feed_is_a_feed(public: Any) -> None:
    found = parsed(atom(public.site, FEED, []))
    assert (found.entries, found.feed.updated) == ([], "1970-01-01T00:00:00Z")
    assert json.loads(json_feed(public.site, FEED, []))["items"] == []


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=ANY, title=ANY, html=ANY, url=ANY, language=ANY)
def test_whatever_is_written_the_feed_stays_xml(
    public: Any, name: str, title: str, html: str, url: str, language: str
) -> None:
    site = replace(public.site, name=name, language=language, url=url)
    edition = replace(public.editions(public.said())[0], title=title, html=html, url=url, subtitle=name)
    root = etree.fromstring(atom(site, FEED, [edition]), STRICT)
    assert root.findtext(f"{ATOM}title") == legal(name)
    entry = root.find(f"{ATOM}entry")
    assert entry is not None
    assert entry.findtext(f"{ATOM}title") == legal(title)
    assert entry.findtext(f"{ATOM}content") == legal(html)
    for each in root.iter(f"{ATOM}link", f"{ATOM}uri"):
        href = each.get("href") or each.text
        assert href.isascii()
        assert href.startswith(("https://", "http://"))


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=ANY, title=ANY, html=ANY | st.none(), url=ANY)
def test_whatever_is_written_the_json_feed_has_what_it_must(
    public: Any, name: str, title: str, html: str | None, url: str
) -> None:
    edition = replace(public.editions(public.said())[0], title=title, html=html, url=url, subtitle="")
    told = json.loads(json_feed(replace(public.site, name=name), FEED, [edition]))
    assert told["version"] == "https://jsonfeed.org/version/1.1"
    assert told["feed_url"] == FEED.url
    item = told["items"][0]
    assert item["id"] == edition.id
    assert item["url"].startswith(("https://", "http://"))
    assert ("content_html" in item) != ("content_text" in item)
    assert "" not in item.values()


def test_both_feeds_name_an_edition_by_the_same_id(public: Any) -> None:
    shown = public.editions(public.said())
    items = json.loads(json_feed(public.site, FEED, shown))["items"]
    assert [each["id"] for each in items] == [
        each.id for each in parsed(atom(public.site, FEED, shown)).entries
    ]
    assert items[0]["date_published"] == "2026-11-24T09:00:00Z"


def test_the_same_values_give_the_same_bytes(public: Any) -> None:
    shown = public.editions(public.said())
    assert atom(public.site, FEED, shown) == atom(public.site, FEED, shown)
    assert json_feed(public.site, FEED, shown) == json_feed(public.site, FEED, shown)


def test_an_entry_in_another_language_says_so(public: Any) -> None:
    edition = replace(public.editions(public.said())[0], language="ar", title="ساعة الخبز")
    root = etree.fromstring(atom(public.site, FEED, [edition]), STRICT)
    entry = root.find(f"{ATOM}entry")
    assert entry is not None
    assert entry.get("{http://www.w3.org/XML/1998/namespace}lang") == "ar"
    assert json.loads(json_feed(public.site, FEED, [edition]))["items"][0]["language"] == "ar"


def test_addresses_are_absolute_and_in_the_letters_of_uris(public: Any) -> None:
    edition = public.editions(public.said())[0]
    for url, told in (
        ("/a b/ü?q=1#x", "https://mail.kitchen.example/a%20b/%C3%BC?q=1#x"),
        ("https://küche.example/x", "https://xn--kche-0ra.example/x"),
        ("javascript:alert(1)", FEED.url),
        ("https://[broken", FEED.url),
    ):
        assert parsed(atom(public.site, FEED, [replace(edition, url=url)])).entries[0].link == told


@given(name=ANY)
def test_an_id_is_a_uri_that_no_address_is_part_of(name: str) -> None:
    told = tag_of("kitchen.example", date(2026, 11, 24), name)
    assert told.startswith("tag:kitchen.example,2026-11-24:")
    assert told.isascii()
    assert not set(told) & set(' <>"{}|\\^`#')


def test_an_id_shows_its_day_and_name() -> None:
    told = tag_of("kitchen.example", date(2026, 1, 2), "newsletter/article/clock")
    assert told == "tag:kitchen.example,2026-01-02:newsletter/article/clock"
