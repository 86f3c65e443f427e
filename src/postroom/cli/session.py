"""What a command opens: the config, the project, the ledger, the clock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from postroom import config as settings
from postroom.address import Address, normalise
from postroom.config.rescue import database_of
from postroom.errors import AddressError, ConfigError, LedgerError, UsageError
from postroom.model import History, visible
from postroom.outbox import history, meta, restore
from postroom.outbox.ledger import Ledger, exists
from postroom.pipeline.wayout import with_ways_out
from postroom.transports.secret import reader

if TYPE_CHECKING:
    from postroom.config import Config
    from postroom.pipeline.project import Project


def now() -> datetime:
    """Read the clock: the only place under `cli` that does."""
    return datetime.now(UTC)  # noqa: TID251


def secrets(base: Path) -> Callable[[str], str]:
    """Read the environment, and files below `base`, for what references in config.yaml name."""
    return reader(os.environ, base)  # noqa: TID251


def load(path: Path, *, settle: bool = False) -> Project:
    """Open the project whose config.yaml is at `path`. Raises ConfigError with every finding."""
    from postroom.pipeline.project import (
        open_project,  # what reads and renders is not for those who only deliver
    )

    return open_project(settings.load(path), settle=settle)


def load_or_last_good(path: Path) -> Project:
    """Open the project; where config.yaml is broken, by the last good one that the ledger keeps, and say so.

    For commands that must work whatever state an editor has left the file in: what a daemon sends by the last
    good config, a person must be able to stop.
    """
    try:
        return load(path)
    except ConfigError as error:
        text = last_good(path)
        if text is None:
            raise
        from postroom.pipeline.project import open_project

        click.echo(f"{visible(str(error))}\n{path} is broken; this goes by the last good one", err=True)
        return open_project(settings.parse(text, path))


def config_or_last_good(path: Path) -> Config:
    """Load what may send from config.yaml; where that is broken, the last good one that the ledger keeps: the daemon
    tells of it. Raises ConfigError where there is none.
    """
    try:
        return with_ways_out(settings.load(path))
    except ConfigError:
        text = last_good(path)
        if text is None:
            raise
        return settings.parse(text, path)


def last_good(path: Path) -> str | None:
    """Return the last good config that the ledger of a broken one keeps; None where there is none."""
    database = database_of(path)
    if not exists(database):
        return None
    with Ledger(database) as ledger:
        good = ledger.read(meta.last_good_config)
    return good.text if good is not None else None


@contextmanager
def ledger_of(project: Project) -> Iterator[Ledger]:
    """Open the project's ledger, made anew where there never was one."""
    refuse_lost(project)
    ledger = Ledger(project.config.database)
    try:
        yield ledger
    finally:
        ledger.close()


@contextmanager
def ledger_at(path: Path) -> Iterator[Ledger]:
    """Open the ledger of the project whose config.yaml is at `path`, or was before it broke."""
    with ledger_of(load_or_last_good(path)) as ledger:
        yield ledger


@contextmanager
def ledger_if_any(project: Project) -> Iterator[Ledger | None]:
    """Open the project's ledger if there is one: commands that only look make none.

    Those that tell what went out, or will, ask `refuse_lost` first.
    """
    if not exists(project.config.database):
        yield None
        return
    with ledger_of(project) as ledger:
        yield ledger


def refuse_lost(project: Project) -> None:
    """Raise LedgerError where the project's ledger is gone: what it knew must not look as if it had never been."""
    if why := restore.missing(project.config.database):
        raise LedgerError(why)


def read_history(ledger: Ledger | None) -> History:
    """Read what the ledger remembers; nothing where there is none."""
    return ledger.read(history.read) if ledger is not None else History()


def address(text: str, option: str) -> Address:
    """Read a mail address that somebody typed for `option`. Raises UsageError, which names both."""
    try:
        return normalise(text)
    except AddressError as error:
        raise UsageError(f"{option}: {text!r} is no mail address: {error}") from error


def in_zone(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    """Read a time without zone as meant in the publication's."""
    return moment.replace(tzinfo=zone) if moment is not None and moment.tzinfo is None else moment


def nearest(name: str, known: list[str]) -> str:
    """Offer the nearest of the known names as the tail of a sentence; nothing where none is near."""
    near = get_close_matches(name, known, n=1)
    return f"; did you mean '{near[0]}'?" if near else ""
