"""Times on the command line: as people type them, and as they are told."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import click


class _Moment(click.ParamType[datetime]):
    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            return datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"'{value}' is no time; write '2026-12-01' or '2026-12-01 09:00'", param, ctx)


MOMENT = _Moment()
"""`2026-12-01`, `2026-12-01 09:00`, or with an offset; a naive time is meant in the publication's zone."""


def told(moment: datetime, zone: ZoneInfo) -> str:
    """Write a moment in the publication's zone, with that zone's name at the time: `2026-12-01 09:00 GMT`."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}"
