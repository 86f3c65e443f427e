"""Merge fields: how articles and templates name them, and how they stand in a frozen mail."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it.token import Token

FENCE = "@@"
"""What stands before and after a field's name, unless the mail's own text holds it. It passes MJML,
premailer and URL attributes unchanged, unlike `{{…}}` and `%…%`.
"""

FIELDS = frozenset({"first_name", "name", "email", "preferences_url", "unsubscribe_url", "web_url"})
"""Fields that every recipient has. Other names are columns of the audience."""

_FIELD = re.compile(r"\{\{\s*([a-z][a-z0-9_]*)\s*(?:\|\s*([^{}\r\n]*?)\s*)?\}\}")
_LINKED = re.compile(r"%7B%7B(?:%20)*(preferences_url|unsubscribe_url|web_url)(?:%20)*%7D%7D", re.IGNORECASE)


def fence_for(*sources: str) -> str:
    """Choose a fence that `sources` do not hold: `@@`, or a longer one drawn from their hash."""
    whole = "\n".join(sources)
    if FENCE not in whole and "@}}" not in whole:
        return FENCE
    return longer_fence(whole)


def longer_fence(source: str) -> str:
    """Draw a fence from a text's hash: long enough that nobody writes it by chance."""
    digest = hashlib.sha256(source.encode("utf-8", "surrogatepass")).hexdigest()
    return next(
        fence for start in range(0, 52, 4) if (fence := f"@@{digest[start : start + 12]}@@") not in source
    )


def token(name: str, default: str, fence: str) -> str:
    """Write one field as it stands in a frozen mail."""
    return f"{fence}{name}|{default}{fence}" if default else f"{fence}{name}{fence}"


def mark(text: str, fence: str) -> str:
    """Replace every `{{name}}` and `{{name|default}}` in a text."""
    return _FIELD.sub(lambda match: token(match[1], match[2] or "", fence), text) if "{{" in text else text


def fields_in(text: str, fence: str) -> list[tuple[str, str]]:
    """List name and default of each field of a frozen text."""
    return [(match[1], match[2] or "") for match in _reading(fence).finditer(text)]


def is_clean(text: str, fence: str) -> bool:
    """Tell whether the fence occurs only around fields."""
    return fence not in _reading(fence).sub(" ", text)


def _reading(fence: str) -> re.Pattern[str]:
    edge = re.escape(fence)
    return re.compile(rf"{edge}([a-z][a-z0-9_]*)(?:\|(.*?))?{edge}")


def merge_tokens(tokens: Sequence[Token], fence: str) -> Iterator[Token]:
    """Copy Markdown tokens with their fields marked; code stays as it is written."""
    for each in tokens:
        match each.type:
            case "inline":
                yield each.copy(children=list(merge_tokens(each.children or [], fence)))
            case "text" | "html_inline" | "html_block":
                yield each.copy(content=mark(each.content, fence))
            case "link_open":
                yield each.copy(
                    attrs={**each.attrs, "href": _marked_link(str(each.attrs.get("href", "")), fence)}
                )
            case _:
                yield each


def _marked_link(href: str, fence: str) -> str:
    """Mark the fields that are whole URLs; the parser has percent-encoded their braces."""
    return _LINKED.sub(lambda match: token(match[1].lower(), "", fence), href)
