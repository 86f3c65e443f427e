"""Colour code: a few classes that both the light and the dark style sheet know."""

from __future__ import annotations

from functools import lru_cache
from html import escape
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pygments.token import _TokenType

MAX_CHARS = 50_000
"""The longest piece of code that is coloured: colours triple its size, and Gmail clips a mail at 102 KB."""

LIGHT = MappingProxyType(
    {
        "hl-k": "#8a1c7c",
        "hl-s": "#1a6330",
        "hl-c": "#5c646c",
        "hl-n": "#96400b",
        "hl-f": "#0b4f9e",
        "hl-t": "#7a4a00",
        "hl-d": "#a11626",
        "hl-i": "#1a6330",
    }
)
"""Colours by class on a light ground: keyword, string, comment, number, function, type, deleted, inserted.
At least 4.5:1 (WCAG 2.2 SC 1.4.3) on anything lighter than #ececec.
"""

DARK = MappingProxyType(
    {
        "hl-k": "#e9a3dd",
        "hl-s": "#9fd694",
        "hl-c": "#a3acb5",
        "hl-n": "#f0b088",
        "hl-f": "#97c4ff",
        "hl-t": "#e6c680",
        "hl-d": "#ffa3a3",
        "hl-i": "#9fd694",
    }
)
"""The same on a dark ground: at least 4.5:1 on anything darker than #303236."""


def coloured(code: str, language: str) -> str:
    """Escape code and mark its words with classes; a language nobody knows stays plain. Lines are kept."""
    lexer_name = _known(language.lower()) if language and len(code) <= MAX_CHARS else None
    if lexer_name is None:
        return escape(code, quote=False)
    from pygments.lexers import get_lexer_by_name

    lexer = get_lexer_by_name(lexer_name, stripnl=False, ensurenl=False)
    return "".join(_marked(kind, text) for kind, text in _joined(lexer.get_tokens(code)))


@lru_cache(maxsize=256)
def _known(language: str) -> str | None:
    from pygments.lexers import find_lexer_class_by_name
    from pygments.util import ClassNotFound

    try:
        find_lexer_class_by_name(language)
    except ClassNotFound:
        return None
    return language


def _joined(tokens: object) -> list[tuple[str, str]]:
    """Join neighbours of one colour, and what stands between them if it is only blank: smaller mail."""
    runs: list[tuple[str, str]] = []
    for kind, text in tokens:  # type: ignore[attr-defined] # Pygments has no hints
        name = _class_of(kind)
        if runs and (runs[-1][0] == name or (not text.strip() and "\n" not in text)):
            runs[-1] = (runs[-1][0], runs[-1][1] + text)
        else:
            runs.append((name, text))
    return runs


def _marked(name: str, text: str) -> str:
    """Wrap line by line, so that a client that breaks lines apart keeps the colour."""
    words = escape(text, quote=False)
    if not name:
        return words
    lines = words.split("\n")
    return "\n".join(f'<span class="{name}">{line}</span>' if line.strip() else line for line in lines)


def _class_of(kind: _TokenType) -> str:
    from pygments.token import Comment, Generic, Keyword, Name, Number, Operator, String

    classes = (
        (Comment, "hl-c"),
        (String, "hl-s"),
        (Number, "hl-n"),
        (Keyword.Type, "hl-t"),
        (Keyword, "hl-k"),
        (Operator.Word, "hl-k"),
        (Name.Function, "hl-f"),
        (Name.Class, "hl-t"),
        (Name.Decorator, "hl-t"),
        (Name.Tag, "hl-k"),
        (Name.Attribute, "hl-f"),
        (Name.Builtin, "hl-f"),
        (Generic.Deleted, "hl-d"),
        (Generic.Inserted, "hl-i"),
    )
    return next((name for family, name in classes if kind in family), "")
