"""Reads the words that settings are written in: durations, times, dates, colours, zones, web addresses.

Each function takes text and gives the value, or raises Wrong with what was expected and what was found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from difflib import get_close_matches
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

NEVER: Final = timedelta.max
"""What `never` reads as, where a duration may be `never`."""
LONGEST: Final = timedelta(days=3650)
"""No setting means more than ten years; more is a slip of the finger, and keeps date arithmetic in range."""

_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_PIECE: Final = re.compile(
    r"(?P<number>\d{1,6}(?:\.\d{1,6})?|an?|one)\s*"
    r"(?P<unit>s|secs?|seconds?|min|mins|minutes?|h|hours?|d|days?|w|weeks?)\b[\s,]*(?:and\s+)?",
    re.ASCII,
)
_ISO: Final = re.compile(
    r"P(?!$)(?:(?P<weeks>\d{1,5})W)?(?:(?P<days>\d{1,5})D)?"
    r"(?:T(?!$)(?:(?P<hours>\d{1,5})H)?(?:(?P<minutes>\d{1,5})M)?(?:(?P<seconds>\d{1,7})S)?)?",
    re.ASCII,
)
_MOMENT: Final = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})"
    r"(?:[T ]+(?P<time>\d{1,2}:\d{2}(?::\d{2})?)\s*(?P<zone>Z|[+-]\d{2}:?\d{2}|[A-Za-z]+(?:/[\w+-]+)*)?)?",
    re.ASCII,
)
# RFC 5646 §2.1: language, script, region, variants; extensions and private use are left out.
_LANGUAGE: Final = re.compile(
    r"[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|\d{3}))?(-([a-z\d]{5,8}|\d[a-z\d]{3}))*", re.IGNORECASE | re.ASCII
)


class Wrong(ValueError):
    """A value that cannot be meant. `at` leads to the part of it that is wrong, `offset` into its text."""

    def __init__(self, message: str, at: tuple[str | int, ...] = (), offset: int | None = None) -> None:
        self.at = at
        self.offset = offset
        super().__init__(message)


class WrongType(Wrong):
    """Something of another kind than was asked for: a number for text, a list for a group."""


def expected(what: str, found: object) -> Wrong:
    """Say what was expected and what was found instead."""
    return Wrong(f"expected {what}, found {described(found)}")


def described(value: object) -> str:
    """Tell an editor what a value is: `the number 5`, `"text"`, `a list`."""
    match value:
        case None:
            return "nothing"
        case bool():
            return f"the word {str(value).lower()}"
        case int() | float():
            return f"the number {value}"
        case str():
            return f'"{value if len(value) <= 60 else value[:59] + "…"}"'
        case list() | tuple():
            return "a list"
        case _:
            return "a group of settings"


def nearest(word: str, names: Iterable[str]) -> str:
    """Write `; did you mean "name"?` for the name nearest to the word; nothing when none is near."""
    close = get_close_matches(word, [*names], n=1)
    folded = [name for name in names if name.casefold() == word.casefold()]
    return f'; did you mean "{(folded or close)[0]}"?' if folded or close else ""


def listed(names: Iterable[str], joint: str = "or") -> str:
    """Write names as people do: `"a", "b" or "c"`."""
    quoted = [f'"{name}"' for name in names]
    return f" {joint} ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


def duration(text: str) -> timedelta:
    """Read `3 days`, `2 days later`, `1 day 12 hours`, `90 minutes`, or ISO 8601 `P3DT12H`."""
    iso = _iso_duration(text.strip())
    length = _worded_duration(text) if iso is None else iso
    if re.search(r"month|year", text, re.IGNORECASE):
        raise Wrong(
            f'expected weeks, days, hours or minutes, found {described(text)}; write "30 days", for example'
        )
    if length is None:
        raise expected('a length of time such as "3 days" or "90 minutes"', text)
    if length > LONGEST:
        raise expected("at most 3650 days", text)
    return length


def duration_or_never(text: str) -> timedelta:
    """Read a duration, or `never` as NEVER."""
    if text.strip().casefold() == "never":
        return NEVER
    try:
        return duration(text)
    except Wrong as wrong:
        raise Wrong(str(wrong).replace("expected ", 'expected "never" or ', 1)) from wrong


def _iso_duration(text: str) -> timedelta | None:
    found = _ISO.fullmatch(text)
    return timedelta(**{unit: int(count) for unit, count in found.groupdict("0").items()}) if found else None


def _worded_duration(text: str) -> timedelta | None:
    rest = re.sub(r"\s+later$", "", text.strip().casefold())
    length, end = timedelta(), 0
    while piece := _PIECE.match(rest, end):
        count = 1.0 if piece["number"][0] in "ao" else float(piece["number"])
        length += timedelta(**{_UNITS[piece["unit"][0]]: count})
        end = piece.end()
    return length if rest and end == len(rest) else None


def clock_time(text: str) -> time:
    """Read a time of day, `09:00` or `9:00`."""
    found = re.fullmatch(r"(\d{1,2}):(\d{2})", text.strip(), re.ASCII)
    if not found or int(found[1]) > 23 or int(found[2]) > 59:
        raise expected('a time of day such as "09:00"', text)
    return time(int(found[1]), int(found[2]))


def moment(text: str) -> date | datetime:
    """Read `2025-01-01`, or a date with a time and perhaps a zone: `2025-01-01 09:00 Europe/London`.

    Without a zone the datetime is naive; the publication's zone is meant.
    """
    found = _MOMENT.fullmatch(text.strip())
    try:
        return _moment(found["day"], found["time"], found["zone"]) if found else date.fromisoformat("")
    except Wrong:
        raise
    except ValueError:
        raise expected('a date such as "2025-01-01" or "2025-01-01 09:00 Europe/London"', text) from None


def _moment(day: str, clock: str | None, zone_name: str | None) -> date | datetime:
    if clock is None:
        return date.fromisoformat(day)
    at = datetime.fromisoformat(f"{day}T{clock.rjust(8 if clock.count(':') > 1 else 5, '0')}")
    if zone_name is None:
        return at
    if zone_name == "Z" or zone_name[0] in "+-":
        return datetime.fromisoformat(at.isoformat() + zone_name)
    return at.replace(tzinfo=ZoneInfo(zone(zone_name)))


def zone(text: str) -> str:
    """Check the name of a time zone of the IANA database: `Europe/London`."""
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):  # OSError: a folder of zones, such as `Europe`
        names = sorted(available_timezones())
        city = next(
            (name for name in names if name.endswith("/" + text.strip().replace(" ", "_").title())), None
        )
        hint = f'; did you mean "{city}"?' if city else nearest(text, names)
        raise Wrong(f'expected a time zone such as "Europe/London", found {described(text)}{hint}') from None
    return text


def language(text: str) -> str:
    """Check a language tag (BCP 47): `en`, `de-AT`, `zh-Hant-TW`."""
    if not _LANGUAGE.fullmatch(text):
        raise expected('a language tag such as "en" or "de-AT"', text)
    return text


def colour(text: str) -> str:
    """Read `#rgb` or `#rrggbb`, and give it as `#rrggbb` in small letters."""
    found = re.fullmatch(r"#([0-9a-f]{3}|[0-9a-f]{6})", text.strip().lower())
    if not found:
        raise expected('a colour such as "#0a66c2" or "#06c"', text)
    digits = found[1]
    return "#" + ("".join(digit * 2 for digit in digits) if len(digits) == 3 else digits)


def web_address(text: str) -> str:
    """Check an absolute http or https URL; blanks around it and a slash at its end are dropped."""
    url = text.strip()
    try:
        parts = urlsplit(url)
        fine = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        fine = False
    if not fine or not url.isprintable() or re.search(r"[\s<>\"]", url):
        raise expected('a web address such as "https://example.org"', text)
    return url.rstrip("/")


def host_and_port(text: str) -> str:
    """Check where a server listens: `127.0.0.1:8080`, `[::1]:8080`."""
    found = re.fullmatch(r"(\[[0-9a-fA-F:]+\]|[\w.-]+):(\d{1,5})", text.strip(), re.ASCII)
    if not found or not 0 < int(found[2]) < 65536:
        raise expected('an address and a port such as "127.0.0.1:8080"', text)
    return text.strip()


def is_safe_hook(url: str) -> bool:
    """Whether notices may be posted there: over https, or to this very machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        is_near = host == "localhost" or (
            (host[:1].isdigit() or ":" in host) and ip_address(host).is_loopback
        )
    except ValueError:
        return False
    return (
        bool(host) and url.isprintable() and (parts.scheme == "https" or (parts.scheme == "http" and is_near))
    )
