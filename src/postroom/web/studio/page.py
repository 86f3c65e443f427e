"""The studio's page: the catalogue at the side, one sheet in the middle, notes beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from postroom.web.markup import Html, tag
from postroom.web.studio.icons import state_class, state_icon
from postroom.web.studio.look import Look
from postroom.web.studio.notes import notes
from postroom.web.studio.shelf import shelf
from postroom.web.studio.source import Entry, Sheet
from postroom.web.studio.stage import stage
from postroom.web.studio.tools import settled, tools


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """All that one page shows. `trouble` is what the source could not do, for people to mend.

    `sheet` is None where no entry is looked at: there are none, or none that is called so.
    """

    generation: int
    catalogue: Sequence[Entry]
    sheet: Sheet | None
    look: Look
    trouble: str = ""
    url_prefix: str = ""


def digest(view: View) -> str:
    """Name what a view shows: another digest, another picture."""
    seen = (view.catalogue, view.sheet, view.look, view.trouble, view.url_prefix)
    return sha256(repr(seen).encode("utf-8", "backslashreplace")).hexdigest()[:32]


def page(view: View) -> str:
    """Write the document. Everything that comes from articles is escaped."""
    title = f"{view.sheet.entry.title} · Postroom" if view.sheet else "Postroom studio"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("link", rel="icon", href="static/icon.svg", type="image/svg+xml"),
        tag("link", rel="stylesheet", href="static/studio.css"),
        tag("script", src="static/studio.js", defer=True),
    )
    current = view.sheet.entry if view.sheet else None
    body = tag(
        "body",
        tag("a", "Skip to the preview", href="#main", class_="skip"),
        _brand(),
        shelf(view.catalogue, view.look, current),
        tag("main", tag("div", _trouble(view), class_="troubles"), *_main(view), id="main", tabindex="-1"),
    )
    root = tag(
        "html",
        head,
        body,
        lang="en",
        data_generation=view.generation,
        data_digest=digest(view),
    )
    return f"<!DOCTYPE html>\n{root}\n"


def _brand() -> Html:
    mark = tag("a", "Postroom", tag("span", " studio"), href="./", class_="mark")
    live = tag("span", "Live", class_="live", id="live", role="status")
    return tag("header", mark, live, class_="brand")


def _trouble(view: View) -> Html | None:
    if not view.trouble:
        return None
    after = " Below is what was last seen well; it is not up to date." if view.catalogue else ""
    title = tag("p", tag("b", "Something in the project has to be mended."), after)
    return tag("section", title, tag("pre", view.trouble, tabindex=0), class_="trouble", role="alert")


def _main(view: View) -> tuple[Html | None, ...]:
    if view.sheet is not None:
        look = settled(view.look, view.sheet)
        middle = tag("div", stage(view.sheet, look), notes(view.sheet, look, view.url_prefix), class_="desk")
        return (_headline(view.sheet.entry), tools(view.sheet, look), middle)
    if view.catalogue:
        text = "No article goes by this name. It may have been moved, or its channel renamed."
        return (_message("Not here", text),)
    if view.trouble:
        return (_message("Nothing to show yet", "As soon as it is mended, your articles stand here."),)
    text = (
        "Put a Markdown file into the articles folder that config.yaml names. This page shows it by itself."
    )
    return (_message("No articles yet", text),)


def _headline(entry: Entry) -> Html:
    told = " · ".join(word for word in (entry.channel, entry.variant) if word)
    plan = tag(
        "p",
        state_icon(entry.state),
        tag("b", entry.state.capitalize()),
        tag("span", entry.why) if entry.why else None,
        class_=f"plan {state_class(entry.state)}",
    )
    return tag(
        "header",
        tag("p", told, class_="told") if told else None,
        tag("h1", entry.title or entry.article),
        plan,
        class_="headline",
    )


def _message(title: str, text: str) -> Html:
    return tag("div", tag("h1", title), tag("p", text), class_="message")
