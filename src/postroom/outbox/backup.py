"""Copy the ledger while it is at work; keep the newest copies.

A copy is one file that is whole: taken from one moment, proved by SQLite, on the disk before it gets its
name. It carries the mark of a copy, so that nobody sends from it before `postroom adopt`.
"""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, func, select

from postroom.errors import LedgerCorrupt, LedgerError
from postroom.outbox import disk, durable, history, sqlite
from postroom.outbox import meta as facts
from postroom.outbox.beside import hand_over, opened, whose
from postroom.outbox.columns import to_micros
from postroom.outbox.engine import shown, told
from postroom.outbox.guard import mark_as_copy
from postroom.outbox.ledger import Ledger
from postroom.outbox.misfits import misfit
from postroom.outbox.tables import attempt, subscriber, suppression

EVERY = timedelta(hours=1)
"""How much may be lost with the disk; reliability asks for an hour at most."""

BIG_EDITION = 10_000
"""Before an edition to more people than this a backup is made, however young the last one is."""

KEPT = 24
"""A day of hourly copies."""

TORN_AFTER = timedelta(days=1)
"""How long a copy may take; one that a kill has cut off is taken away then."""

_STEP_PAGES = 1024  # 4 MB: then other threads get their turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A copy that is whole: where it is, and its size in bytes."""

    path: Path
    size: int


def run(ledger: Ledger, url: str, now: datetime, target: Path | None = None, *, keep: int = KEPT) -> Backup:
    """Copy the ledger at `url` to `target` (a file, or a folder for the usual name) and note that it was done.

    Without `target` it goes into `backups` beside the ledger, where only the newest `keep` stay. The copy is
    made by the calling thread on a connection of its own: in WAL mode nobody waits for it; in the rollback
    journal writers wait until the pages are copied. Raises `LedgerError` where there is no room, or the
    database is PostgreSQL, and `LedgerCorrupt` where the ledger turns out damaged; older copies stay then.
    """
    path = _file(url, now)
    mark = ledger.read(_state)
    chosen = _chosen(path, target, now)
    with told(url):
        size = _make(path, chosen, now)
    if target is None:
        _prune(path, keep, now)
    ledger.write(_note, now, mark)
    return Backup(path=chosen, size=size)


def due(connection: Connection, now: datetime) -> bool:
    """Whether the last backup is old and something has happened since; never on PostgreSQL."""
    if connection.dialect.name != "sqlite":
        return False
    last = made_at(connection)
    if last is not None and last <= now < last + EVERY:
        return False
    return facts.get(connection, "backup_of") != _state(connection)


def made_at(connection: Connection) -> datetime | None:
    """Return when the last backup was made; None before the first."""
    return facts.moment(connection, "backup_at")


def folder_of(path: Path) -> Path:
    """Return the folder in which the backups of the ledger at `path` stand."""
    return path.resolve().parent / "backups"


def kept(path: Path) -> list[Path]:
    """List the backups of the ledger at `path` in their usual folder, the newest first."""
    return [
        found for found in sorted(folder_of(path).glob("*Z.db"), reverse=True) if _is_of(path, found.name)
    ]


def check(path: Path, instance: str | None = None) -> None:
    """Raise `LedgerCorrupt` unless the file at `path`, which nobody has open, is a whole ledger.

    Raises LedgerError for one that goes by another name than `instance` (None: any will do).
    """
    with told(f"sqlite:///{path}"):
        copy = _open(f"file:{quote(str(path))}?mode=ro")
        try:
            _prove(copy, path)
            its = copy.execute("SELECT value FROM meta WHERE name = 'instance'").fetchone()
        finally:
            copy.close()
    if instance is not None and its is not None and its[0] != instance:
        raise LedgerError(
            f"{path} is the copy of another ledger, or from before this one was adopted; if it is the right one, "
            f"name it: postroom outbox recover {path}"
        )


def _file(url: str, now: datetime) -> Path:
    path = sqlite.path_of(url)
    if path is not None:
        return path
    raise LedgerError(
        "the ledger is on PostgreSQL, which has its own way: "
        f"pg_dump --format=custom --file=postroom-{_stamp(now)}.dump '{shown(url)}'"
    )


def _name(path: Path) -> str:
    """Return how the copies of a ledger begin; two ledgers in one folder may differ in their endings alone."""
    file = path.resolve()
    return file.stem if file.suffix == ".db" else file.name


def _is_of(path: Path, name: str) -> bool:
    """Whether a file called `name` is a copy of the ledger at `path`, and not of one with a longer name."""
    return re.fullmatch(rf"{re.escape(_name(path))}-\d{{8}}T\d{{6}}Z\.db", name, re.ASCII) is not None


def _stamp(now: datetime) -> str:
    return f"{now:%Y%m%dT%H%M%S}Z"


def _chosen(path: Path, target: Path | None, now: datetime) -> Path:
    """Name the file to make; no file that is there already is touched."""
    folder = folder_of(path) if target is None else target
    chosen = folder / f"{_name(path)}-{_stamp(now)}.db" if target is None or target.is_dir() else target
    if os.path.lexists(chosen):
        raise LedgerError(f"{chosen} is there already; a backup takes no other file's place")
    is_new = target is None and not folder.exists()
    try:
        chosen.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if is_new:
            hand_over(folder, folder.parent)
    except OSError as error:
        raise LedgerError(f"cannot make the folder {chosen.parent}: {error.strerror}") from error
    return chosen


def _make(path: Path, chosen: Path, now: datetime) -> int:
    fresh = chosen.with_name(f".{chosen.name}.part")
    _refuse_without_room(path, chosen)
    try:
        _clear(fresh)
        handle = opened(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        if chosen.parent == folder_of(path):
            hand_over(handle, chosen.parent)
        os.close(handle)
        _copy(path, fresh)
        _mark(fresh, now)
        durable.sync(fresh)
        size = fresh.stat().st_size
        durable.put(fresh, chosen)
    except OSError as error:
        cure = f"; {owned}" if (owned := whose(chosen.parent)) else ""
        raise LedgerError(f"cannot write the backup {chosen}: {error.strerror}{cure}") from error
    finally:
        with suppress(OSError):
            _clear(fresh)
    return size


def _clear(fresh: Path) -> None:
    """Take away what an earlier try left, and what stands where SQLite would put, and follow, a file beside it."""
    for ending in ("", "-wal", "-shm", "-journal"):
        fresh.with_name(fresh.name + ending).unlink(missing_ok=True)


def _refuse_without_room(path: Path, chosen: Path) -> None:
    wal = path.with_name(f"{path.name}-wal")
    needed = path.stat().st_size + (wal.stat().st_size if wal.exists() else 0)
    room = disk.room(chosen.parent)
    if room.free - needed < room.stop_claims:
        raise LedgerError(
            f"no room for a backup in {chosen.parent}: it takes {disk.megabytes(needed)}, and "
            f"{disk.megabytes(room.free)} are free; name another folder: postroom outbox backup FOLDER"
        )


def _copy(path: Path, fresh: Path) -> None:
    """Copy the pages of one moment: the reading transaction keeps others' writes out of the copy.

    Each step is put on the disk at once: all at the end would keep the ledger's own commits waiting.
    """
    source = sqlite.connect(path, sqlite.driver())
    copy = _open(str(fresh))
    try:
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        source.backup(copy, pages=_STEP_PAGES, progress=lambda *_: durable.sync(fresh))
    finally:
        copy.close()
        source.close()


def _mark(fresh: Path, now: datetime) -> None:
    """Make the copy one file, tell it that it is a copy, and prove it."""
    copy = _open(str(fresh))
    try:
        copy.execute("PRAGMA journal_mode=DELETE")
        copy.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", mark_as_copy(now))
        _prove(copy, fresh)
    finally:
        copy.close()


def _prove(copy: sqlite3.Connection, path: Path) -> None:
    found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise LedgerCorrupt(f"{path} is damaged ({found.splitlines()[-1]})")
    for kind, name in copy.execute(sqlite.STRANGERS):
        raise LedgerCorrupt(f"{path} is damaged ({sqlite.told_stranger(kind, name)})")
    if not copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone():
        raise LedgerCorrupt(f"{path} is no ledger")
    if what := misfit(copy.execute):
        raise LedgerCorrupt(f"{path} is damaged ({what})")


def _open(name: str) -> sqlite3.Connection:
    module = sqlite.module_of(sqlite.driver())
    connection: sqlite3.Connection = module.connect(
        name, isolation_level=None, uri=name.startswith("file:"), check_same_thread=False
    )
    return connection


def _prune(path: Path, keep: int, now: datetime) -> None:
    """Take away old copies, and what was begun a day ago and never became one."""
    for old in kept(path)[max(keep, 1) :]:
        old.unlink(missing_ok=True)
    eldest = _stamp(now - TORN_AFTER)
    for torn in folder_of(path).glob(".*Z.db.part*"):
        whole = torn.name[1:].partition(".part")[0]
        if _is_of(path, whole) and whole < f"{_name(path)}-{eldest}":
            torn.unlink(missing_ok=True)


def _state(connection: Connection) -> str:
    """Return what differs when something worth a backup has happened."""
    numbers = [
        connection.execute(select(what)).scalar_one()
        for what in (func.max(attempt.c.id), func.max(subscriber.c.id))
    ]
    suppressed = connection.execute(select(func.count()).select_from(suppression)).scalar_one()
    return repr((*history.version(connection), *numbers, suppressed))


def _note(connection: Connection, now: datetime, state: str) -> None:
    facts.put(connection, "backup_at", str(to_micros(now)))
    facts.put(connection, "backup_of", state)
