"""Tell when files change, whichever way an editor or Git writes them.

The studio reloads its page by it, the daemon looks at its folder sooner than it otherwise would.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import watchfiles

_QUIET_MS = 80  # a save is several events; this long without one means it is over
_LATEST_MS = 400  # a steady stream of events is told at least this often
_LOOK_AGAIN_MS = 1_000  # how soon a folder that came to be, or was replaced, is noticed


def watch(paths: Iterable[Path], changed: Callable[[], None], stop: threading.Event) -> None:
    """Call `changed` after each burst of changes below `paths`, until `stop` is set.

    Blocks: run it in a thread of its own. A folder is watched with all it holds (except what an
    editor or Git leaves there), a file by its name, so that replacing it is seen. A path need
    not exist yet. `changed` is called by one thread at a time. Raises OSError or RuntimeError where
    the system cannot watch (any more).
    """
    wanted = frozenset(path.absolute() for path in paths)
    lock = threading.Lock()

    def tell() -> None:
        with lock:
            changed()

    by_name = threading.Thread(target=_watch_names, args=(wanted, tell, stop), daemon=True)
    by_name.start()
    for _ in _bursts(wanted, stop, recursive=True):
        tell()
    by_name.join()


def _watch_names(wanted: frozenset[Path], tell: Callable[[], None], stop: threading.Event) -> None:
    """Watch the folders in which the wanted lie, for what is no folder itself (yet, or any more)."""
    folders = frozenset(path.parent for path in wanted)
    with suppress(OSError, RuntimeError):  # the watch of the wanted themselves meets the same, and raises
        for burst in _bursts(folders, stop, recursive=False):
            if burst is None or any(path in wanted and not path.is_dir() for path in burst):
                tell()


def _bursts(
    folders: frozenset[Path], stop: threading.Event, *, recursive: bool
) -> Iterator[set[Path] | None]:
    """Yield the paths of each burst of changes; None when a folder itself came, went or is another."""
    is_anew = False
    while not stop.is_set():
        watched = _existing(folders)
        for burst in _changes(watched, stop, recursive=recursive):
            if burst:
                yield burst
            elif is_anew:  # a second look, for what was written while nobody watched
                yield None
                is_anew = False
            if _existing(folders) != watched or burst & watched:
                yield None
                is_anew = True
                break


def _changes(watched: frozenset[Path], stop: threading.Event, *, recursive: bool) -> Iterator[set[Path]]:
    """Yield changed paths; an empty set now and then, as an occasion to look around."""
    if not watched:
        while not stop.wait(_LOOK_AGAIN_MS / 1000):
            yield set()
        return
    for changes in watchfiles.watch(
        *watched,
        debounce=_LATEST_MS,
        step=_QUIET_MS,
        stop_event=stop,
        rust_timeout=_LOOK_AGAIN_MS,
        yield_on_timeout=True,
        raise_interrupt=False,
        recursive=recursive,
    ):
        yield {Path(name) for _, name in changes}


def _existing(folders: frozenset[Path]) -> frozenset[Path]:
    return frozenset(path for path in folders if path.is_dir())
