"""The switches above the stage: each is a link to the same page, seen another way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from postroom.model import Post
from postroom.web.markup import Html, tag
from postroom.web.studio.look import DESKTOP, IMAGES, PHONE, SCHEMES, TABS, Look
from postroom.web.studio.source import Sheet

_POST_TABS = ("preview", "text", "json")
_WIDTHS = {str(DESKTOP): "Desktop", str(PHONE): "Phone"}


def settled(look: Look, sheet: Sheet) -> Look:
    """Fall back to the preview where the sheet has nothing to show in the chosen tab."""
    return look if look.tab in _tabs(sheet) else replace(look, tab="preview")


def tools(sheet: Sheet, look: Look) -> Html | None:
    """Write tabs and, above a preview, switches; nothing where nothing was rendered."""
    if sheet.content is None:
        return None
    tabs = [_tab(name, number, look) for number, name in enumerate(_tabs(sheet), start=1)]
    return tag(
        "div",
        tag("nav", tabs, class_="tabs", aria_label="Views"),
        _switches(sheet, look) if look.tab == "preview" else None,
        class_="tools",
    )


def _tabs(sheet: Sheet) -> tuple[str, ...]:
    return _POST_TABS if isinstance(sheet.content, Post) else tuple(TABS)


def _tab(name: str, number: int, look: Look) -> Html:
    is_current = name == look.tab
    return tag(
        "a",
        TABS[name],
        href=replace(look, tab=name).link(),
        aria_current="page" if is_current else None,
        aria_keyshortcuts=str(number),
    )


def _switches(sheet: Sheet, look: Look) -> Html:
    widths = {name: replace(look, width=int(name)) for name in _WIDTHS}
    groups = [_group("Width", _WIDTHS, widths, str(PHONE if look.is_phone else look.width), "p")]
    if not isinstance(sheet.content, Post):
        schemes = {name: replace(look, scheme=name) for name in SCHEMES}
        groups.append(_group("Scheme", SCHEMES, schemes, look.scheme, "d"))
    images = {name: replace(look, images=name) for name in IMAGES}
    groups.append(_group("Images", IMAGES, images, look.images, "i"))
    return tag("div", groups, class_="switches")


def _group(label: str, names: Mapping[str, str], looks: Mapping[str, Look], current: str, key: str) -> Html:
    """Write one switch. Its key goes to the position after the current one, round and round."""
    order = list(names)
    after = order[(order.index(current) + 1) % len(order)] if current in order else order[0]
    links = [
        tag(
            "a",
            names[name],
            href=looks[name].link(),
            aria_current="true" if name == current else None,
            aria_keyshortcuts=key if name == after else None,
            data_sets=label.lower(),
        )
        for name in order
    ]
    return tag(
        "div", tag("span", label, class_="label"), links, class_="switch", role="group", aria_label=label
    )
