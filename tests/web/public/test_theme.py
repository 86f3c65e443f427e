"""The style sheet of a brand."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from postroom.config.palette import DARK, LIGHT, READABLE, contrast, readable
from postroom.model import Palette
from postroom.web.public import style_name, stylesheet
from postroom.web.public.theme import VISIBLE, colours

COLOUR = st.from_regex(r"#[0-9a-f]{6}", fullmatch=True)
PALETTE = st.builds(Palette, **{field.name: COLOUR for field in fields(Palette)})


@given(palette=PALETTE)
def test_every_text_can_be_read_whatever_the_colours(palette: Palette) -> None:
    chosen = colours(palette)
    for text, behind in (
        ("ink", "sheet"),
        ("quiet", "sheet"),
        ("wrong", "sheet"),
        ("foot", "paper"),
        ("name", "paper"),
        ("label", "accent"),
    ):
        assert contrast(chosen[text], chosen[behind]) >= READABLE, text
    for edge in ("edge", "brim"):
        assert contrast(chosen[edge], chosen["sheet"]) >= VISIBLE, edge


def test_colours_that_can_be_read_stay_as_they_are() -> None:
    for palette in (LIGHT, DARK):
        chosen = colours(palette)
        assert (chosen["ink"], chosen["quiet"], chosen["accent"]) == (
            palette.text,
            palette.muted,
            palette.accent,
        )
        assert (chosen["sheet"], chosen["paper"]) == (palette.surface, palette.background)


@given(colour=COLOUR, surface=COLOUR, least=st.floats(1, 4.5))
def test_a_colour_is_changed_no_more_than_it_must(colour: str, surface: str, least: float) -> None:
    made = readable(colour, surface, least)
    assert contrast(made, surface) >= least
    assert (made == colour) == (contrast(colour, surface) >= least) or made in {"#000000", "#ffffff"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(font=st.text(st.sampled_from("abc Ω'\",;:{}()<>@\\/*\n-.%") | st.characters()))
def test_no_font_can_break_out_of_its_rule(public: Any, font: str) -> None:
    sheet = stylesheet(replace(public.brand, font=font))
    plain = stylesheet(replace(public.brand, font="Georgia"))
    rule = sheet[len(plain.split("body{font-family:")[0]) : -len(plain.split("Georgia}")[1])]
    assert re.fullmatch(r"body\{font-family:[\w\s,'\"-]+\}", rule)
    assert rule.count("'") % 2 == rule.count('"') % 2 == 0


def test_a_sheet_is_named_by_what_is_in_it(public: Any) -> None:
    name = style_name(public.brand)
    assert re.fullmatch(r"style-[0-9a-f]{16}\.css", name)
    assert name == style_name(public.brand)
    assert name != style_name(replace(public.brand, radius=9))


def test_the_sheet_uses_only_variables_that_it_sets(public: Any) -> None:
    sheet = stylesheet(public.brand)
    light, dark = (set(re.findall(r"--([a-z]+):", part)) for part in sheet.split("@media", 2)[:2])
    assert light - dark == {"width", "corner"}
    assert set(re.findall(r"var\(--([a-z]+)\)", sheet)) <= light
    assert light <= set(re.findall(r"var\(--([a-z]+)\)", sheet))


def test_the_sheet_fetches_nothing(public: Any) -> None:
    assert not re.search(r"url\(|@import|expression", stylesheet(public.brand))
