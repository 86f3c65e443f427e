"""Front matter as it was written: text whose type stays open, and the line of each key."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import TypeAlias

from postroom.model import Attribute

Value: TypeAlias = "str | list[Value] | dict[str, Value]"

MAX_DEPTH = 20
"""Levels of lists and mappings; `social` needs four."""

MAX_VALUES = 5_000
"""Values in one front matter, repeated aliases counted anew: stops a "billion laughs" early."""

_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})\Z")
_DECIMAL = re.compile(r"[-+]?(?:[0-9]{1,17}\.[0-9]*|\.[0-9]+|[0-9]{1,17}(?=[eE]))(?:[eE][-+]?[0-9]{1,3})?\Z")


class Plain(str):
    """A value written without quotes: `2024`, `true`, `null`, `8 mins`.

    Its type is open until someone asks (`typed`), so that a title `1.10` or `No` stays what was
    written. Text in quotes is a `str` that is no Plain.
    """

    __slots__ = ()


class Matter(dict[str, Value]):
    """Front matter; `lines` says on which line a key stands, counted from 0 within the matter."""

    def __init__(self, entries: Iterable[tuple[str, Value]] = ()) -> None:
        super().__init__(entries)
        self.lines: dict[str, int] = {}


class MatterError(ValueError):
    """Front matter cannot be read. `line` counts from 0 within it; `repairable` says whether
    reading it line by line may help.
    """

    def __init__(self, message: str, line: int, *, repairable: bool = False) -> None:
        self.line = line
        self.repairable = repairable
        super().__init__(message)


def is_empty(value: Value) -> bool:
    """Tell whether nothing was given: `null`, `~`, blank text, no items."""
    if isinstance(value, Plain):
        return value.strip() in _NULLS
    return not (value.strip() if isinstance(value, str) else value)


def truth(value: Value) -> bool | None:
    """Read true or false as YAML 1.2 knows them (core schema, section 10.3.2); None for all else."""
    return _TRUTHS.get(value) if isinstance(value, Plain) else None


def typed(value: Value) -> Attribute:
    """Settle the types: YAML 1.2 null, booleans, decimal numbers; lists as tuples; else text.

    Left as text on purpose: `yes`, `on`, `10:30`, `0x1F`, `007`, `.inf` and dates.
    """
    if isinstance(value, dict):
        return {key: typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(typed(item) for item in value)
    return _scalar(value) if isinstance(value, Plain) else value


def _scalar(text: Plain) -> Attribute:
    if text in _NULLS:
        return None
    if text in _TRUTHS:
        return _TRUTHS[text]
    if _WHOLE.match(text):
        return int(text)
    if _DECIMAL.match(text) and math.isfinite(number := float(text)):
        return number
    return str(text)
