from __future__ import annotations

import re
from html import unescape

import pytest

from postroom.render.highlight import DARK, LIGHT, coloured


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colour", LIGHT.values())
def test_colours_are_readable_on_a_light_ground(colour: str) -> None:
    assert contrast(colour, "#ececec") >= 4.5


@pytest.mark.parametrize("colour", DARK.values())
def test_colours_are_readable_on_a_dark_ground(colour: str) -> None:
    assert contrast(colour, "#303236") >= 4.5


def test_both_schemes_know_the_same_classes() -> None:
    assert set(LIGHT) == set(DARK)


@pytest.mark.parametrize("language", ["python", "js", "html", "bash", "diff", "nonsense", "", "Python"])
@pytest.mark.parametrize(
    "code", ["a = '<b>' # &\n\n\tx", "", "\n\n", "def f(): '''\n\n'''", "- a\n+ b", "\x00\u2028x"]
)
def test_colouring_changes_no_character(language: str, code: str) -> None:
    assert unescape(re.sub(r"<[^>]*>", "", coloured(code, language))) == code


def test_long_code_stays_plain() -> None:
    assert "<span" not in coloured("x = 1\n" * 10_000, "python")
