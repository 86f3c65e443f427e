"""Say in words why somebody meets a condition, or does not."""

from __future__ import annotations

from collections.abc import Mapping

from postroom.condition.meaning import (
    Condition,
    Has,
    Is,
    Joined,
    Not,
    Part,
    Present,
    Value,
    look_up,
    part_holds,
)
from postroom.model import Attribute

_LONGEST = 60
"""Characters of a value that are shown."""


def explain(condition: Condition, subject: Mapping[str, Attribute]) -> str:
    """Return what decides: each claim that fails, or those that hold, with the value that was found.

    `country is "DE" does not hold: it is "FR"`.
    """
    part = condition.part
    decisive = _decisive(part, subject, part_holds(part, subject))
    return "; ".join(dict.fromkeys(_told(each, subject) for each in decisive))


def _decisive(part: Part, subject: Mapping[str, Attribute], wanted: bool) -> list[Part]:
    """Find the claims that make a part hold, or not: all of them, where it takes all."""
    match part:
        case Not(inner):
            return _decisive(inner, subject, not wanted)
        case Joined(_, parts):
            meant = [each for each in parts if part_holds(each, subject) is wanted]
            return [claim for each in meant for claim in _decisive(each, subject, wanted)]
        case _:
            return [part]


def _told(claim: Part, subject: Mapping[str, Attribute]) -> str:
    holds = "holds" if part_holds(claim, subject) else "does not hold"
    return f"`{written(claim)}` {holds}: {_found(claim, subject)}"


def _found(claim: Part, subject: Mapping[str, Attribute]) -> str:
    name = claim.name if isinstance(claim, Present | Is | Has) else ""
    found = look_up(name, subject)
    if isinstance(found, tuple | list):
        items = ", ".join(map(str, found))
        return f"{name} is {_short(items)}" if items else f"{name} is empty"
    return f"{name} is empty" if found in (None, "") else f'{name} is "{_short(str(found))}"'


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def written(claim: Part) -> str:
    """Write a claim as the grammar has it."""
    match claim:
        case Present(name):
            return name
        case Has(name, value):
            return f"{name} has {_value(value)}"
        case Is(name, (value,)):
            return f"{name} is {_value(value)}"
        case Is(name, values):
            return f"{name} in ({', '.join(map(_value, values))})"
        case Not(part):
            return f"not ({written(part)})"
        case Joined(word, parts):
            return f" {word} ".join(f"({written(each)})" for each in parts)


def _value(value: Value) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
        case _:
            return f"{value:.10f}".rstrip("0").rstrip(".")
