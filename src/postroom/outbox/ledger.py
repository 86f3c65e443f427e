"""Open the ledger and run functions on it, one after the other, on the one thread that owns it.

Threads that share an SQLite connection lose rows; here they hand their work to one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import get_ident
from types import TracebackType
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from postroom.outbox.sqlite import path_of, prepare

if TYPE_CHECKING:
    from sqlalchemy import Connection

P = ParamSpec("P")
T = TypeVar("T")


def exists(url: str) -> bool:
    """Whether there is a ledger to open; a PostgreSQL server is taken to have one, and so is a folder or a pipe,
    which `Ledger` refuses in words.
    """
    path = path_of(url)
    if path is None or not path.exists():
        return path is None
    return not path.is_file() or path.stat().st_size > 0


class Ledger:
    """The outbox's database, open, its tables as this version of Postroom wants them.

    `url` is `sqlite:///file` (relative to the working folder) or `postgresql://…`. A missing SQLite
    file is made, unless `create` is false. The caller closes it, or uses `with`.

    Every method may be called from any thread; functions run in the order in which they were handed
    in, each in a transaction of its own: committed when it returns, undone when it raises. A
    function must not call the ledger that runs it. Raises `LedgerError` and its children, nothing of
    the database library.

    On PostgreSQL a function may be run more than once (`engine.transact` says when), so it must only use its
    connection, and no iterator is accepted as its argument: the first run would use it up. Where the server
    cannot be reached, `LedgerUnreachable` is raised, and each later call tries to connect anew.
    """

    def __init__(self, url: str, *, create: bool = True) -> None:
        path = path_of(url)
        self.url = url
        self.is_shared = path is None
        """Whether processes on several hosts may work on it at once: on PostgreSQL."""
        if path:
            prepare(path, create)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")
        self._ident = self._thread.submit(get_ident).result()
        try:
            self._connection = self._thread.submit(_open, url).result()
        except BaseException:
            self._thread.shutdown()
            raise

    def write(self, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn(connection, …)` in a transaction that may write from its start; wait for its result."""
        return self.submit(fn, *args, **kwargs).result()

    def submit(
        self, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> Future[T]:
        """Hand in a write and return at once; the future holds its result, after the commit."""
        _refuse_iterators(*args, *kwargs.values())
        return self._hand_in(True, lambda connection: fn(connection, *args, **kwargs))

    def read(self, fn: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `fn(connection, …)` without keeping other processes from writing; wait for its result."""
        _refuse_iterators(*args, *kwargs.values())
        return self._hand_in(False, lambda connection: fn(connection, *args, **kwargs)).result()

    def verify(self) -> None:
        """Let SQLite look through the whole file for damage; raises `LedgerCorrupt`. Seconds a gigabyte."""
        from postroom.outbox.engine import check_integrity

        self.read(check_integrity)

    def close(self) -> None:
        """Finish what was handed in, then close the connection. Closing twice does no harm."""
        from postroom.outbox.engine import close

        if self._connection is not None:
            self._thread.submit(close, self._connection).result()
            self._connection = None
        self._thread.shutdown()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _hand_in(self, writes: bool, work: Callable[[Connection], T]) -> Future[T]:
        from postroom.outbox.engine import transact

        if get_ident() == self._ident:
            raise RuntimeError("a function that the ledger runs must not call the ledger")
        if self._connection is None:
            raise RuntimeError("the ledger is closed")
        return self._thread.submit(transact, self._connection, writes, work)


def _refuse_iterators(*values: object) -> None:
    if any(isinstance(value, Iterator) for value in values):
        raise TypeError("a transaction may run again, when an iterator is used up: hand in a list")


def _open(url: str) -> Connection | None:
    from postroom.outbox.engine import connect
    from postroom.outbox.schema import bring_up_to_date

    connection = connect(url)
    try:
        bring_up_to_date(connection, path_of(url))
    except BaseException:
        from postroom.outbox.engine import close

        close(connection)
        raise
    return connection
