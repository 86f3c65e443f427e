"""Follow what comes back and what people say of lists: what was added since the last look, counted where it lies.

On PostgreSQL what a long import writes meanwhile may be left out: rows appear there out of their order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from sqlalchemy import Column, Connection, Select, Table, func, select

from postroom.outbox.tables import consent, feedback

_SETTLE: Final = timedelta(seconds=2)
"""On PostgreSQL rows may appear out of order; those so old have appeared."""

MOST: Final = 100_000
"""How much one look counts at most; the next look goes on from there."""

Counts: TypeAlias = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """Up to which row each log has been read."""

    feedback: int = 0
    consent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """What is new: feedback by (source, kind), and what people said by (list, word)."""

    feedback: Counts
    said: Counts


def newest(connection: Connection) -> Marks:
    """Return where the logs end."""
    return Marks(feedback=_end(connection, feedback), consent=_end(connection, consent))


def since(connection: Connection, marks: Marks, now: datetime) -> tuple[Marks, Arrivals]:
    """Count what came after `marks`; return where to go on from, and the counts."""
    settled = now - _SETTLE if connection.dialect.name == "postgresql" else None
    back = (feedback.c.source, feedback.c.kind, feedback.c.heard_at)
    said = (consent.c.list, consent.c.what, consent.c.at)
    heard_to, heard = _since(connection, feedback, back, marks.feedback, settled)
    said_to, words = _since(connection, consent, said, marks.consent, settled)
    return Marks(feedback=heard_to, consent=said_to), Arrivals(feedback=heard, said=words)


def _since(
    connection: Connection,
    table: Table,
    columns: tuple[Column[Any], Column[Any], Column[Any]],
    last: int,
    settled: datetime | None,
) -> tuple[int, Counts]:
    *words, at = columns
    news: Select[Any] = (  # in the order of their numbers, which SQLite would look for by another index
        select(table.c.id, *words).where(table.c.id > last).order_by(table.c.id).limit(MOST)
    )
    if settled is not None:
        news = news.where(at <= settled)
    new = news.subquery("news")
    first, second = (new.c[word.name] for word in words)
    rows = connection.execute(
        select(first, second, func.count(), func.max(new.c.id)).group_by(first, second)
    ).all()
    if not rows:  # the newest may have been erased, and their numbers given anew
        return min(last, _end(connection, table)), {}
    return max(row[3] for row in rows), {(row[0], row[1]): row[2] for row in rows}


def _end(connection: Connection, table: Table) -> int:
    found: int = connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()
    return found
