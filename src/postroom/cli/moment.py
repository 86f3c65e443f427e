"""Times on the command line: `2026-12-01`, `2026-12-01 09:00`, or with an offset."""

from __future__ import annotations

from datetime import datetime

import click


class _Moment(click.ParamType[datetime]):
    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            return datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"'{value}' is no time; write '2026-12-01' or '2026-12-01 09:00'", param, ctx)


MOMENT = _Moment()
"""A naive time is meant in the publication's zone."""
