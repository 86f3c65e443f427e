"""Break text into lines of a number of columns, as wide characters and merge fields need it."""

from __future__ import annotations

import re
from unicodedata import combining, east_asian_width

_WIDE = (
    "[\u1100-\u115f\u2e80-\u303e\u3041-\u4dbf\u4e00-\u9fff"
    "\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]"
)
_CLOSING = "[、。，．：；！？）」』】〕〉》・ー々〜]"


def columns(text: str) -> int:
    """Measure a text: East Asian wide characters take two columns, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def wrapped(text: str, width: int, fence: str = "@@") -> list[str]:
    """Break a text into lines. A word that is too long, such as a URL, stays whole; so does a merge field.

    Between ideographs and kana a line may break, but not before a closing mark.
    """
    return [line for part in text.split("\n") for line in _filled(part, width, fence)]


def _filled(text: str, width: int, fence: str) -> list[str]:
    lines: list[str] = []
    line, used = "", 0
    for gap, word in _pieces(text, fence):
        size = columns(word)
        if line and used + len(gap) + size > width:
            lines.append(line)
            line, used = word, size
        else:
            line, used = (line + gap + word, used + len(gap) + size) if line else (word, size)
    return [*lines, line]


def _pieces(text: str, fence: str) -> list[tuple[str, str]]:
    """Split into (gap before, piece) where a line may break."""
    edge = re.escape(fence)
    words = re.findall(rf"([^\S\u00a0]*)((?:{edge}[a-z].*?{edge}|[^\s\u00a0]|\u00a0)+)", text)
    pieces: list[tuple[str, str]] = []
    for gap, word in words:
        parts = re.findall(rf"{_WIDE}{_CLOSING}*|(?:{edge}[a-z].*?{edge}|(?!{_WIDE}).)+{_CLOSING}*", word)
        pieces += [(" " if gap and not number else "", part) for number, part in enumerate(parts)]
    return pieces
