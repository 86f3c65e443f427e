"""Run the few statements that every message passes, at the price of the driver.

SQLAlchemy compiles them, once for each database; then values go straight to the driver and rows come back as it
reads them: moments are numbers (`columns.to_micros`), flags may be 0 and 1. Its errors are raised as SQLAlchemy
raises them.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Connection, bindparam
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler


class Hot:
    """A statement that is run over and over, with other values each time."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, dict[str, Any], list[str] | None]] = {}
        self._row: Callable[[Sequence[Any]], Any] | None = None

    def rows(self, connection: Connection, **values: object) -> Sequence[Any]:
        """Run it and return all rows: tuples whose fields have the columns' names."""
        cursor = self._run(connection, values)
        if self._row is None:
            names = [column[0] for column in cursor.description]
            kind: Any = namedtuple("Row", names)  # type: ignore[misc]  # its fields are known only now
            self._row = kind._make
        return list(map(self._row, cursor.fetchall()))

    def count(self, connection: Connection, **values: object) -> int:
        """Run it and return how many rows it touched."""
        return int(self._run(connection, values).rowcount)

    def _run(self, connection: Connection, values: dict[str, object]) -> Any:  # the driver's cursor
        sql, fixed, order = self._of(connection)
        given = {**fixed, **values} if fixed else values
        if order is None:
            return execute(connection, sql, {name: _array(value) for name, value in given.items()})
        return execute(connection, sql, tuple([_flat(given[name]) for name in order]))

    def _of(self, connection: Connection) -> tuple[str, dict[str, Any], list[str] | None]:
        name = connection.dialect.name
        if name not in self._compiled:
            compiled = self._statement.compile(dialect=connection.dialect)
            assert isinstance(compiled, SQLCompiler)
            binds = compiled.binds
            fixed = {key: value for key, value in compiled.params.items() if not binds[key].required}
            self._compiled[name] = (compiled.string, fixed, compiled.positiontup)
        return self._compiled[name]


def execute(connection: Connection, sql: str, parameters: Any) -> Any:
    """Run SQL on the driver's cursor, in the transaction under way, and return the cursor.

    `parameters` are as the driver wants them; for a list of them it runs once for each.
    """
    cursor = connection.connection.cursor()
    driver = connection.dialect.loaded_dbapi
    try:
        (cursor.executemany if type(parameters) is list else cursor.execute)(sql, parameters)
    except driver.Error as error:
        is_lost = connection.dialect.is_disconnect(error, connection.connection.driver_connection, cursor)
        told = DBAPIError.instance(
            sql, None, error, driver.Error, hide_parameters=True, connection_invalidated=is_lost
        )
        if is_lost:
            connection.invalidate(error)
        raise told from error
    return cursor


class Among(ColumnElement[bool]):
    """Claim that a column is one of the numbers in a list, which a `Hot` statement is given as the value `name`.

    However long the list is, the statement stays the same, and the database has it prepared.
    """

    inherit_cache = False

    def __init__(self, column: ColumnElement[int], name: str = "ids") -> None:
        self.column = column
        self.given: BindParameter[list[int]] = bindparam(name)


@compiles(Among, "sqlite")
def _among_json(element: Among, compiler: SQLCompiler, **options: Any) -> str:
    column, given = compiler.process(element.column, **options), compiler.process(element.given, **options)
    return f"{column} IN (SELECT value FROM json_each({given}))"  # noqa: S608  # compiled pieces of our own statements


@compiles(Among, "postgresql")
def _among_array(element: Among, compiler: SQLCompiler, **options: Any) -> str:
    column, given = compiler.process(element.column, **options), compiler.process(element.given, **options)
    return f"{column} = ANY(CAST({given} AS BIGINT[]))"


def array_of(values: Iterable[object]) -> str:
    """Write numbers, flags, texts and nulls as an array of PostgreSQL; the driver takes four to ten times as long.

    https://www.postgresql.org/docs/current/arrays.html, "Array Input and Output Syntax" (read 2026-11-22): in quotes
    only a quote and a backslash have a meaning, and `NULL` there is a word.
    """
    return "{" + ",".join([_element(value) for value in values]) + "}"


def _element(value: object) -> str:
    if isinstance(value, str):
        if '"' in value or "\\" in value:
            value = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{value}"'
    return "NULL" if value is None else str(value)


def _array(value: object) -> object:
    """Write a list as an array."""
    return array_of(value) if type(value) is list else value


def _flat(value: object) -> object:
    """Write a list of numbers as JSON, for SQLite knows no arrays."""
    return str(value) if type(value) is list else value
