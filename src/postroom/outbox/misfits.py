"""Find rows of editions that hold what Postroom never writes, in a file of SQLite.

SQLite keeps any value in any column; PostgreSQL refuses what does not fit by itself. Must not know what a row means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import Column, Text

from postroom.model import EditionState
from postroom.outbox.columns import Moment, to_micros
from postroom.outbox.tables import edition

_FIRST = to_micros(datetime.min.replace(tzinfo=UTC))
_LAST = to_micros(datetime.max.replace(tzinfo=UTC))
_NOT_WORDS = (
    "CASE WHEN json_valid({0}) AND json_type({0}) = 'array' "
    "THEN EXISTS (SELECT 1 FROM json_each({0}) WHERE type <> 'text') ELSE 1 END"
)


def misfit(run: Callable[[str], Iterable[Sequence[Any]]]) -> str:
    """Say which column of which edition holds what cannot be; nothing where all fit. `run` asks the file.

    Tables of an older version are asked for the columns that they have. Once for each edition, never a delivery.
    """
    present = frozenset(row[1] for row in run("PRAGMA table_info(edition)"))
    for number, name in run(_query(present)):
        return f"what it keeps as `{name}` of edition {number} cannot be read"
    return ""


@cache
def _query(present: frozenset[str]) -> str:
    wrong = " ".join(
        f"WHEN {_is_wrong(column)} THEN '{column.name}'" for column in edition.c if column.name in present
    )
    told = f"SELECT id, CASE {wrong} END AS what FROM edition"  # noqa: S608  # of our own columns' names alone
    return f"SELECT id, what FROM ({told}) WHERE what IS NOT NULL LIMIT 1"  # noqa: S608


def _is_wrong(column: Column[Any]) -> str:
    """Write the condition that a column's value is of another kind than what is written there."""
    name = f'edition."{column.name}"'
    kind = "text" if isinstance(column.type, Text) else "integer"
    kinds = f"('{kind}', 'null')" if column.nullable else f"('{kind}')"
    wrong = f"typeof({name}) NOT IN {kinds}"
    if isinstance(column.type, Moment):
        wrong += f" OR {name} NOT BETWEEN {_FIRST} AND {_LAST}"
    if column is edition.c.state:
        spelt = ", ".join(f"'{state.value}'" for state in EditionState)
        wrong += f" OR {name} NOT IN ({spelt})"
    if column is edition.c.holds:
        wrong += f" OR {_NOT_WORDS.format(name)}"
    return wrong
