"""Settles how mail looks: the channel's wishes over the project's, over colours that can be read."""

from __future__ import annotations

from dataclasses import fields
from os.path import normpath
from pathlib import Path
from typing import TypeVar

from postroom.config.palette import DARK, LIGHT, SYSTEM_FONT, lightened
from postroom.config.sections import BrandSection, PaletteSection
from postroom.model import Brand, Palette

T = TypeVar("T")

WIDTH, CORNERS = 600, 4
"""Pixels. 600 is also what MJML gives `mj-body` when nothing else is said."""


def brand_of(project: BrandSection, channel: BrandSection, base: Path) -> Brand:
    """Merge the looks of project and channel. A logo's path starts at `base`."""
    light = _palette(LIGHT, project, channel)
    dark = _palette(DARK, project.dark, channel.dark)
    accent = channel.dark.accent or (None if channel.accent else project.dark.accent)
    own = channel.accent or project.accent
    if accent is None and own is not None:
        dark = _with_accent(dark, lightened(own, dark.surface))
    logo = channel.logo or project.logo
    font = channel.font or project.font or "system"
    return Brand(
        light=light,
        dark=dark,
        font=SYSTEM_FONT if font == "system" else font,
        width=_first(channel.width, project.width, WIDTH),
        radius=_first(channel.corners, project.corners, CORNERS),
        logo=Path(normpath(base / logo)) if logo else None,
    )


def _palette(default: Palette, *wishes: PaletteSection) -> Palette:
    """Take each colour from the last that names it."""
    chosen = {
        field.name: next(
            (colour for wish in reversed(wishes) if (colour := getattr(wish, field.name))),
            getattr(default, field.name),
        )
        for field in fields(Palette)
    }
    return Palette(**chosen)


def _with_accent(palette: Palette, accent: str) -> Palette:
    return Palette(
        **{field.name: getattr(palette, field.name) for field in fields(Palette)} | {"accent": accent}
    )


def _first(*given: T | None) -> T:
    return next(each for each in given if each is not None)
