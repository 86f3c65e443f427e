"""Look which article files a folder holds and what they look like from outside. Opens none of them.

Read are `.md`, `.markdown`, `.mdown`, `.mkd` and `.mdx` files. Passed over are: hidden files and folders,
`node_modules`, what speaks of the folder instead of being published (README, LICENSE, CHANGELOG,
CONTRIBUTING, CODE_OF_CONDUCT, SECURITY) and Hugo's section pages (`_index`). `.txt` is passed over,
too: notes and licences are kept so. Links to folders are not followed (a loop could hide there, and
what they hold inside the folder is found by its own name); links to files are, if they stay inside.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

Signature: TypeAlias = tuple[int, int, int, int]
"""How a file looks from outside: mtime and ctime in nanoseconds around size and inode."""

SUFFIXES = (".md", ".markdown", ".mdown", ".mkd", ".mdx")

_NO_ARTICLES = frozenset(
    ("readme", "license", "licence", "changelog", "contributing", "code_of_conduct", "security", "_index")
)
_NO_FOLDERS = frozenset(("node_modules",))


@dataclass(slots=True)
class Survey:
    """What a look at the folder gave.

    `files` maps absolute paths to signatures. `faults` maps a path that could not be looked at to
    the reason; `strays` are links that lead outside.
    """

    files: dict[str, Signature] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    strays: list[str] = field(default_factory=list)


def survey(folder: Path) -> Survey:
    """Look through a folder and all below it. A folder that cannot be read is a fault, no exception."""
    found = Survey()
    waiting = [os.fspath(folder)]
    while waiting:
        current = waiting.pop()
        try:
            waiting += _look(current, found, folder)
        except OSError as error:
            found.faults[current] = (error.strerror or str(error)).lower()
    return found


def signature(path: str) -> Signature:
    """Take a file's signature anew. Raises OSError."""
    return _signature(os.stat(path))  # noqa: PTH116  # a string comes in, and this is asked of every file


def _signature(status: os.stat_result) -> Signature:
    return status.st_mtime_ns, status.st_size, status.st_ino, status.st_ctime_ns


def _look(current: str, found: Survey, root: Path) -> list[str]:
    """Note one folder's article files; give the folders in it. The hot path of an idle tick.

    Files are asked for by the folder's descriptor: resolving 10,000 full paths takes twice as long.
    """
    folders, files, prefix = [], found.files, os.path.join(current, "")  # noqa: PTH118  # strings, as below
    with _opened(current) as folder, os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if name.endswith(SUFFIXES) and entry.is_file(follow_symlinks=False) and _is_article(name):
                # `_signature`, written out: a call for each of 10,000 files is a tenth of the tick.
                status = entry.stat(follow_symlinks=False)
                files[prefix + name] = (status.st_mtime_ns, status.st_size, status.st_ino, status.st_ctime_ns)
            elif name[0] == ".":
                continue
            elif entry.is_dir(follow_symlinks=False):
                if name not in _NO_FOLDERS:
                    folders.append(prefix + name)
            elif name.lower().endswith(SUFFIXES) and _is_article(name):
                _note_special(entry, prefix + name, found, root)
    return folders


@contextmanager
def _opened(folder: str) -> Iterator[int | str]:
    """Open a folder where the system can list an open one; else give its path."""
    if os.scandir not in os.supports_fd:
        yield folder
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _is_article(name: str) -> bool:
    return name[0] != "." and name.partition(".")[0].lower() not in _NO_ARTICLES


def _note_special(entry: os.DirEntry[str], path: str, found: Survey, root: Path) -> None:
    """Note a link, or a file with an upper-case suffix. Pipes and devices are never opened."""
    try:
        status = entry.stat()
        if not stat.S_ISREG(status.st_mode):
            return
        if entry.is_symlink() and not Path(path).resolve().is_relative_to(root.resolve()):
            found.strays.append(path)
            return
        found.files[path] = _signature(status)
    except (OSError, RuntimeError) as error:
        found.faults[path] = (getattr(error, "strerror", None) or str(error)).lower()
