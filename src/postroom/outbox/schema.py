"""Bring a ledger's tables up to date, and touch none that a newer Postroom wrote."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, inspect

from postroom.errors import LedgerError, LedgerTooNew
from postroom.outbox.engine import told, transact

if TYPE_CHECKING:
    from alembic.config import Config

HEAD = "0002"
SCRIPTS = Path(__file__).parent / "migrations"


def bring_up_to_date(connection: Connection, path: Path | None) -> None:
    """Run the migrations that are missing, all or none; `path` is the SQLite file, copied before.

    Alembic is imported only when there is something to do. Raises `LedgerTooNew` for tables of a
    newer Postroom and `LedgerError` for the database of another program.
    """
    found = transact(connection, False, version)
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
    tables = inspect(connection).get_table_names()
    if "alembic_version" in tables:
        return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one())
    if tables:
        raise LedgerError(
            f"{_name(connection)} holds the tables of another program; "
            "set `outbox: database:` to a file of its own"
        )
    return None


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
