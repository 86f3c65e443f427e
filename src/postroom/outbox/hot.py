"""Run the few statements that every message passes, at the price of the driver.

SQLAlchemy compiles them, once for each database; then values go straight to the driver and rows come back as it
reads them: moments are numbers (`columns.to_micros`), flags may be 0 and 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler


class Hot:
    """A statement that is run over and over, with other values each time."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._compiled: dict[str, tuple[str, dict[str, Any], list[str] | None]] = {}

    def rows(self, connection: Connection, **values: object) -> Sequence[Row[*tuple[Any, ...]]]:
        """Run it and return all rows."""
        found: Sequence[Row[*tuple[Any, ...]]] = self._run(connection, values).all()
        return found

    def count(self, connection: Connection, **values: object) -> int:
        """Run it and return how many rows it touched."""
        return int(self._run(connection, values).rowcount)

    def _run(
        self, connection: Connection, values: dict[str, object]
    ) -> Any:  # CursorResult of unknown columns
        sql, fixed, order = self._of(connection)
        given = {**fixed, **values} if fixed else values
        parameters = given if order is None else tuple([given[name] for name in order])
        return connection.exec_driver_sql(sql, parameters)

    def _of(self, connection: Connection) -> tuple[str, dict[str, Any], list[str] | None]:
        name = connection.dialect.name
        if name not in self._compiled:
            compiled = self._statement.compile(dialect=connection.dialect)
            assert isinstance(compiled, SQLCompiler)
            binds = compiled.binds
            fixed = {key: value for key, value in compiled.params.items() if not binds[key].required}
            self._compiled[name] = (compiled.string, fixed, compiled.positiontup)
        return self._compiled[name]
