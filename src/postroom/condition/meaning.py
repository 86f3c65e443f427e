"""What a condition means: its parts, and when they hold. Knows nothing of how one is written."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from postroom.model import Attribute

Value: TypeAlias = str | float | bool | None


@dataclass(frozen=True, slots=True)
class Present:
    """There is something under this name."""

    name: str


@dataclass(frozen=True, slots=True)
class Is:
    """The attribute is one of the values."""

    name: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Has:
    """The attribute, a list or a text, holds the value."""

    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Part


@dataclass(frozen=True, slots=True)
class Joined:
    """All parts hold (`word` is `and`), or one of them does (`or`)."""

    word: str
    parts: tuple[Part, ...]


Part: TypeAlias = Present | Is | Has | Not | Joined


@dataclass(frozen=True, slots=True)
class Condition:
    """A parsed condition. `text` is what was written; two conditions are equal when they mean the same."""

    text: str = field(compare=False)
    part: Part

    def holds(self, subject: Mapping[str, Attribute]) -> bool:
        """Say whether the subject meets the condition; a name it lacks is null. Never raises."""
        return part_holds(self.part, subject)

    @property
    def names(self) -> frozenset[str]:
        """Name every attribute the condition looks at, as written."""
        return frozenset(_names(self.part))


def part_holds(part: Part, subject: Mapping[str, Attribute]) -> bool:
    """Say whether the subject meets this part of a condition."""
    match part:
        case Present(name):
            return _present(look_up(name, subject))
        case Is(name, values):
            return _is_any(look_up(name, subject), values)
        case Has(name, value):
            return _has(look_up(name, subject), value)
        case Not(inner):
            return not part_holds(inner, subject)
        case Joined(word, parts):
            every_or_any = all if word == "and" else any
            return every_or_any(part_holds(each, subject) for each in parts)


def _names(part: Part) -> Iterator[str]:
    match part:
        case Present(name) | Is(name) | Has(name):
            yield name
        case Not(inner):
            yield from _names(inner)
        case Joined(_, parts):
            for each in parts:
                yield from _names(each)


def look_up(name: str, subject: Mapping[str, Attribute]) -> Attribute:
    """Find an attribute: by its whole name, else step by step along its dots."""
    if name in subject:
        return subject[name]
    found: Attribute = subject
    for step in name.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _present(found: Attribute) -> bool:
    return bool(found) and not (isinstance(found, str) and _fold(found).strip() in {"", "false", "no"})


def _is_any(found: Attribute, values: tuple[Value, ...]) -> bool:
    """Compare with each value; a list is what one of its items is."""
    if isinstance(found, tuple | list):
        return any(_is_any(item, values) for item in found if not isinstance(item, tuple | list))
    return any(_is(found, value) for value in values)


def _is(found: Attribute, value: Value) -> bool:
    match value:
        case None | bool():
            return found is value or (value is not None and _as_bool(found) is value)
        case str():
            return isinstance(found, str) and _fold(found) == _fold(value)
        case _:
            return _as_number(found) == value


def _has(found: Attribute, value: Value) -> bool:
    """Look for an item of a list, a name of a mapping, or whole words of a text."""
    match found:
        case tuple() | list() | Mapping():
            return any(_is(item, value) for item in found)
        case str() if isinstance(value, str):
            words = re.escape(_fold(value))
            return bool(words) and re.search(rf"(?<!\w){words}(?!\w)", _fold(found)) is not None
        case _:
            return _is_any(found, (value,)) and found is not None


def _fold(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _as_bool(found: Attribute) -> bool | None:
    return {"true": True, "false": False}.get(_fold(found).strip()) if isinstance(found, str) else None


def _as_number(found: Attribute) -> float:
    """Read a number, also one that a CSV file keeps as text; NaN, which equals nothing, for all else."""
    try:
        return (
            float(found) if isinstance(found, str | int | float) and not isinstance(found, bool) else math.nan
        )
    except (ValueError, OverflowError):
        return math.nan
