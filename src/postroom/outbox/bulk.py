"""Run one statement over thousands of rows without SQLAlchemy's work on each of them.

The statement is still written in SQLAlchemy, and compiled by it, once for each database; then rows go
straight to the driver. Values must be as the database keeps them: moments as `to_micros` makes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Column, Connection, Table, insert
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler


class Bulk:
    """A statement for many rows, each a mapping with a value for every one of `names`.

    `ending` is SQL put after it, in words that SQLite and PostgreSQL share.
    """

    def __init__(self, statement: ClauseElement, names: Sequence[str], ending: str = "") -> None:
        self._statement = statement
        self._names = list(names)
        self._ending = ending
        self._compiled: dict[str, SQLCompiler] = {}

    def run(self, connection: Connection, rows: Iterable[Mapping[str, object]]) -> int:
        """Execute the statement for every row; return how many rows of the table it touched in all."""
        compiled = self._compile(connection)
        fixed = {name: value for name, value in compiled.params.items() if name not in self._names}
        values: list[Any] = [{**fixed, **row} for row in rows] if fixed else list(rows)
        if compiled.positiontup is not None:
            values = list(map(itemgetter(*compiled.positiontup), values))
        if not values:
            return 0
        return connection.exec_driver_sql(compiled.string + self._ending, values).rowcount

    def _compile(self, connection: Connection) -> SQLCompiler:
        dialect = connection.dialect
        if dialect.name not in self._compiled:
            # Compiled for one row, an INSERT would ask PostgreSQL for the row's number, and `ending` come too late.
            compiled = self._statement.compile(dialect=dialect, column_keys=self._names, for_executemany=True)
            assert isinstance(compiled, SQLCompiler)
            self._compiled[dialect.name] = compiled
        return self._compiled[dialect.name]


def insert_new(table: Table, names: Sequence[str], *, key: Sequence[str]) -> Bulk:
    """Insert rows with the columns `names`, but leave one alone whose `key` columns are there already.

    Any other rule that a row breaks is an error: a row must never go missing without a word.
    """
    return Bulk(insert(table), names, f" ON CONFLICT ({', '.join(key)}) DO NOTHING")


def lookup(
    connection: Connection, key: Column[str], keys: Sequence[str], *wanted: Column[str]
) -> Sequence[Sequence[Any]]:
    """Select `wanted` columns (or `key` itself) of the rows whose `key` is one of a few thousand `keys`."""
    if not keys:
        return []
    columns = ", ".join(column.name for column in wanted or (key,))
    # Only names of our own tables and placeholders are put into the text.
    sql = f"SELECT {columns} FROM {key.table.name} WHERE {key.name}"  # noqa: S608
    if connection.dialect.name == "postgresql":
        return connection.exec_driver_sql(f"{sql} = ANY(%s)", (list(keys),)).all()
    marks = ", ".join("?" * len(keys))
    return connection.exec_driver_sql(f"{sql} IN ({marks})", tuple(keys)).all()
