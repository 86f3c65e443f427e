"""Choose the SQLite that is safe for the ledger, and open a file with it.

SQLite before 3.51.3 can lose committed writes in WAL mode when two connections write ("WAL reset
bug", https://sqlite.org/wal.html#walresetbug, as retold by distributors, 2026-11-22); 3.44.6 and 3.50.7 are
the fixed back-ports. The standard library's is used where it is fixed, else the `pysqlite3`
package's, else the rollback journal: `synchronous=EXTRA` then also survives a power cut on file
systems where a deleted journal may come back.
"""

from __future__ import annotations

import os
import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from postroom.errors import LedgerError
from postroom.model import visible
from postroom.outbox import beside

BUSY_TIMEOUT_SECONDS = 10

STRANGERS = "SELECT type, name FROM sqlite_master WHERE type IN ('trigger', 'view')"
"""Find what Postroom never makes, and what could swallow or change what is written."""

_FIXED = (3, 51, 3)
_BACKPORTS = {(3, 44): 6, (3, 50): 7}  # minor release: first fixed patch
_SHARED_DISKS = frozenset(
    {
        *("nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "coda", "ceph", "lustre", "beegfs", "gpfs", "davfs"),
        *("fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs", "fuse.rclone", "fuse.gcsfuse"),
    }
)
_NO_SHARED_MEMORY = frozenset({"9p", "fuse", "fuseblk", "vboxsf", "virtiofs"})  # and every other `fuse.…`

# What statfs(2) calls file systems, where there is no /proc to name them (include/uapi/linux/magic.h, Linux 6.1).
_MAGIC = {
    0x6969: "nfs",
    0xFF534D42: "cifs",
    0xFE534D42: "smb3",
    0x517B: "smbfs",
    0x5346414F: "afs",
    0x73757245: "coda",
    0x00C36400: "ceph",
    0x01021997: "9p",
    0x65735546: "fuse",
    0x786F4256: "vboxsf",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """Which SQLite writes the ledger: module `name`, its `version`, and the two pragmas.

    `why` tells a person how the choice came about.
    """

    name: str
    version: str
    journal: str
    synchronous: str
    why: str


def driver() -> Driver:
    """Choose among the SQLite versions that are installed."""
    return choose(sqlite3.sqlite_version, _packaged_version())


def choose(standard: str, packaged: str | None) -> Driver:
    """Apply the rule to the standard library's version and `pysqlite3`'s (None: not installed)."""
    if has_sound_wal(standard):
        return _wal("sqlite3", standard, f"SQLite {standard} of Python has a sound WAL")
    if packaged and has_sound_wal(packaged):
        why = f"SQLite {standard} of Python may lose writes in WAL mode; pysqlite3 brings {packaged}"
        return _wal("pysqlite3", packaged, why)
    return Driver(
        name="sqlite3",
        version=standard,
        journal="DELETE",
        synchronous="EXTRA",
        why=f"SQLite {standard} may lose writes in WAL mode, so the slower rollback journal is used; "
        "`pip install 'pysqlite3>=0.6.1'` or a Python with SQLite 3.51.3 makes it fast",
    )


def has_sound_wal(version: str) -> bool:
    """Whether this SQLite version is free of the WAL reset bug."""
    major, minor, patch = (int(number) for number in version.split(".")[:3])
    fixed_patch = _BACKPORTS.get((major, minor))
    return (major, minor, patch) >= _FIXED or (fixed_patch is not None and patch >= fixed_patch)


def module_of(chosen: Driver) -> ModuleType:
    """Import the DB-API module that `chosen` names."""
    if chosen.name == "pysqlite3":
        import pysqlite3

        return pysqlite3  # type: ignore[no-any-return]  # the package ships no types
    return sqlite3


def path_of(url: str) -> Path | None:
    """Return the file that a `sqlite:///…` URL names; None for another database."""
    match = re.fullmatch(r"sqlite(?:\+\w+)?:///([^?]+)", url)
    if match is None:
        return None
    return Path(match[1])


def prepare(path: Path, create: bool) -> None:
    """See that `path` can be a ledger before SQLite tries, so that a refusal can name the cure.

    A new file is readable by its owner alone: it holds addresses.
    """
    refuse_irregular(path)
    for ending in ("-journal", "-wal", "-shm"):
        beside.refuse_foreign(path.with_name(path.name + ending))
    refuse_shared(path, _kind(path))
    if path.exists():
        _refuse_second_name(path)
        return
    if not create:
        raise LedgerError(f"there is no ledger at {path} yet; `postroom run` makes it")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            beside.hand_over(handle, path.parent)
        finally:
            os.close(handle)
    except OSError as error:
        raise LedgerError(
            f"cannot create the ledger {path}: {error.strerror}; {_folder_cure(path)}"
        ) from error


def refuse_irregular(path: Path) -> None:
    """Raise `LedgerError` for a folder, a pipe or a device in the ledger's place."""
    if not path.exists() or path.is_file():
        return
    what = "a folder" if path.is_dir() else "a pipe, a device or a socket"
    leads = f" (it leads to {path.resolve()})" if path.is_symlink() else ""
    raise LedgerError(f"{path} is {what}{leads}; `outbox: database:` must name a file, such as postroom.db")


def connect(path: Path, chosen: Driver) -> sqlite3.Connection:
    """Open `path` with autocommit (whoever uses it says BEGIN) and the pragmas of `chosen`."""
    module = module_of(chosen)
    connection: sqlite3.Connection = module.connect(
        str(path), timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, cached_statements=256
    )
    journal, synchronous = chosen.journal, chosen.synchronous
    if has_no_shared_memory(_kind(path)):
        journal, synchronous = "DELETE", "EXTRA"
    try:
        mode = connection.execute(f"PRAGMA journal_mode={journal}").fetchone()[0]
        if mode != journal.lower():
            raise LedgerError(
                f"{path} is open in another program in {mode} mode; stop that program, then try again"
            )
        connection.execute(f"PRAGMA synchronous={synchronous}")
        connection.execute("PRAGMA foreign_keys=ON")
    except BaseException:
        connection.close()
        raise
    return connection


def told_stranger(kind: str, name: str) -> str:
    """Say what is wrong with a ledger that has one of `STRANGERS`."""
    return f"it has a {kind}, {visible(name)!r}, which could swallow or change what Postroom writes"


def refuse_shared(path: Path, kind: str | None) -> None:
    """Raise `LedgerError` for a file on a `kind` of disk that machines share: locks there cannot be trusted."""
    if kind in _SHARED_DISKS:
        raise LedgerError(
            f"{path} lies on a {kind} share, where SQLite cannot lock safely; "
            "put the ledger on a local disk, or use postgresql://…"
        )


def _refuse_second_name(path: Path) -> None:
    """Raise `LedgerError` for a file with several names: SQLite names its write-ahead log after the file, so
    that each name has its own, and neither knows of what the other holds.
    """
    if path.stat().st_nlink > 1:
        raise LedgerError(
            f"{path} has a second name (a hard link), through which another Postroom could damage it; find it with "
            f"`find / -samefile {path}` and remove that name"
        )


def filesystem(path: Path, mounts: str) -> str | None:
    """Return the kind of file system that `path` lies on, from the text of /proc/self/mounts."""
    place = path.absolute().parent.resolve()
    kinds = {}
    for line in mounts.splitlines():
        point, kind = line.split(" ")[1:3]
        kinds[Path(_unescaped(point))] = kind
    return next((kinds[folder] for folder in (place, *place.parents) if folder in kinds), None)


def has_lasting_inodes(path: Path) -> bool:
    """Whether the file system numbers a file the same after it was mounted anew."""
    return not has_no_shared_memory(_kind(path))


def has_no_shared_memory(kind: str | None) -> bool:
    """Whether WAL's shared memory may fail on this kind of file system: then the rollback journal is used."""
    return kind is not None and (kind in _NO_SHARED_MEMORY or kind.startswith("fuse."))


def kind_of(magic: int) -> str | None:
    """Name the file system that statfs(2) gives this number; None for one that is local or unknown."""
    return _MAGIC.get(magic & 0xFFFFFFFF)


def _kind(path: Path) -> str | None:
    mounts = _mounts()
    return filesystem(path, mounts) if mounts else kind_of(_magic(path.absolute().parent))


def _magic(folder: Path) -> int:
    """Ask statfs(2), which Python does not know: its first word is the kind. 0 where there is no such call."""
    import ctypes
    import sys

    if sys.platform != "linux":
        return 0
    answer = (ctypes.c_long * 64)()
    failed = ctypes.CDLL(None).statfs(os.fsencode(folder), answer)
    return 0 if failed else int(answer[0])


def _unescaped(point: str) -> str:
    """Read a path as /proc writes it: blanks and backslashes as three octal digits."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), point)


def _wal(name: str, version: str, why: str) -> Driver:
    return Driver(name=name, version=version, journal="WAL", synchronous="FULL", why=why)


def _packaged_version() -> str | None:
    try:
        import pysqlite3
    except ImportError:
        return None
    return str(pysqlite3.sqlite_version)


def _mounts() -> str:
    """Read what is mounted where; nothing on systems without /proc."""
    try:
        return Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _folder_cure(path: Path) -> str:
    return f"make {path.parent} writable, or set `outbox: database:` to another place"
