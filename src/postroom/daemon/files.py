"""The files that a daemon follows: config.yaml by its looks, all others by the watcher."""

from __future__ import annotations

import threading
import time
from codecs import BOM_UTF8
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import structlog

from postroom.config import Config
from postroom.config.reading import MAX_BYTES
from postroom.plainfiles import read_plain

log = structlog.get_logger()

Stamp: TypeAlias = tuple[int, int, int]
"""How config.yaml looks from outside: mtime in nanoseconds, size, inode."""

_UNREAD: Stamp = (-1, -1, -1)


class ConfigFile:
    """config.yaml, seen from outside."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = _UNREAD
        self._again = float("inf")
        self._suspect = _stamp_of(path)

    def is_in_force(self, config: Config) -> bool:
        """Whether it says what `config` says, at the start: not if it is broken, or was edited meanwhile."""
        self._suspect = _stamp_of(self._path)
        try:
            is_same = read_plain(self._path, MAX_BYTES + 1).removeprefix(BOM_UTF8) == config.text.encode()
        except (OSError, UnicodeEncodeError):
            is_same = False
        if is_same:
            self._known = self._suspect
        return is_same

    def changed(self) -> bool:
        """Whether it has changed since this last said so, and stands still: half-written it differs at each look."""
        stamp = _stamp_of(self._path)
        is_settled = stamp == self._suspect
        self._suspect = stamp
        is_due = stamp != self._known or time.monotonic() >= self._again
        if not is_due or not is_settled:
            return False
        self._known, self._again = stamp, float("inf")
        return True

    def look_again(self, seconds: float) -> None:
        """Take it for changed once more after so many seconds: what it could not be used for may be there by then."""
        self._again = time.monotonic() + seconds


def _stamp_of(path: Path) -> Stamp:
    """Say how a file looks by what `stat` says; noughts while it is not there."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0, 0
    return status.st_mtime_ns, status.st_size, status.st_ino


class FileWatch:
    """Watches the files of the config in force, and no longer those of the one before."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._stop = threading.Event()

    def follow(self, config: Config) -> None:
        """Watch the articles, the templates and the audiences of `config`."""
        self._stop.set()
        self._stop = threading.Event()
        arguments = (_watched(config), self._changed, self._stop)
        threading.Thread(target=_watch, args=arguments, name="watcher", daemon=True).start()


def _watched(config: Config) -> list[Path]:
    audiences = (channel.audience for channel in config.channels.values())
    files = [who.file for who in audiences if who is not None and who.file is not None]
    return [config.articles.folder, config.templates, *files]


def _watch(paths: list[Path], changed: Callable[[], None], stop: threading.Event) -> None:
    from postroom.watching import watch

    try:
        watch(paths, changed, stop)
    except (OSError, RuntimeError) as error:
        log.warning("files cannot be watched; they are read twice a minute", why=str(error))
