"""The tags and the language of a row."""

from __future__ import annotations

import csv
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

TAGS: Final = ("tags", "labels", "groups")
_LONG: Final = 200
"""Characters beyond which a cell is not remembered: long ones are rarely the same."""
# RFC 5646 §2.1: language, script, region, variants; extensions and private use are left out.
_TAG: Final = re.compile(
    r"(?P<language>[a-z]{2,3})(?P<script>-[a-z]{4})?(?P<region>-(?:[a-z]{2}|[0-9]{3}))?"
    r"(?P<variants>(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*)",
    re.IGNORECASE | re.ASCII,
)


def tags_of(cells: Iterable[str]) -> tuple[str, ...]:
    """Read the tags in some cells, each once: `a, b`, `a; b`, or as Mailchimp writes them, `"a","b"`."""
    return tuple(dict.fromkeys(tag for cell in cells if cell for tag in _tags_in(cell)))


def joined(tags: Iterable[str]) -> str:
    """Write tags as one cell that `tags_of` reads as they were, but for blanks beside each other."""
    return ", ".join(f'"{tag.replace(chr(34), chr(34) * 2)}"' if _is_special(tag) else tag for tag in tags)


def language_of(text: str) -> str:
    """Write a language as BCP 47 does (`pt_br` is `pt-BR`); "" where it is none."""
    return _language(text) if len(text) <= _LONG else ""


def _is_special(tag: str) -> bool:
    return any(sign in tag for sign in ',;"')


def _tags_in(cell: str) -> tuple[str, ...]:
    return _remembered(cell) if len(cell) <= _LONG else _parted(cell)


@lru_cache(maxsize=4096)
def _remembered(cell: str) -> tuple[str, ...]:
    return _parted(cell)


def _parted(cell: str) -> tuple[str, ...]:
    line = " ".join(cell.split())
    delimiter = ";" if ";" in line and not any(sign in line for sign in ',"') else ","
    tags = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    return tuple(stripped for tag in tags if (stripped := tag.strip()))


@lru_cache(maxsize=4096)
def _language(text: str) -> str:
    found = _TAG.fullmatch(text.strip().replace("_", "-"))
    if found is None:
        return ""
    script, region = found["script"] or "", found["region"] or ""
    return found["language"].lower() + script.title() + region.upper() + found["variants"].lower()
