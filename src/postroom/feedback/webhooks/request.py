"""The body and headers of a webhook, read strictly: what can be read in two ways is not read at all."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, NoReturn, TypeAlias

MAX_BYTES: Final = 256 * 1024
"""SNS sends at most this (Amazon SNS quotas, read 2026-11-23); events of the others are a few KB."""

_MAX_NESTING: Final = 40
_MARK: Final = re.compile(r"\\.|[\"\[\]{}]", re.DOTALL)

AHEAD: Final = timedelta(minutes=5)
"""How far a clock that signs may be ahead of ours."""

Object: TypeAlias = Mapping[str, object]


class Unreadable(ValueError):
    """A request that cannot be believed; its message is the reason. It never leaves this package."""

    def __init__(self, reason: str, *, is_passing: bool = False) -> None:
        super().__init__(reason)
        self.is_passing = is_passing


def header(headers: Mapping[str, str], name: str) -> str | None:
    """Return a header of the request; None without it. Raises Unreadable if it stands there twice."""
    found = [value for key, value in headers.items() if key.lower() == name]
    if len(found) > 1:
        raise Unreadable(f"the header {name} stands there twice")
    return found[0] if found else None


def body_object(body: bytes, headers: Mapping[str, str]) -> Object:
    """Parse a body whose length and type are said once at most.

    Raises Unreadable for what is too long, no JSON, ambiguous or no object.
    """
    if len(body) > MAX_BYTES:
        raise Unreadable(f"the body is longer than {MAX_BYTES} bytes")
    for name in ("content-length", "content-type"):
        header(headers, name)
    try:
        return parse(body.decode())
    except UnicodeDecodeError as error:
        raise Unreadable("the body is no UTF-8") from error


def parse(text: str) -> Object:
    """Parse a JSON object (RFC 8259) without repeated names, NaN, infinities or numbers without end."""
    if _nesting(text) > _MAX_NESTING:
        raise Unreadable("the JSON is nested too deeply")
    try:
        read = json.loads(
            text,
            object_pairs_hook=_distinct,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_short,
        )
    except Unreadable:
        raise
    except (ValueError, RecursionError) as error:
        raise Unreadable("the body is no JSON") from error
    if not isinstance(read, dict):
        raise Unreadable("the JSON is no object")
    return read


def text(held: Object, name: str) -> str:
    """Return a text. Raises Unreadable if there is none."""
    value = held.get(name)
    if not isinstance(value, str):
        raise Unreadable(f"{name} is no text")
    return value


def optional_text(held: Object, name: str) -> str:
    """Return a text; "" where it is null or missing. Raises Unreadable for anything else."""
    return "" if held.get(name) is None else text(held, name)


def inner(held: Object, name: str) -> Object:
    """Return an object within; an empty one where it is null or missing. Raises Unreadable for anything else."""
    value = held.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Unreadable(f"{name} is no object")
    return value


def objects(held: Object, name: str) -> list[Object]:
    """Return a list of objects; an empty one where it is null or missing. Raises Unreadable for anything else."""
    value = held.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Unreadable(f"{name} is no list of objects")
    return value


def whole(held: Object, name: str) -> int:
    """Return a whole number. Raises Unreadable if there is none."""
    value = held.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise Unreadable(f"{name} is no whole number")
    return value


def refuse_other_times(signed: datetime, now: datetime, max_age: timedelta) -> None:
    """Raise Unreadable for what was signed too long ago, or in the future."""
    if signed < now - max_age:
        raise Unreadable("it was signed too long ago")
    if signed > now + AHEAD:
        raise Unreadable("it was signed in the future")


def _nesting(text: str) -> int:
    """Say how deep a JSON text goes."""
    depth = deepest = 0
    is_text = False
    for found in _MARK.finditer(text):
        mark = found[0]
        if mark == '"':
            is_text = not is_text
        elif not is_text and len(mark) == 1:
            depth += 1 if mark in "[{" else -1
            deepest = max(deepest, depth)
    return deepest


def _distinct(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    held: dict[str, object] = {}
    for name, value in pairs:
        if name in held:
            raise Unreadable("a name stands twice in the JSON")
        held[name] = value
    return held


def _no_constant(name: str) -> NoReturn:
    raise Unreadable(f"{name} is no JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise Unreadable("a number in the JSON is too large")
    return number


def _short(digits: str) -> int:
    if len(digits) > 20:
        raise Unreadable("a number in the JSON is too large")
    return int(digits)
