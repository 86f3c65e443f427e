"""When the daemon looks again: every so many seconds, by no schedule that a clock could fall behind."""

from __future__ import annotations

from datetime import datetime, timedelta

from apscheduler.triggers.base import BaseTrigger


class Beat(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Fires `every` so long after it last fired, and once after any pause.

    APScheduler's own interval counts through every moment that was missed: a clock that is set from 1970 to today,
    or a machine that slept for weeks, would keep it counting for minutes to hours.
    """

    def __init__(self, every: timedelta) -> None:
        self._every = every

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """Return the moment `every` after `now`, whatever was missed."""
        return now + self._every
