"""Findings quote what articles hold; no terminal must act on it."""

from __future__ import annotations

import pytest

from postroom.cli import console
from postroom.model import Finding, Severity, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("a\rb\tc", "a\\rb\\tc"),
        ("\u202etxt.exe", "\\u202etxt.exe"),
        ("half \ud800 a pair", "half \\ud800 a pair"),
        ("two\nlines, ümlaut, 日本, 👋", "two\nlines, ümlaut, 日本, 👋"),
    ],
)
def test_what_a_terminal_would_act_on_is_shown_as_its_escape(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert "\x1b" not in console.text(text)


def test_a_finding_is_told_in_visible_characters() -> None:
    finding = Finding(rule="x", severity=Severity.ERROR, file="a\x1b.md", line=3, message="\x07 rings")
    assert str(finding) == "a\\x1b.md:3: \\x07 rings"
