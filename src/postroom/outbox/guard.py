"""Notice a ledger that is a copy: restored, cloned or moved. What it calls due may have gone out since.

A ledger has a name of its own (`instance`) and a count that rises with every beat (`epoch`). A small
file beside it, `<ledger>.instance`, keeps both, with the machine, the path and the inode they were
seen at. That file is written after the ledger, so a kill between the two leaves the ledger ahead, which
is no fault; a ledger behind its file, or without one, or in another place, is a copy. The file also keeps
whether there was ever something real in the ledger: a new one beside it has lost all that. On PostgreSQL
the database itself says where it lives: a row that was restored has not the transaction that wrote it.

What this cannot see: a whole machine put back to an earlier state, its file with it.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from sqlalchemy import Connection, Text, delete, exists, false, literal_column, select

from postroom.errors import LedgerError
from postroom.outbox import durable
from postroom.outbox import meta as facts
from postroom.outbox.beside import opened, whose
from postroom.outbox.columns import to_micros
from postroom.outbox.ledger import Ledger
from postroom.outbox.sqlite import has_lasting_inodes, path_of
from postroom.outbox.tables import edition, meta

# Where a PostgreSQL database lives: cluster, timeline (it rises when a standby takes over or an archive is
# replayed to a point in time), database, and the transaction that wrote the row.
_HERE = (
    "(SELECT system_identifier FROM pg_control_system()) || '/' || "
    "substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) || '/' || "
    "(SELECT oid FROM pg_database WHERE datname = current_database()) || '/' || "
)
_SETTLE_HERE = select(literal_column(f"{_HERE} (txid_current() & 4294967295)", Text))
_COMPARE_HERE = select(meta.c.value, literal_column(f"{_HERE} xmin::text").label("here")).where(
    meta.c.name == "home"
)
_MOVES = (
    "was restored into another database server",
    "is on a server that was put back to an earlier moment, or on a standby that took over",
    "was copied from another database",
    "was restored from a dump",
)

_LOST = (
    "is new here, or older than {file} beside it: that tells of a ledger which knew what has gone out. If it is "
    "lost, `postroom outbox recover` puts its newest backup here"
)

_LONGEST_BYTES = 64 * 1024  # of the file beside the ledger; ours has some 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a ledger stands: its file, a digest of the machine's id, the file's inode (0: says nothing here)."""

    file: Path
    machine: str
    inode: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """A ledger that must send nothing real before `postroom adopt`; `why` says so in a sentence."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """What the file beside the ledger keeps. Epoch 0: the ledger itself may not know of it yet.

    `real`: something for a real transport was in the ledger, or in one that stood here before it.
    """

    instance: str
    epoch: int
    machine: str
    path: str
    inode: int
    real: bool


_KINDS = {"instance": str, "epoch": int, "machine": str, "path": str, "inode": int, "real": bool}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What the ledger says of itself. One that `is_real` has something for a real transport in it."""

    instance: str | None
    epoch: int
    copied_at: datetime | None
    is_real: bool


def place_of(url: str, machine_id: Path = Path("/etc/machine-id")) -> Place | None:
    """Return where the ledger at `url` stands; None for PostgreSQL, which knows by itself.

    The machine's id is digested, as machine-id(5) asks of whoever writes it elsewhere.
    """
    path = path_of(url)
    if path is None:
        return None
    file = path.resolve()
    try:
        machine = sha256(b"postroom:" + machine_id.read_bytes().strip()).hexdigest()[:32]
    except OSError:
        machine = ""
    inode = file.stat().st_ino if has_lasting_inodes(file) else 0
    return Place(file=file, machine=machine, inode=inode)


def beat(ledger: Ledger, place: Place | None, now: datetime) -> Guarded | None:
    """Say at the start and at every tick that a daemon is at work here; or why it must send nothing real.

    A guarded ledger is left as it is: the moment of its last beat says what may be missing in it. One
    that has nothing real in it is at home wherever no other was that had.
    """
    guarded = check(ledger, place)
    if guarded is not None:
        return guarded
    if place is None:
        ledger.write(settle_database, now, afresh=False)
        return None
    known, seen = ledger.read(_facts), _seen(place)
    instance, real = known.instance, known.is_real or (seen is not None and seen.real)
    if instance is None or seen is None or known.copied_at or _strangeness(place, known, seen):
        instance = secrets.token_hex(16)
        note(place, instance, 0, real=real)
    note(place, instance, ledger.write(rise, instance, now), real=real)
    return None


def check(ledger: Ledger, place: Place | None) -> Guarded | None:
    """Say whether the ledger is a copy; changes nothing."""
    if place is None:
        why, name = ledger.read(_displaced), "this ledger"
    else:
        known, seen = ledger.read(_facts), _seen(place)
        is_asked = known.is_real or (seen is not None and seen.real)
        why, name = _strangeness(place, known, seen) if is_asked else "", str(place.file)
    if not why:
        return None
    return Guarded(why=f"{name} {why}; nothing goes out through a real transport until `postroom adopt`")


def loss(ledger: Ledger, place: Place | None) -> str:
    """Say that this ledger is a new one in the place of one that is gone; nothing where it is not."""
    known = ledger.read(_facts) if place is not None else None
    if known is None or known.instance is not None or known.copied_at is not None:
        return ""
    guarded = check(ledger, place)
    return guarded.why if guarded is not None else ""


def foresee(url: str) -> None:
    """Note that something real is about to be in the ledger at `url`: if that is lost, the file shall tell."""
    place = place_of(url)
    seen = _seen(place) if place is not None else None
    if place is not None and seen is not None and not seen.real:
        _keep(place, replace(seen, real=True))


def instance_beside(file: Path) -> str | None:
    """Return the name that the file beside the ledger `file` gives it; None where nothing says so."""
    seen = _seen(Place(file=file, machine="", inode=0))
    return seen.instance if seen is not None else None


def was_real(file: Path) -> bool:
    """Whether the file beside the ledger `file` tells of one that had something real in it."""
    return bool((seen := _seen(Place(file=file, machine="", inode=0))) and seen.real and seen.epoch)


def mark_as_copy(now: datetime) -> tuple[str, str]:
    """Return the name and the value of the fact that a backup carries, and its original does not."""
    return "copied_at", str(to_micros(now))


def _strangeness(place: Place, known: _Facts, seen: _Seen | None) -> str:
    """Say what shows that the ledger at `place` is a copy; nothing if it is at home."""
    file = f"{place.file.name}.instance"
    if known.copied_at is not None:
        return f"is the backup of {known.copied_at:%Y-%m-%d %H:%M} UTC"
    if seen is None:
        return f"came here without {file}, which stands beside every ledger at home" * bool(known.instance)
    if known.instance is None:
        return _LOST.format(file=file) * bool(seen.epoch)
    told = (
        (known.instance != seen.instance, f"is another than the one that {file} speaks of"),
        (place.machine and seen.machine and place.machine != seen.machine, "comes from another machine"),
        (str(place.file) != seen.path, f"was moved here from {seen.path}"),
        (
            place.inode and seen.inode and place.inode != seen.inode,
            "was put in place of the file that was here",
        ),
        (known.epoch < seen.epoch, "was put back to an earlier state"),
    )
    return next((why for is_strange, why in told if is_strange), "")


def _facts(connection: Connection) -> _Facts:
    return _Facts(
        instance=facts.get(connection, "instance"),
        epoch=facts.number(connection, "epoch") or 0,
        copied_at=facts.moment(connection, "copied_at"),
        is_real=_is_real(connection),
    )


def _is_real(connection: Connection) -> bool:
    return bool(connection.execute(select(exists().where(edition.c.rehearsal == false()))).scalar_one())


def _seen(place: Place) -> _Seen | None:
    """Read the file beside the ledger; None where there is none, or none that can be understood."""
    try:
        with os.fdopen(opened(_file(place), os.O_RDONLY), "rb") as file:
            return _understood(file.read(_LONGEST_BYTES))
    except FileNotFoundError:
        return None
    except OSError as error:
        cure = whose(_file(place)) or "make it readable"
        raise LedgerError(f"cannot read {_file(place)}: {error.strerror}; {cure}") from error


def _understood(data: bytes) -> _Seen | None:
    """Read what is kept; a file that does not know yet of anything `real` may have seen it."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    found.setdefault("real", True)
    is_ours = {name: type(value) for name, value in found.items()} == _KINDS
    return _Seen(**found) if is_ours else None


def note(place: Place, instance: str, epoch: int, *, real: bool) -> None:
    """Write into the file beside the ledger that it is at home here, how far it has come, and what it held."""
    seen = _Seen(
        instance=instance,
        epoch=epoch,
        machine=place.machine,
        path=str(place.file),
        inode=place.inode,
        real=real,
    )
    _keep(place, seen)


def _keep(place: Place, seen: _Seen) -> None:
    try:
        durable.write(_file(place), json.dumps(asdict(seen)).encode())
    except OSError as error:
        raise LedgerError(
            f"cannot write {_file(place)}: {error.strerror}; without it a restored ledger could not be told "
            "from this one"
        ) from error


def _file(place: Place) -> Path:
    return place.file.with_name(f"{place.file.name}.instance")


def rise(connection: Connection, instance: str, now: datetime) -> int:
    """Take the name `instance`, raise the epoch and return it."""
    epoch = (facts.number(connection, "epoch") or 0) + 1
    facts.put(connection, "instance", instance)
    facts.put(connection, "epoch", str(epoch))
    connection.execute(delete(meta).where(meta.c.name == "copied_at"))
    facts.beat(connection, now)
    return epoch


def _displaced(connection: Connection) -> str:
    """Say what shows that a PostgreSQL database is a copy; nothing if it is at home, or has no home yet."""
    row = connection.execute(_COMPARE_HERE).one_or_none() if _is_real(connection) else None
    if row is None:
        return ""
    pairs = zip(row.value.split("/"), row.here.split("/"), _MOVES, strict=True)
    return next((why for kept, here, why in pairs if kept != here), "")


def settle_database(connection: Connection, now: datetime, *, afresh: bool) -> None:
    """Beat, and write down where this database lives if it is not known, or not true any more."""
    facts.beat(connection, now)
    if afresh or not _is_real(connection):
        connection.execute(delete(meta).where(meta.c.name == "home"))
    if facts.get(connection, "home") is None:
        facts.put(connection, "home", connection.execute(_SETTLE_HERE).scalar_one())
