"""Days and weeks as people count them: where the publication is."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

DAY: Final = "day"
WEEK: Final = "week"
LATEST: Final = {DAY: 30, WEEK: 12}
"""How many periods are told where nobody says since when."""

_STEP: Final = {DAY: timedelta(days=1), WEEK: timedelta(weeks=1)}
_EPOCH: Final = date(1970, 1, 1)  # before it nothing was ever sent, or kept


def begins(now: datetime, zone: ZoneInfo, by: str, since: datetime | None = None) -> list[datetime]:
    """Return when each day or week (from Monday) began in `zone`: from the one of `since` to that of `now`."""
    last = _first_day(now.astimezone(zone).date(), by)
    first = last - (LATEST[by] - 1) * _STEP[by]
    if since is not None:
        first = _first_day(max(since.astimezone(zone).date(), _EPOCH), by)
    number = max((last - first) // _STEP[by] + 1, 1)
    return [datetime.combine(first + place * _STEP[by], time(), zone) for place in range(number)]


def _first_day(day: date, by: str) -> date:
    return day - timedelta(days=day.weekday()) if by == WEEK else day
