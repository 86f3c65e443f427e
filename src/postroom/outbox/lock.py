"""Let one daemon at a time work on a SQLite ledger."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from postroom.errors import LedgerError, LedgerLocked
from postroom.outbox.beside import hand_over, opened, whose
from postroom.outbox.sqlite import has_lasting_inodes, path_of, refuse_irregular

_NEVER_DELETE = "never delete {name}: it keeps mails from going out twice"

_let_go: list[int] = []
"""Descriptors of ledgers that SQLite still had open here when their lock was given back: see `_shut`."""


class DaemonLock:
    """Hold `<ledger>.lock` while the `with` block runs; a second holder gets `LedgerLocked`.

    The operating system's lock decides, so that a killed daemon leaves none behind; the pid
    written into the file is only for people. That file can be deleted, so the ledger's own file is locked as well:
    with flock(2), of which SQLite's locks, those of fcntl(2), know nothing on Linux. PostgreSQL needs no such
    lock: its daemons share.
    """

    def __init__(self, url: str) -> None:
        database = path_of(url)
        self._database = database.resolve() if database else None
        self._held: dict[Path, int] = {}

    @property
    def handles(self) -> tuple[int, ...]:
        """The open files that are locked; a process that inherits them keeps the lock. None on PostgreSQL."""
        return tuple(self._held.values())

    def __enter__(self) -> DaemonLock:
        if self._database is not None:
            refuse_irregular(self._database)
            lock = _lock_of(self._database)
            self._held[lock] = _lock(lock)
            try:
                self.claim()
            except BaseException:
                self._release()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    def claim(self) -> None:
        """Lock the ledger's own file, if it is there and that is not done yet."""
        database = self._database
        if database is None or database in self._held or not (_is_linux() and has_lasting_inodes(database)):
            return
        try:
            handle = opened(database, os.O_RDONLY)
        except FileNotFoundError:
            return
        except OSError as error:
            raise _unopened(database, error) from error
        if not _is_free(handle):
            _shut(handle)
            raise LedgerLocked(_refusal_without_lock(database), None)
        self._held[database] = handle

    def verify(self) -> None:
        """Raise `LedgerLocked` where what is locked goes by its name no more: another daemon may begin then."""
        for path, handle in self._held.items():
            if not _stands(handle, path):
                raise LedgerLocked(
                    f"{path} was deleted or replaced while this process worked; it stops, as another may work "
                    "on the ledger now",
                    None,
                )

    def _release(self) -> None:
        for handle in self._held.values():
            _shut(handle)
        self._held.clear()


def is_held(url: str) -> bool:
    """Whether somebody works on the ledger at `url`, as far as its lock tells; never on PostgreSQL.

    The lock is asked for and given back at once, which a daemon that starts in that instant would take for another.
    """
    import fcntl

    database = path_of(url)
    if database is None:
        return False
    try:
        handle = opened(_lock_of(database.resolve()), os.O_RDONLY)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _unopened(_lock_of(database.resolve()), error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _lock_of(database: Path) -> Path:
    """Name the lock beside the file itself: a ledger may be reached by several links."""
    return database.with_name(database.name + ".lock")


def _lock(path: Path) -> int:
    """Lock the file that goes by the name `path`; one that was deleted between opening and locking is let go."""
    while True:
        handle = _opened(path)
        if not _is_free(handle):
            pid = _pid(handle)
            os.close(handle)
            raise LedgerLocked(_refusal(path, pid), pid)
        if _stands(handle, path):
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
            return handle
        os.close(handle)


def _opened(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = opened(path, os.O_RDWR | os.O_CREAT)
        hand_over(handle, path.parent)
    except OSError as error:
        raise _unopened(path, error) from error
    return handle


def _unopened(path: Path, error: OSError) -> LedgerError:
    folder = f"see that {path.parent} is a folder that can be written to, or set `outbox: database:` to another place"
    return LedgerError(f"cannot write {path}: {error.strerror}; {whose(path) or folder}")


def _is_free(handle: int) -> bool:
    """Lock an open file, and tell whether nobody else had."""
    import fcntl

    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _stands(handle: int, path: Path) -> bool:
    """Whether the open file is the one that goes by the name `path`."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _shut(handle: int) -> None:
    """Give back a lock.

    Closing one descriptor of a file takes away all locks that SQLite has on it in this process (fcntl(2)): while
    it has the file open, the descriptor stays open too, to the end of the process, without its lock.
    """
    import fcntl

    if _is_linux() and _is_open_twice(handle):
        fcntl.flock(handle, fcntl.LOCK_UN)
        _let_go.append(handle)
    else:
        os.close(handle)


def _is_open_twice(handle: int) -> bool:
    """Whether this process has the file open by another descriptor as well."""
    own = os.fstat(handle)
    for each in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            if int(each.name) != handle and os.path.samestat(own, each.stat()):
                return True
    return False


def _is_linux() -> bool:
    return sys.platform == "linux"


def _pid(handle: int) -> int | None:
    text = os.pread(handle, 32, 0).decode(errors="replace").strip()
    return int(text) if text.isdecimal() else None


def _refusal(path: Path, pid: int | None) -> str:
    holder = f"process {pid}" if pid else "another process"
    ledger = path.name.removesuffix(".lock")
    never = _NEVER_DELETE.format(name=path.name)
    return f"{holder} already works on {ledger}; stop it first, or let it do the work; {never}"


def _refusal_without_lock(database: Path) -> str:
    lock = _lock_of(database).name
    never = _NEVER_DELETE.format(name=lock)
    return (
        f"another process works on {database.name} although {lock} was deleted; find it with "
        f"`fuser {database}` and stop it first; {never}"
    )
