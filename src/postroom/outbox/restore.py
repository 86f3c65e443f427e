"""Put the newest good backup in the place of a ledger that is damaged or gone. The damaged file is kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, select

from postroom.errors import LedgerCorrupt, LedgerError
from postroom.outbox import backup, durable, guard, meta, sqlite
from postroom.outbox.beside import hand_over, opened
from postroom.outbox.engine import shown
from postroom.outbox.ledger import Ledger, exists
from postroom.outbox.rows import read_content
from postroom.outbox.tables import edition

_GONE = (
    "there is no ledger at {path} any more: {file} beside it tells of one which knew what has gone out. "
    "`postroom outbox recover` puts the newest backup there; without one, `postroom run` makes a new ledger, which is "
    "to be adopted"
)

_WITH_IT = ("", "-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """Which `backup` took the ledger's place, where the `damaged` file is now (None: there was none), and
    the backups that were `skipped`, each with the reason.
    """

    backup: Path
    damaged: Path | None
    skipped: tuple[str, ...]


def missing(url: str) -> str:
    """Say that the ledger at `url`, which had something real in it, is gone; nothing where it stands, or never did."""
    path = sqlite.path_of(url)
    if path is None or exists(url) or not guard.was_real(path.resolve()):
        return ""
    return _GONE.format(path=path, file=f"{path.resolve().name}.instance")


def damage(url: str) -> str:
    """Say what is wrong with the ledger at `url`; nothing where it is whole. LedgerError for one on PostgreSQL.

    A new one in the place of one that is lost is whole, and wrong all the same.
    """
    _file(url)
    if not exists(url):
        return "there is no ledger"
    try:
        with Ledger(url, create=False) as ledger:
            ledger.read(_look_through)
            return guard.loss(ledger, guard.place_of(url))
    except LedgerCorrupt as error:
        return str(error)


def restore(url: str, now: datetime, given: Path | None = None) -> Restored:
    """Put `given`, or the newest backup that is whole, in the ledger's place.

    Whoever calls holds the daemon's lock. The ledger found there is moved aside with its journal, never
    changed. What is put there is a copy: nothing real goes out before it is adopted.
    """
    path = _file(url)
    if given is not None:
        chosen, skipped = _first_whole([given])
    else:
        chosen, skipped = _first_whole(backup.kept(path), of=path)
    if chosen is None:
        told = f" ({'; '.join(skipped)})" if skipped else ""
        raise LedgerError(
            f"there is no good backup in {backup.folder_of(path)}{told}; name one: postroom outbox recover FILE. "
            f"What can still be read of the old ledger: sqlite3 {path} .recover"
        )
    fresh = path.with_name(f"{path.name}.restoring")
    try:
        handle = opened(fresh, os.O_WRONLY | os.O_CREAT)
        try:
            _copy(chosen, handle, path.parent)
            damaged = _move_aside(path, now)
            durable.put(fresh, path)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise LedgerError(f"cannot put {chosen} in the place of {path}: {error.strerror}") from error
    return Restored(backup=chosen, damaged=damaged, skipped=tuple(skipped))


def _copy(chosen: Path, handle: int, folder: Path) -> None:
    """Write a file into one that is open in `folder`, for its owner alone, and wait for the disk; closes it."""
    with os.fdopen(handle, "wb") as copy, chosen.open("rb") as source:
        copy.truncate(0)
        hand_over(handle, folder)
        os.fchmod(handle, 0o600)
        shutil.copyfileobj(source, copy)
        copy.flush()
        os.fsync(handle)


def _look_through(connection: Connection) -> None:
    """Raise `LedgerCorrupt` unless all of the file, and every edition's content, is as it was written."""
    found = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
    if found != "ok":
        raise LedgerCorrupt(f"it is damaged: {found.splitlines()[-1]}")
    meta.prove(connection)
    for row in connection.execute(select(edition.c.id, edition.c.content_hash)):
        read_content(connection, row.id, row.content_hash)


def _file(url: str) -> Path:
    path = sqlite.path_of(url)
    if path is None:
        raise LedgerError(
            "the ledger is on PostgreSQL, which has its own way: stop every daemon, then pg_restore --clean "
            f"--if-exists --dbname='{shown(url)}' FILE.dump, then: postroom adopt (see docs/restore.md)"
        )
    return path.resolve()


def _first_whole(found: Sequence[Path], *, of: Path | None = None) -> tuple[Path | None, list[str]]:
    """Return the first that is a whole ledger, and what is wrong with those before.

    Those `of` a ledger that nobody has named must be no links, nor copies of another ledger.
    """
    skipped: list[str] = []
    for each in found:
        try:
            if of is not None:
                os.close(opened(each, os.O_RDONLY))
            if not each.is_file():
                raise LedgerError(f"there is no file {each}")
            _refuse_unfinished(each)
            backup.check(each, None if of is None else guard.instance_beside(of))
        except (LedgerError, OSError) as error:
            skipped.append(str(error))
        else:
            return each, skipped
    return None, skipped


def _refuse_unfinished(path: Path) -> None:
    """Raise LedgerError where a part of what a ledger says is still in its journal, which is not copied."""
    for ending in ("-wal", "-journal"):
        beside = path.with_name(path.name + ending)
        if beside.exists() and beside.stat().st_size:
            raise LedgerError(
                f"{beside} holds a part of what {path} says; let SQLite put them together, then try again: "
                f"sqlite3 {path} .tables"
            )


def _move_aside(path: Path, now: datetime) -> Path | None:
    aside = path.with_name(f"{path.name}.damaged-{now:%Y%m%dT%H%M%S}Z")
    for ending in _WITH_IT:
        part = path.with_name(path.name + ending)
        if os.path.lexists(part):  # a link that leads nowhere would be followed by the next SQLite
            part.rename(aside.with_name(aside.name + ending))
    return aside if os.path.lexists(aside) else None
