"""The style sheet of the public pages: the brand's colours, made readable, before one constant text."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from postroom.config.palette import READABLE, contrast, readable
from postroom.model import Brand, Palette

VISIBLE: Final = 3.0
"""Least contrast of what shows where a field or a button is (WCAG 2.2, success criterion 1.4.11, level AA)."""

_TEXT: Final = Path(__file__).parent / "static" / "public.css"
_WRONG: Final = "#b3261e"
_NOT_IN_FONTS: Final = re.compile(r"[^\w\s,'\"-]")


def stylesheet(brand: Brand) -> str:
    """Write the sheet of a brand, light and dark."""
    size = f"--width:{brand.width}px;--corner:{min(brand.radius, 16)}px"
    light, dark = _variables(brand.light), _variables(brand.dark)
    return (
        f":root{{{size};{light}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"
        f"body{{font-family:{_font(brand.font)}}}\n"
        f"{_constant()}"
    )


def style_name(brand: Brand) -> str:
    """Name the sheet by its content, so that browsers may keep it for ever."""
    return f"style-{sha256(stylesheet(brand).encode()).hexdigest()[:16]}.css"


def colours(palette: Palette) -> dict[str, str]:
    """Choose the colours of one scheme; each can be read, or seen, on what is behind it.

    The accent stays as it is, under a label in black or white (one of them always reaches 4.5) and within an edge
    that shows.
    """
    behind = palette.surface
    return {
        "paper": palette.background,
        "sheet": behind,
        "ink": readable(palette.text, behind),
        "quiet": readable(palette.muted, behind),
        "foot": readable(palette.muted, palette.background),
        "name": readable(palette.text, palette.background),
        "line": palette.line,
        "edge": readable(palette.muted, behind, VISIBLE),
        "accent": palette.accent,
        "brim": readable(palette.accent, behind, VISIBLE),
        "label": max("#ffffff", "#000000", key=lambda each: contrast(each, palette.accent)),
        "wrong": readable(_WRONG, behind, READABLE),
    }


def _variables(palette: Palette) -> str:
    return ";".join(f"--{name}:{colour}" for name, colour in colours(palette).items())


def _font(stack: str) -> str:
    """Leave in a font stack what names are made of, and no quote that is not closed."""
    plain = _NOT_IN_FONTS.sub("", " ".join(stack.split()))
    is_closed = plain.count("'") % 2 == 0 and plain.count('"') % 2 == 0
    return (plain if is_closed else re.sub("['\"]", "", plain)) or "sans-serif"


@lru_cache(maxsize=1)
def _constant() -> str:
    return _TEXT.read_text("utf-8")
