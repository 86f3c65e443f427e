"""Bring a ledger's tables up to date, and touch none that a newer Postroom wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, inspect

from postroom.errors import LedgerCorrupt, LedgerError, LedgerTooNew
from postroom.model import visible
from postroom.outbox import sqlite
from postroom.outbox.engine import told, transact
from postroom.outbox.misfits import misfit
from postroom.outbox.tables import metadata

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0004"
SCRIPTS = Path(__file__).parent / "migrations"


def bring_up_to_date(connection: Connection, path: Path | None) -> None:
    """Run the migrations that are missing, all or none; `path` is the SQLite file, copied before.

    Alembic is imported only when there is something to do. Raises `LedgerTooNew` for tables of a
    newer Postroom, `LedgerCorrupt` for what no Postroom made, and `LedgerError` for the database of another program.
    """
    found = transact(connection, False, _checked)
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise LedgerTooNew(
            f"{_name(connection)} was written by a newer Postroom (tables {found}, this one knows {HEAD}); "
            "update Postroom, or open a backup"
        )
    if found is not None and path is not None:
        back_up(connection, path.with_name(f"{path.name}.before-{HEAD}"))
    migrate(connection)


def version(connection: Connection) -> str | None:
    """Return the number of the last migration that was run; None for an empty database."""
    names = inspect(connection).get_table_names()
    if "alembic_version" in names:
        rows = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
        if len(rows) != 1:
            raise _damaged(connection, f"it names {len(rows)} versions of its tables; expected one")
        return str(rows[0])
    if names:
        raise LedgerError(
            f"{_name(connection)} holds the tables of another program; "
            "set `outbox: database:` to a file of its own"
        )
    return None


def _checked(connection: Connection) -> str | None:
    """Return the version of the tables, after a look whether they are Postroom's own and all there, and whether
    every edition can be read: whoever uses a row of one trusts its values.
    """
    if connection.dialect.name == "sqlite":
        for kind, name in connection.exec_driver_sql(sqlite.STRANGERS):
            raise _damaged(connection, sqlite.told_stranger(kind, name))
    found = version(connection)
    if found is not None and re.fullmatch("(?!0000)[0-9]{4}", found) is None:
        raise _damaged(connection, f"no Postroom made tables of version {visible(found)!r}")
    missing = set(metadata.tables) - set(inspect(connection).get_table_names()) if found == HEAD else ()
    if missing:
        raise _damaged(connection, f"these tables are gone: {', '.join(sorted(missing))}")
    if found == HEAD and connection.dialect.name == "sqlite" and (what := misfit(connection.exec_driver_sql)):
        raise _damaged(connection, what)
    return found


def _damaged(connection: Connection, what: str) -> LedgerCorrupt:
    return LedgerCorrupt(
        f"the ledger {_name(connection)} is damaged ({what}); `postroom outbox recover` keeps it aside and puts "
        "the newest good backup in its place"
    )


def migrate(connection: Connection) -> None:
    """Run all missing migrations in one transaction, so that a kill leaves the old tables or the new.

    A table that is written anew must not take with it what refers to it, so SQLite's foreign keys rest.
    """
    from alembic import command

    connection.info["begin"] = "BEGIN IMMEDIATE"
    with told(str(connection.engine.url)), _without_foreign_keys(connection):
        command.upgrade(_alembic(connection), "head")


@contextmanager
def _without_foreign_keys(connection: Connection) -> Iterator[None]:
    """Switch SQLite's foreign keys off, outside of any transaction, and on again."""
    if connection.dialect.name != "sqlite":
        yield
        return
    # Python's own connection is typed Any by SQLAlchemy: drivers differ.
    driver: Any = connection.connection.driver_connection
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def back_up(connection: Connection, target: Path) -> None:
    """Copy the SQLite file behind `connection`, whole and consistent, to `target`."""
    target.unlink(missing_ok=True)
    target.touch(mode=0o600)
    with told(str(connection.engine.url)):
        # Python's own connection is typed Any by SQLAlchemy: drivers differ.
        source: Any = connection.connection.driver_connection
        copy = type(source)(str(target))
        try:
            source.backup(copy)
        finally:
            copy.close()


def _alembic(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _name(connection: Connection) -> str:
    return str(connection.engine.url.database)
