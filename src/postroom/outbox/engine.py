"""Connect SQLAlchemy to the ledger, run transactions, and tell its failures in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, exc
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from postroom.errors import LedgerBroken, LedgerCorrupt, LedgerError
from postroom.outbox import sqlite

T = TypeVar("T")

_CURES = {
    "SQLITE_BUSY": "another program keeps it locked (for over 10 seconds); stop that one, then try again",
    "SQLITE_LOCKED": "another program keeps it locked; stop that one, then try again",
    "SQLITE_FULL": "the disk is full; free some space, then try again: nothing was lost",
    "SQLITE_READONLY": "it cannot be written; make the file and its folder writable",
    "SQLITE_CANTOPEN": "it cannot be opened; make the file and its folder readable and writable",
    "SQLITE_PERM": "it cannot be opened; make the file and its folder readable and writable",
}
_BROKEN = "SQLITE_IOERR"
_DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB")


def connect(url: str) -> Connection:
    """Open the database at `url`; the calling thread owns the connection from then on."""
    with told(url):
        return _engine(url).connect()


def close(connection: Connection) -> None:
    """Close the connection and forget its engine."""
    connection.close()
    connection.engine.dispose()


def transact(connection: Connection, writes: bool, work: Callable[[Connection], T]) -> T:
    """Run `work` in a transaction: committed when it returns, undone when it raises.

    One that `writes` takes SQLite's write lock at its start: one that asks for it later fails at
    once when another process was quicker.
    """
    connection.info["begin"] = "BEGIN IMMEDIATE" if writes else "BEGIN"
    with told(str(connection.engine.url)), connection.begin():
        return work(connection)


def check_integrity(connection: Connection) -> None:
    """Raise `LedgerCorrupt` where SQLite finds its file damaged."""
    if connection.dialect.name != "sqlite":
        return
    found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if found != "ok":
        raise LedgerCorrupt(_corrupt(str(connection.engine.url), found.splitlines()[-1]))


@contextmanager
def told(url: str) -> Iterator[None]:
    """Turn whatever the database library raises into a `LedgerError` that names the cure."""
    try:
        yield
    except exc.DBAPIError as error:
        _tell(url, error.orig or error)
    except exc.SQLAlchemyError as error:
        raise LedgerError(f"the ledger {_shown(url)} refused: {error}") from error
    except Exception as error:
        if type(error).__module__.startswith(("sqlite3", "pysqlite3")):
            _tell(url, error)
        raise


def _engine(url: str) -> Engine:
    path = sqlite.path_of(url)
    if path is None:
        return _postgres(url)
    chosen = sqlite.driver()
    engine = create_engine(
        f"sqlite:///{path}",
        module=sqlite.module_of(chosen),
        creator=lambda: sqlite.connect(path, chosen),
        poolclass=NullPool,
    )
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(connection.info["begin"]))
    return engine


def _postgres(url: str) -> Engine:
    try:
        address = make_url(url)
    except exc.ArgumentError:
        address = None
    if address is None or address.get_backend_name() not in ("postgresql", "postgres"):
        raise LedgerError(f"`outbox: database:` is {url!r}; expected sqlite:///FILE or postgresql://…")
    try:
        return create_engine(address.set(drivername="postgresql+psycopg"), poolclass=NullPool)
    except ImportError as error:
        raise LedgerError("PostgreSQL needs one more package: pip install 'postroom[postgres]'") from error


def _tell(url: str, error: BaseException) -> NoReturn:
    code = getattr(error, "sqlite_errorname", "") or ""
    if code.startswith(_DAMAGE) or "Could not decode to UTF-8" in str(error):
        raise LedgerCorrupt(_corrupt(url, str(error))) from error
    if code.startswith(_BROKEN):
        raise LedgerBroken(
            f"the disk under the ledger {_shown(url)} failed ({error}); check the disk, then start again"
        ) from error
    cure = next((text for prefix, text in _CURES.items() if code.startswith(prefix)), str(error))
    raise LedgerError(f"the ledger {_shown(url)}: {cure}") from error


def _corrupt(url: str, found: str) -> str:
    return (
        f"the ledger {_shown(url)} is damaged ({found}); `postroom outbox recover` keeps it aside and puts "
        "the newest good backup in its place"
    )


def _shown(url: str) -> str:
    return str(sqlite.path_of(url) or make_url(url).render_as_string(hide_password=True))
