"""Let one daemon at a time work on a SQLite ledger."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

from postroom.errors import LedgerError, LedgerLocked
from postroom.outbox.beside import opened
from postroom.outbox.sqlite import path_of


class DaemonLock:
    """Hold `<ledger>.lock` while the `with` block runs; a second holder gets `LedgerLocked`.

    The operating system's lock decides, so that a killed daemon leaves none behind; the pid
    written into the file is only for people. PostgreSQL needs no such lock: its daemons share.
    """

    def __init__(self, url: str) -> None:
        database = path_of(url)
        self._path = _lock_of(database.resolve()) if database else None
        self._handle: int | None = None

    @property
    def handle(self) -> int | None:
        """The open file that is locked; a process that inherits it keeps the lock. None where there is none."""
        return self._handle

    def __enter__(self) -> DaemonLock:
        if self._path is not None:
            self._handle = _lock(self._path)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


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
    import fcntl

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = opened(path, os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise LedgerError(
            f"cannot write {path}: {error.strerror}; see that {path.parent} is a folder that can be written to, "
            "or set `outbox: database:` to another place"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        pid = _pid(handle)
        os.close(handle)
        raise LedgerLocked(_refusal(path, pid), pid) from error
    os.ftruncate(handle, 0)
    os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
    return handle


def _pid(handle: int) -> int | None:
    text = os.pread(handle, 32, 0).decode(errors="replace").strip()
    return int(text) if text.isdecimal() else None


def _refusal(path: Path, pid: int | None) -> str:
    holder = f"process {pid}" if pid else "another process"
    ledger = path.name.removesuffix(".lock")
    return f"{holder} already works on {ledger}; stop it first, or let it do the work"
