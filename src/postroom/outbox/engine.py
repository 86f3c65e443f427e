"""Connect SQLAlchemy to the ledger, run transactions, and tell its failures in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, exc
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from postroom.errors import LedgerBroken, LedgerCorrupt, LedgerError, LedgerUnreachable
from postroom.outbox import postgresql, sqlite
from postroom.outbox.beside import whose

T = TypeVar("T")

_CURES = {
    "SQLITE_BUSY": "another program keeps it locked (for over 10 seconds); stop that one, then try again",
    "SQLITE_LOCKED": "another program keeps it locked; stop that one, then try again",
    "SQLITE_FULL": "the disk is full; free some space, then try again: nothing was lost",
    "SQLITE_READONLY": "it cannot be written; make the file and its folder writable",
    "SQLITE_CANTOPEN": "it cannot be opened; make the file and its folder readable and writable",
    "SQLITE_PERM": "it cannot be opened; make the file and its folder readable and writable",
}
_FORBIDDEN = ("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")
_MORE_TRIES = 4
_BROKEN = "SQLITE_IOERR"
_DECIDING = (
    *("meta", "channel", "article", "edition", "content"),
    *("suppression", "approval", "transport_state", "pace"),
)
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
    once when another process was quicker. One that only reads sees one moment in both databases.

    On PostgreSQL `work` may be run again, from its start and a few times: after a deadlock, and after the
    connection broke before the commit. So it must do nothing but use the connection. Where the connection
    breaks during the commit, nobody knows whether that took place: `LedgerUnreachable` says so, and the next
    call connects anew. Statements that name the owner and state that they expect do no harm when they are
    run a second time.
    """
    with told(_url(connection)):
        for _ in range(_MORE_TRIES):
            done: list[T] = []
            try:
                _run(connection, writes, work, done)
            except exc.DBAPIError as error:
                if done or not (_is_postgresql(connection) and postgresql.is_worth_another_try(error)):
                    raise
            else:
                return done[0]
        _run(connection, writes, work, done)
        return done[0]


def check_integrity(connection: Connection) -> None:
    """Raise `LedgerCorrupt` where SQLite finds its file damaged.

    The quick check passes over rows that their index does not know; the tables that decide who gets what are small
    enough to be checked for that too.
    """
    if _is_postgresql(connection):
        return
    for look in ("quick_check(1)", *(f"integrity_check({table})" for table in _DECIDING)):
        found = connection.exec_driver_sql(f"PRAGMA {look}").scalar()
        if found != "ok":
            raise LedgerCorrupt(_corrupt(_url(connection), str(found).splitlines()[-1]))


def durability(connection: Connection) -> str | None:
    """Say why what was committed might not survive a power cut; None where it does, if the disk is honest."""
    return postgresql.durability(connection) if _is_postgresql(connection) else None


@contextmanager
def told(url: str) -> Iterator[None]:
    """Turn whatever the database library raises into a `LedgerError` that names the cure."""
    try:
        yield
    except exc.DBAPIError as error:
        _tell(url, error.orig or error)
    except exc.SQLAlchemyError as error:
        raise LedgerError(f"the ledger {shown(url)} refused: {error}") from error
    except Exception as error:
        if type(error).__module__.startswith(("sqlite3", "pysqlite3", "psycopg")):
            _tell(url, error)
        raise


def shown(url: str) -> str:
    """Name a ledger to people: the file, or the server without any password."""
    path = sqlite.path_of(url)
    if path is not None:
        return str(path)
    address = postgresql.address_of(url)
    return postgresql.shown(address) if address else f"{url.partition(':')[0]}:…"


def _run(connection: Connection, writes: bool, work: Callable[[Connection], T], done: list[T]) -> None:
    """Try a transaction once; what `work` returned is in `done` before the commit begins."""
    connection.info["begin"] = "BEGIN IMMEDIATE" if writes else "BEGIN"  # asked by SQLite alone
    with connection.begin():
        if _is_postgresql(connection):
            postgresql.begin(connection, writes)
        done.append(work(connection))


def _is_postgresql(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


def _url(connection: Connection) -> str:
    return connection.engine.url.render_as_string(hide_password=True)


def _engine(url: str) -> Engine:
    path = sqlite.path_of(url)
    if path is None:
        address = postgresql.address_of(url)
        if address is None:
            raise LedgerError(
                f"`outbox: database:` is {shown(url)}; expected sqlite:///FILE or postgresql://…"
            )
        return postgresql.engine_of(address)
    chosen = sqlite.driver()
    engine = create_engine(
        f"sqlite:///{path}",
        module=sqlite.module_of(chosen),
        creator=lambda: sqlite.connect(path, chosen),
        poolclass=NullPool,
    )
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(connection.info["begin"]))
    return engine


def _tell(url: str, error: BaseException) -> NoReturn:
    address = postgresql.address_of(url)
    if address is not None:
        _tell_postgresql(address, error)
    code = getattr(error, "sqlite_errorname", "") or ""
    if code.startswith(_DAMAGE) or "Could not decode to UTF-8" in str(error):
        raise LedgerCorrupt(_corrupt(url, str(error))) from error
    if code.startswith(_BROKEN):
        raise LedgerBroken(
            f"the disk under the ledger {shown(url)} failed ({error}); check the disk, then start again"
        ) from error
    cure = next((text for prefix, text in _CURES.items() if code.startswith(prefix)), str(error))
    path = sqlite.path_of(url)
    owner = whose(path) if path is not None and code.startswith(_FORBIDDEN) else ""
    raise LedgerError(f"the ledger {shown(url)}: {owner or cure}") from error


def _tell_postgresql(address: URL, error: BaseException) -> NoReturn:
    name, said = postgresql.shown(address), postgresql.told(address, error)
    if postgresql.is_damage(error):
        raise LedgerCorrupt(f"the ledger {name} is damaged ({said}); put a backup in its place") from error
    if postgresql.is_out_of_reach(error):
        raise LedgerUnreachable(
            f"the ledger {name} cannot be reached, or the connection broke ({said}); see that PostgreSQL runs "
            "there and lets this machine in, and that `outbox: database:` in config.yaml names it rightly. "
            "A daemon tries again by itself"
        ) from error
    raise LedgerError(f"the ledger {name}: {said}") from error


def _corrupt(url: str, found: str) -> str:
    return (
        f"the ledger {shown(url)} is damaged ({found}); `postroom outbox recover` keeps it aside and puts "
        "the newest good backup in its place"
    )
