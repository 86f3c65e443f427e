"""HTML written in Python: text is escaped unless it is `Html` already."""

from __future__ import annotations

from html import escape
from typing import TypeAlias

_VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})


class Html(str):
    """Text that is HTML. Everything else that enters an element is escaped."""

    __slots__ = ()


Child: TypeAlias = "str | int | list[Html] | tuple[Html, ...] | None"
Value: TypeAlias = "str | int | bool | None"


def join(*children: Child) -> Html:
    """Put children one after the other; None and empty text leave nothing behind."""
    return Html("".join(_flat(child) for child in children))


def tag(name: str, /, *children: Child, **attributes: Value) -> Html:
    """Write an element.

    A trailing underscore in an attribute's name falls away (`class_`, `for_`), others become
    hyphens (`aria_label`). True writes the bare name; None and False leave the attribute out.
    """
    opening = f"<{name}{''.join(_attribute(key, value) for key, value in attributes.items())}>"
    return Html(opening) if name in _VOID else Html(f"{opening}{join(*children)}</{name}>")


def _flat(child: Child) -> str:
    match child:
        case None:
            return ""
        case Html():
            return child
        case list() | tuple():
            return "".join(child)
        case _:
            return escape(str(child))


def _attribute(key: str, value: Value) -> str:
    name = key.rstrip("_").replace("_", "-")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
