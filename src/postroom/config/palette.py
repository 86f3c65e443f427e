"""Colours of mail: defaults that can be read in light and in dark, and the measure of that."""

from __future__ import annotations

from typing import Final

from postroom.model import Palette

READABLE: Final = 4.5
"""Least contrast of text (WCAG 2.2, success criterion 1.4.3, level AA)."""

LIGHT: Final = Palette(
    accent="#0b5cad", background="#f5f4f0", surface="#ffffff", text="#1d1d1b", muted="#5d5d58", line="#e3e1da"
)
DARK: Final = Palette(
    accent="#8ec1ff", background="#121416", surface="#1b1e21", text="#ecebe7", muted="#a8aaad", line="#34383d"
)
SYSTEM_FONT: Final = "-apple-system, BlinkMacSystemFont, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"


def contrast(one: str, other: str) -> float:
    """Measure the contrast of two colours `#rrggbb`, from 1 to 21 (WCAG 2.2, "contrast ratio")."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def lightened(colour: str, surface: str) -> str:
    """Mix white into a colour until it can be read on a dark surface, 5 % at a time."""
    return _mixed_until(colour, "#ffffff", surface, READABLE)


def readable(colour: str, surface: str, least: float = READABLE) -> str:
    """Mix black or white into a colour, whichever stands out more, until its contrast is at least `least`."""
    end = max("#ffffff", "#000000", key=lambda each: contrast(each, surface))
    return _mixed_until(colour, end, surface, least)


def _mixed_until(colour: str, end: str, surface: str, least: float) -> str:
    steps = (_mixed(colour, end, step / 20) for step in range(21))
    return next((each for each in steps if contrast(each, surface) >= least), end)


def _mixed(colour: str, end: str, share: float) -> str:
    pairs = zip(_parts(colour), _parts(end), strict=True)
    return "#" + "".join(f"{round(one + (other - one) * share):02x}" for one, other in pairs)


def _luminance(colour: str) -> float:
    """Weigh the linear parts of an sRGB colour (WCAG 2.2, "relative luminance")."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (each / 255 for each in _parts(colour))
    ]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def _parts(colour: str) -> list[int]:
    return [int(colour[start : start + 2], 16) for start in (1, 3, 5)]
