"""Types for the fields of settings that several transports share, read from an editor's words."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

from pydantic import AfterValidator, BeforeValidator, ValidationInfo, WithJsonSchema

_UNITS: Final = {
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
_SPAN: Final = re.compile(r"(\d{1,6})\s+(second|minute|hour|day|week)s?")
_SPEED: Final = re.compile(r"(\d{1,6})\s+(?:per|an?)\s+(second|minute|hour|day)")


class Rate(NamedTuple):
    """At most `messages` in each `span` of time."""

    messages: int
    span: timedelta


def _anchored(path: Path, info: ValidationInfo) -> Path:
    """Make a path absolute: a relative one starts at the context's `base`."""
    base = (info.context or {}).get("base")
    return path if base is None else Path(base) / path


def _span(value: Any) -> Any:
    """Read `48 hours`; leave anything that is no text to pydantic."""
    if not isinstance(value, str):
        return value
    match = _SPAN.fullmatch(value.strip().lower())
    if match is None:
        raise ValueError("write a number and a unit, such as `48 hours` or `3 days`")
    return int(match[1]) * _UNITS[match[2]]


def _rate(value: Any) -> Any:
    """Read `14 per second`; leave anything that is no text to pydantic."""
    if not isinstance(value, str):
        return value
    match = _SPEED.fullmatch(value.strip().lower())
    if match is None or not int(match[1]):
        raise ValueError("write a number and a unit, such as `14 per second` or `500 per hour`")
    return Rate(int(match[1]), _UNITS[match[2]])


AnchoredPath = Annotated[Path, AfterValidator(_anchored)]
"""A path in settings; relative ones start at the folder of config.yaml."""

Span = Annotated[
    timedelta,
    BeforeValidator(_span),
    WithJsonSchema({"type": "string", "pattern": rf"^{_SPAN.pattern}$", "examples": ["48 hours", "3 days"]}),
]
"""A length of time, in an editor's words."""

Speed = Annotated[
    Rate,
    BeforeValidator(_rate),
    WithJsonSchema({"type": "string", "pattern": rf"^{_SPEED.pattern}$", "examples": ["14 per second"]}),
]
"""How many in which time, in an editor's words."""
