"""Read the dates that people write. A date that may mean two days is asked about, never guessed."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_SHORT_MONTHS = tuple(month[:3] for month in _MONTHS)
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+)?"
_MONTH = r"(?P<month>[a-z]{3,9})\.?"
_DAYS = (
    re.compile(r"(?P<y>\d{4})(?P<sign>[-/.])(?P<m>\d{1,2})(?P=sign)(?P<d>\d{1,2})(?!\d)"),
    re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})(?!\d)"),
    re.compile(
        rf"{_WEEKDAY}{_MONTH}\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y>\d{{4}})(?!\d)", re.IGNORECASE
    ),
    re.compile(
        rf"{_WEEKDAY}(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[\s-]+{_MONTH},?[\s-]+(?P<y>\d{{4}})(?!\d)",
        re.IGNORECASE,
    ),
    re.compile(r"(?P<a>\d{1,2})(?P<sign>[-/.])(?P<b>\d{1,2})(?P=sign)(?P<y>\d{4})(?!\d)"),
)
_TIME = re.compile(
    r"(?:T|,?\s+)(?:(?:at|@)\s+)?(?P<hour>\d{1,2})"
    r"(?::(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d{1,9})?)?)?(?:\s?(?P<half>[ap])\.?m\b\.?)?",
    re.IGNORECASE,
)
_OFFSET = re.compile(
    r"(?:GMT|UTC)?(?P<sign>[-+\u2212])(?P<hours>\d{1,2}):?(?P<minutes>\d{2})?(?:\s*\(.*\))?\Z"
)
_UTC = frozenset(("z", "utc", "gmt", "ut"))

EARLIEST, LATEST = 1900, 2200
"""Years between which a publication date is believed; it keeps sums with zones within range."""


class DateError(ValueError):
    """A text is no date, or may be two; the message says what to write instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A date that was read. `at` is aware; `remark` is set where a clock change moved it or made
    it happen twice.
    """

    at: datetime
    remark: str = ""


def read_moment(text: str, zone: str, default_time: time) -> Moment:
    """Read a date, with or without a time and a zone.

    Without a zone it is in `zone` (an IANA name), without a time at `default_time`. Raises
    DateError. Where clocks go forward, a time that never happens becomes the next that does;
    where they go back, the first of the two is taken.
    """
    text = " ".join(text.split())
    day, rest = _day(text)
    moment, rest = _time(rest, default_time)
    where = _zone(rest.strip(" ,"), text) or named_zone(zone)
    local = datetime.combine(day, moment)
    return _on_the_clock(local, where)


def _day(text: str) -> tuple[date, str]:
    for pattern in _DAYS:
        if match := pattern.match(text):
            return _date(match, text), text[match.end() :]
    raise DateError(f"`{text[:60]}` is no date; write it as 2026-11-24, or 2026-11-24 14:00 Europe/London")


def _date(match: re.Match[str], text: str) -> date:
    parts = match.groupdict()
    year = int(parts["y"])
    if "a" in parts:
        month, day = _unambiguous(int(parts["a"]), int(parts["b"]), year, text)
    else:
        month, day = int(parts.get("m") or _month(parts["month"], text)), int(parts["d"])
    if not EARLIEST <= year <= LATEST:
        raise DateError(f"the year in `{text[:60]}` is not between {EARLIEST} and {LATEST}")
    try:
        return date(year, month, day)
    except ValueError as error:
        raise DateError(f"`{text[:60]}` is not in the calendar: {error}") from error


def _unambiguous(a: int, b: int, year: int, text: str) -> tuple[int, int]:
    """Tell month and day of `a-b-year`, where only one reading is possible."""
    if a <= 12 and b <= 12 and a != b:
        raise DateError(
            f"`{text[:60]}` may be {year:04}-{b:02}-{a:02} or {year:04}-{a:02}-{b:02}; write the one you mean"
        )
    return (b, a) if a > 12 else (a, b)


def _month(name: str, text: str) -> int:
    name = name.lower()
    if name in _MONTHS:
        return _MONTHS.index(name) + 1
    if name in _SHORT_MONTHS or name == "sept":
        return _SHORT_MONTHS.index(name[:3]) + 1
    near = difflib.get_close_matches(name, _MONTHS, 1)
    hint = f"; did you mean {near[0].title()}?" if near else ""
    raise DateError(f"`{name}` in `{text[:60]}` is no English month{hint}")


def _time(rest: str, default: time) -> tuple[time, str]:
    """Give the time of day, and what stands behind it."""
    match = _TIME.match(rest)
    if match is None:
        return default, rest
    hour, half = int(match["hour"]), (match["half"] or "").lower()
    if match["minute"] is None and not half:
        raise DateError(f"`{rest.strip()[:40]}` is no time of day; write it as 14:00")
    if half:
        hour = hour % 12 + (12 if half == "p" else 0) if 1 <= hour <= 12 else 99
    try:
        return time(hour, int(match["minute"] or 0), int(match["second"] or 0)), rest[match.end() :]
    except ValueError as error:
        raise DateError(f"`{rest.strip()[:40]}` is no time of day; write it as 14:00") from error


def _zone(name: str, text: str) -> tzinfo | None:
    if not name:
        return None
    if name.lower() in _UTC:
        return UTC
    if match := _OFFSET.match(name):
        minutes = int(match["hours"]) * 60 + int(match["minutes"] or 0)
        # The widest offset in use is +14:00 (Line Islands, tz database).
        if minutes <= 14 * 60:
            return timezone(timedelta(minutes=minutes if match["sign"] == "+" else -minutes))
        raise DateError(f"`{name[:40]}` in `{text[:60]}` is no offset from UTC; the widest is +14:00")
    return named_zone(name)


@lru_cache(maxsize=64)
def named_zone(name: str) -> tzinfo:
    """Find a zone by its IANA name. Raises DateError with the nearest name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        # Abbreviations are left alone: what is near PST in spelling is not near it on the globe.
        near = difflib.get_close_matches(name, _zone_names(), 1, 0.5) if "/" in name else []
        hint = (
            f"; did you mean {near[0]}?" if near else "; write an IANA name such as Europe/London, or +01:00"
        )
        raise DateError(f"`{name[:60]}` is no time zone{hint}") from error


@lru_cache(maxsize=1)
def _zone_names() -> list[str]:
    return sorted(available_timezones())


def _on_the_clock(local: datetime, where: tzinfo) -> Moment:
    """Place a wall-clock time in a zone (PEP 495: `fold` chooses the side of a clock change)."""
    first, second = local.replace(tzinfo=where, fold=0), local.replace(tzinfo=where, fold=1)
    before, after = first.utcoffset(), second.utcoffset()
    if before == after or before is None or after is None:
        return Moment(at=first)
    if before > after:
        return Moment(at=first, remark=f"{local:%Y-%m-%d %H:%M} happens twice in {where}; the first is taken")
    at = _end_of_gap(second, first, where)
    remark = f"{local:%Y-%m-%d %H:%M} does not happen in {where}: clocks go forward; {at:%H:%M} is taken"
    return Moment(at=at, remark=remark)


def _end_of_gap(early: datetime, late: datetime, where: tzinfo) -> datetime:
    """Find the first moment after a clock change, to the second, between two moments around it."""
    low, high = early.astimezone(UTC), late.astimezone(UTC)
    offset = low.astimezone(where).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if middle.astimezone(where).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high.astimezone(where)
