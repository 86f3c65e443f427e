"""The catalogue at the side: articles, and under each how it is told where."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from postroom.web.markup import Html, join, tag
from postroom.web.studio.icons import state_class, state_icon
from postroom.web.studio.look import Look
from postroom.web.studio.source import Entry

_ARTICLES_WRITTEN = 200  # some 1,500 links; beyond that a browser takes its time, and nobody scrolls

_KEYS = (
    ("j k", "next, previous"),
    ("1–6", "view"),
    ("d", "light, dark, inverted"),
    ("p", "phone"),
    ("i", "images"),
    ("/", "filter"),
)


def shelf(catalogue: Sequence[Entry], look: Look, current: Entry | None) -> Html:
    """Write the navigation: a filter, the articles that pass it, the keys."""
    articles = _by_article(catalogue)
    passing = [entries for entries in articles if _passes(entries, look.query)]
    written = articles if len(articles) <= _ARTICLES_WRITTEN else passing[:_ARTICLES_WRITTEN]
    items = [_article(entries, look, current) for entries in written]
    return tag(
        "nav",
        _filter(look),
        tag("ol", items, class_="articles", data_scroll="shelf", tabindex="-1"),
        tag("p", _count(len(passing), look), class_="count", id="count"),
        _keys(),
        class_="shelf",
        aria_label="Articles",
    )


def _by_article(catalogue: Sequence[Entry]) -> list[list[Entry]]:
    return [list(entries) for _, entries in groupby(catalogue, key=lambda entry: entry.article)]


def _passes(entries: Sequence[Entry], query: str) -> bool:
    text = _searchable(entries)
    return all(word in text for word in query.casefold().split())


def _searchable(entries: Sequence[Entry]) -> str:
    words = [entries[0].title, entries[0].article, entries[0].file]
    words += [word for entry in entries for word in (entry.channel, entry.variant, entry.state)]
    return " ".join(dict.fromkeys(words)).casefold()


def _filter(look: Look) -> Html:
    kept = [
        tag("input", type="hidden", name=name, value=value)
        for name, value in look.parameters().items()
        if name != "q"
    ]
    return tag(
        "form",
        kept,
        tag("label", "Filter articles", for_="filter", class_="unseen"),
        tag(
            "input",
            type="search",
            id="filter",
            name="q",
            value=look.query,
            placeholder="Filter by title, channel, state",
            autocomplete="off",
            aria_keyshortcuts="/",
        ),
        class_="filter",
        role="search",
    )


def _article(entries: Sequence[Entry], look: Look, current: Entry | None) -> Html:
    """Write an article; hidden when it does not pass, so that the script can bring it back."""
    first = entries[0]
    channels = groupby(entries, key=lambda entry: entry.channel)
    rows = [_channel(name, list(told), look, current) for name, told in channels]
    is_current = current is not None and current.article == first.article
    return tag(
        "li",
        tag("p", first.title or first.article, class_="title"),
        tag("p", first.file, class_="file"),
        rows,
        class_="article current" if is_current else "article",
        data_text=_searchable(entries),
        hidden=not _passes(entries, look.query),
    )


def _channel(name: str, entries: Sequence[Entry], look: Look, current: Entry | None) -> Html:
    chips = [_chip(entry, look, is_current=current == entry) for entry in entries]
    return tag("div", tag("span", name or "nowhere", class_="channel"), tag("span", chips, class_="chips"))


def _chip(entry: Entry, look: Look, *, is_current: bool) -> Html:
    return tag(
        "a",
        state_icon(entry.state),
        tag("span", f"{entry.channel}, ", class_="unseen") if entry.channel else None,
        entry.variant or "look",
        tag("span", f", {entry.state}", class_="unseen"),
        _found(entry.errors, "error"),
        _found(entry.warnings, "warning"),
        href=look.at(entry).link(),
        class_=f"chip {state_class(entry.state)}",
        aria_current="page" if is_current else None,
        title=entry.why or None,
    )


def _found(count: int, what: str) -> Html | None:
    if not count:
        return None
    word = f" {what}" if count == 1 else f" {what}s"
    return tag("b", count, tag("span", word, class_="unseen"), class_=f"found {what}")


def _count(passing: int, look: Look) -> str:
    if passing > _ARTICLES_WRITTEN:
        return f"{_ARTICLES_WRITTEN:,} of {passing:,} articles; filter and press Enter to see others"
    if look.query:
        return "1 article matches" if passing == 1 else f"{passing or 'No'} articles match"
    return ""


def _keys() -> Html:
    pairs = [join(tag("dt", tag("kbd", key)), tag("dd", meaning)) for key, meaning in _KEYS]
    return tag("details", tag("summary", "Keys"), tag("dl", pairs), class_="keys")
