"""Run one statement over thousands of rows without SQLAlchemy's work on each of them.

The statement is still written in SQLAlchemy, and compiled by it, once for each database; then rows go
straight to the driver: to SQLite one by one, to PostgreSQL all in one statement, as arrays. Values must be as the
database keeps them: moments as `to_micros` makes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, TypeAlias

from sqlalchemy import (
    ARRAY,
    BindParameter,
    Column,
    ColumnCollection,
    Connection,
    Insert,
    Table,
    bindparam,
    column,
    func,
    insert,
    select,
)
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.visitors import replacement_traverse

from postroom.outbox.hot import array_of, execute

Rows: TypeAlias = "Sequence[tuple[object, ...]]"
_Plan: TypeAlias = (
    "tuple[str, Callable[[Rows], Any]]"  # its SQL, and what makes the driver's parameters of rows
)


class Bulk:
    """A statement for many rows, each with a value for every one of `names`.

    `ending` is SQL put after it, in words that SQLite and PostgreSQL share. An UPDATE must find its rows by a
    value, each of which occurs once.
    """

    def __init__(self, statement: ClauseElement, names: Sequence[str], ending: str = "") -> None:
        self._statement = statement
        self._names = tuple(names)
        self._ending = ending
        self._plans: dict[str, _Plan] = {}

    def run(self, connection: Connection, rows: Iterable[Mapping[str, object]]) -> int:
        """Execute the statement for every row; return how many rows of the table it touched in all."""
        return self.put(connection, [tuple([row[name] for name in self._names]) for row in rows])

    def put(self, connection: Connection, rows: Rows) -> int:
        """Do as `run`, with the values of each row in the order of `names`."""
        if not rows:
            return 0
        name = connection.dialect.name
        if name not in self._plans:
            self._plans[name] = self._singly(connection) if name == "sqlite" else self._at_once(connection)
        sql, arrange = self._plans[name]
        return int(execute(connection, sql, arrange(rows)).rowcount)

    def _singly(self, connection: Connection) -> _Plan:
        """Give the driver one row after the other, the statement's own values with each."""
        compiled = self._compile(connection, self._statement)
        own = {name: value for name, value in compiled.params.items() if name not in self._names}
        known, rest = (*self._names, *own), tuple(own.values())
        assert compiled.positiontup is not None
        places = [known.index(name) for name in compiled.positiontup]
        pick = itemgetter(*places)
        if places == list(range(len(self._names))):
            return compiled.string + self._ending, list
        return compiled.string + self._ending, lambda rows: [pick(row + rest) for row in rows]

    def _at_once(self, connection: Connection) -> _Plan:
        """Give the driver a list for each name: the statement takes its values from a table made of them."""
        names = self._names
        types = {name: bind.type for name, bind in self._compile(connection, self._statement).binds.items()}
        arrays = (bindparam(name, type_=ARRAY(types[name])) for name in names)
        columns = (column(name, types[name]) for name in names)
        given = func.unnest(*arrays).table_valued(*columns).render_derived(name="given")
        compiled = self._compile(connection, _taking(self._statement, names, given.c))
        own = {name: value for name, value in compiled.params.items() if name not in names}

        def arrange(rows: Rows) -> dict[str, object]:
            return own | dict(zip(names, map(array_of, zip(*rows, strict=True)), strict=True))

        return compiled.string + self._ending, arrange

    def _compile(self, connection: Connection, statement: ClauseElement) -> SQLCompiler:
        # Compiled for one row, an INSERT would ask PostgreSQL for the row's number, and `ending` come too late.
        compiled = statement.compile(
            dialect=connection.dialect, column_keys=self._names, for_executemany=True
        )
        assert isinstance(compiled, SQLCompiler)
        return compiled


def _taking(
    statement: ClauseElement, names: Sequence[str], given: ColumnCollection[str, Any]
) -> ClauseElement:
    """Let a statement take the values of `names` from the columns `given` instead."""
    if isinstance(statement, Insert):
        return statement.from_select(names, select(*given))

    def replace(element: Any, **_: object) -> Any:  # any piece of the statement; None keeps it
        return given[element.key] if isinstance(element, BindParameter) and element.key in names else None

    replaced: Any = replacement_traverse(statement, {}, replace)  # of the statement's own kind
    return replaced  # type: ignore[no-any-return]


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
