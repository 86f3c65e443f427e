"""Forget people: in the ledger, in what a rehearsal wrote, and by telling what is beyond our reach."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from postroom.address import Address
from postroom.audience.mentions import is_mail_to, lines_naming, spellings
from postroom.config import Config
from postroom.errors import AudienceError, LedgerError
from postroom.outbox import backup, engine, erasing, sqlite, wiping
from postroom.outbox.erasing import Erased
from postroom.outbox.ledger import Ledger
from postroom.transports import folder

_OURS: Final = re.compile(r"\.?(?:[a-z0-9-]+-)?[0-9a-f]{16}-\d+\.eml(?:\.part)?")
"""The names of mails that the folder transport writes (`compose.message`); no other file is touched."""
_LISTS: Final = (".csv", ".tsv", ".json", ".jsonl", ".txt")
_NAMED: Final = 20
"""How many lines of one file are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Somewhere that people may be named: cleaned, or beyond our reach with what can be done about it."""

    where: str
    what: str
    is_clean: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What became of each person, in the order they were named, and all places that were looked at."""

    people: tuple[Erased, ...]
    places: tuple[Place, ...]


def forget(config: Config, ledger: Ledger, people: Sequence[Address], now: datetime) -> Forgotten:
    """Erase people from everything that is ours; tell what else may name them. May be run again at any time.

    An SQLite ledger is written anew at the end; its file is cleaned of everybody who was erased before, too.
    """
    done = tuple([ledger.write(erasing.erase, person.identity, now) for person in people])
    spelt = spellings(people)
    places = (
        *_ledger(ledger),
        *_rehearsals(config, spelt),
        *_lists(config, spelt),
        *_copies(config),
        *_elsewhere(),
    )
    return Forgotten(people=done, places=places)


def _ledger(ledger: Ledger) -> Iterator[Place]:
    where = engine.shown(ledger.url)
    yield Place(where=where, what="every table", is_clean=True)
    if ledger.is_shared:
        what = (
            "dead rows of PostgreSQL: `VACUUM FULL` in the database removes them; its own backups keep theirs"
        )
        yield Place(where=where, what=what, is_clean=False)
        return
    try:
        wiping.wipe(ledger)
    except LedgerError as error:
        yield Place(where=where, what=f"traces between the rows of its file: {error}", is_clean=False)
    else:
        yield Place(where=where, what="written anew, and its log emptied", is_clean=True)


def _rehearsals(config: Config, spelt: Collection[str]) -> Iterator[Place]:
    """Delete the mails that a folder holds for them."""
    paths = {
        each.settings.path
        for each in config.transports.values()
        if isinstance(each.settings, folder.Transport.Settings)
    }
    for path in sorted(paths):
        if not path.is_dir():
            continue
        gone, kept = _delete(path, spelt)
        where = _shown(config, path)
        yield Place(where=where, what=f"{gone:,} written mails deleted", is_clean=True)
        if kept:
            yield Place(where=where, what=f"{kept:,} files cannot be read or deleted", is_clean=False)


def _delete(path: Path, spelt: Collection[str]) -> tuple[int, int]:
    """Delete mails to some people from a folder; return how many were, and with how many that failed."""
    gone = kept = 0
    for file in path.iterdir():
        if not _OURS.fullmatch(file.name):
            continue
        try:
            if is_mail_to(file, spelt):
                file.unlink()
                gone += 1
        except OSError:
            kept += 1
    return gone, kept


def _lists(config: Config, spelt: Collection[str]) -> Iterator[Place]:
    """Name the lines of people's own files that tell of them: audiences, and lists that lie beside config.yaml."""
    audiences = {each.audience.file for each in config.channels.values() if each.audience is not None}
    beside = {each for each in config.base.iterdir() if each.suffix.lower() in _LISTS and each.is_file()}
    for path in sorted({*(each for each in audiences if each is not None), *beside}):
        where = _shown(config, path)
        try:
            numbers = list(lines_naming(path, spelt))
        except (AudienceError, OSError) as error:
            yield Place(where=where, what=f"cannot be read: {error}", is_clean=False)
            continue
        for number in numbers[:_NAMED]:
            what = "still names them; take out the line" + (
                " (they get no mail even so)" if path in audiences else ""
            )
            yield Place(where=f"{where}:{number}", what=what, is_clean=False)
        if (more := len(numbers) - _NAMED) > 0:
            yield Place(where=where, what=f"{more:,} more lines", is_clean=False)


def _copies(config: Config) -> Iterator[Place]:
    """Name the copies of the ledger that lie where Postroom puts them."""
    path = sqlite.path_of(config.database)
    if path is None:
        return
    for each in backup.kept(path):
        what = "a backup, made before they were erased; delete it, or let newer ones take its place"
        yield Place(where=_shown(config, each), what=what, is_clean=False)
    for pattern in ("before-*", "damaged-*"):
        for each in sorted(path.parent.glob(f"{path.name}.{pattern}")):
            what = "a copy of the ledger that was put aside; delete it when it is of no more use"
            yield Place(where=_shown(config, each), what=what, is_clean=False)


def _elsewhere() -> Iterator[Place]:
    for where, what in (
        ("sent mail", "what went out, what came back to your mailboxes, and what mail servers wrote down"),
        ("other files", "exports, rejected rows and uploads that lie elsewhere, and the history of Git"),
    ):
        yield Place(where=where, what=what, is_clean=False)


def _shown(config: Config, path: Path) -> str:
    return path.relative_to(config.base).as_posix() if path.is_relative_to(config.base) else str(path)
