"""Remember who was told what, so that each cause is told once, also over a restart.

A row of the table `notice` says that a cause was told at a place. It is written once the place has taken the notice:
a crash in between tells it again rather than never.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from sqlalchemy import ColumnElement, Connection, delete, func, select, update

from postroom.outbox.bulk import insert_new
from postroom.outbox.columns import to_micros
from postroom.outbox.tables import notice

QUIET = timedelta(minutes=10)
"""How long a cause must be gone before it counts as new when it comes back. A transport whose server is down rests for
five minutes, tries, and rests again: that is one cause.
"""

KEPT = timedelta(days=90)
"""How long causes that are gone are remembered."""

_ADD = insert_new(notice, ("cause", "told_at"), key=("cause",))


class HasId(Protocol):
    """Something that can be told: its `id` is the same at every look for as long as it lasts."""

    @property
    def id(self) -> str:
        """Name this one occurrence."""


C = TypeVar("C", bound=HasId)


def new(connection: Connection, place: str, causes: Iterable[C], now: datetime) -> tuple[C, ...]:
    """Return those of all present `causes` that `place` has not been told, in their order.

    What it was told and is no longer there is noted as gone; after `QUIET` it is new when it comes back.
    """
    present = {_row(place, each.id): each for each in causes}
    told = _told(connection, place)
    _mark(connection, [name for name, gone in told.items() if gone is None and name not in present], now)
    back = {name: gone for name, gone in told.items() if gone is not None and name in present}
    _mark(connection, [name for name, gone in back.items() if now - gone < QUIET], None)
    again = {name for name, gone in back.items() if now - gone >= QUIET}
    _forget(connection, again)
    _forget(connection, [name for name, gone in told.items() if gone is not None and now - gone > KEPT])
    return tuple(each for name, each in present.items() if name not in told or name in again)


def tell(connection: Connection, place: str, ids: Iterable[str], now: datetime) -> None:
    """Note that `place` was told these causes at `now`."""
    moment = to_micros(now)
    _ADD.run(connection, [{"cause": _row(place, each), "told_at": moment} for each in ids])


def told_since(connection: Connection, place: str, since: datetime) -> int:
    """Count how often `place` was told something after `since`; what was told together counts once."""
    return connection.execute(
        select(func.count(func.distinct(notice.c.told_at))).where(_is_of(place), notice.c.told_at > since)
    ).scalar_one()


def _row(place: str, cause: str) -> str:
    return f"{place} {cause}"


def _is_of(place: str) -> ColumnElement[bool]:
    return notice.c.cause.startswith(_row(place, ""), autoescape=True)


def _told(connection: Connection, place: str) -> dict[str, datetime | None]:
    """Read the causes that a place was told, and since when those that are gone are gone."""
    rows = connection.execute(select(notice.c.cause, notice.c.cleared_at).where(_is_of(place)))
    return {row[0]: row[1] for row in rows}


def _mark(connection: Connection, names: Collection[str], gone: datetime | None) -> None:
    if names:
        connection.execute(update(notice).where(notice.c.cause.in_(names)).values(cleared_at=gone))


def _forget(connection: Connection, names: Collection[str]) -> None:
    if names:
        connection.execute(delete(notice).where(notice.c.cause.in_(names)))
