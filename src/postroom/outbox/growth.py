"""Tell how lists grow: who is on them, and who asked, confirmed, was added and left in each period.

What people said is read from its log, all of it: a tenth of a second a million entries, and most of a second if all
of those are of these periods. An index by time would make imports of people with their consent take a third longer.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, Connection, bindparam, func, literal_column, select, type_coerce

from postroom.outbox.columns import to_micros
from postroom.outbox.leaving import Said
from postroom.outbox.subscribers import count, list_names
from postroom.outbox.tables import consent, request

_QUARTER: Final = 15 * 60 * 1_000_000
"""Microseconds of a quarter of an hour: in every time zone a day begins with one."""


_quarter = type_coerce(consent.c.at, BigInteger) // literal_column(str(_QUARTER), BigInteger)
_SAID = (
    select(consent.c.list, consent.c.what, _quarter, func.count())
    .where(consent.c.at >= bindparam("since"), consent.c.at < bindparam("until"))
    .group_by(consent.c.list, consent.c.what, _quarter)
)
_ASKED = select(request.c.list, func.count()).group_by(request.c.list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What people said about a list from `begins` until the next period does."""

    begins: datetime
    asked: int
    confirmed: int
    added: int
    left: int

    @property
    def joined(self) -> int:
        """How many came onto the list by themselves or by a person's word; an import that tells of no consent is not
        known here.
        """
        return self.confirmed + self.added


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """A list: its `members` (None where a file keeps them), how many have yet to confirm, and its periods, in order."""

    list: str
    members: int | None
    unconfirmed: int
    periods: tuple[Period, ...]


def growth(connection: Connection, begins: Sequence[datetime], until: datetime) -> list[Growth]:
    """Tell of every list how it grew in the periods that begin at these moments, each on a quarter of an hour; the
    last one goes on `until` then. Lists are in alphabetical order.
    """
    said: dict[str, Counter[tuple[int, str]]] = {}
    marks = [to_micros(moment) for moment in begins]
    for name, what, quarter, number in connection.execute(_SAID, {"since": begins[0], "until": until}):
        place = bisect_right(marks, quarter * _QUARTER) - 1
        said.setdefault(name, Counter())[place, what] += number
    asked: dict[str, int] = {row[0]: row[1] for row in connection.execute(_ASKED)}
    names = sorted({*list_names(connection), *said, *asked})
    return [
        Growth(
            list=name,
            members=None if name.startswith("@") else count(connection, name),
            unconfirmed=asked.get(name, 0),
            periods=_periods(said.get(name, Counter()), begins),
        )
        for name in names
    ]


def _periods(said: Counter[tuple[int, str]], begins: Sequence[datetime]) -> tuple[Period, ...]:
    return tuple(
        Period(
            begins=moment,
            asked=said[place, Said.ASKED.value],
            confirmed=said[place, Said.CONFIRMED.value],
            added=said[place, Said.ADDED.value],
            left=said[place, Said.LEFT.value],
        )
        for place, moment in enumerate(begins)
    )
