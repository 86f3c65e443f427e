"""Read plain files alone: a pipe in the place of one would be waited for, a device read without end.

Whoever waits so cannot even be stopped: Python opens again after a signal (PEP 475).
"""

from __future__ import annotations

import errno
import io
import os
import stat
from pathlib import Path
from typing import Final

# No waiting for a pipe, and bytes as they are, where the system knows such flags (Windows has its own).
_READ: Final = os.O_RDONLY | sum(getattr(os, flag, 0) for flag in ("O_NONBLOCK", "O_BINARY"))
_NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0)


class NoPlainFile(OSError):
    """What stands there is a pipe, a socket or a device."""

    def __init__(self, path: Path) -> None:
        super().__init__(errno.EINVAL, "it is a pipe, a socket or a device, and no plain file", str(path))


def open_plain(path: Path, *, follow: bool = True) -> io.BufferedReader:
    """Open a plain file to read its bytes; the caller closes it. `follow` says whether it may be a link.

    Raises NoPlainFile, IsADirectoryError, or another OSError as open(2) does.
    """
    try:
        handle = os.open(path, _READ if follow else _READ | _NO_LINK)
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket
            raise NoPlainFile(path) from error
        raise
    try:
        kind = os.fstat(handle).st_mode
        if stat.S_ISDIR(kind):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(kind):
            raise NoPlainFile(path)
    except BaseException:
        os.close(handle)
        raise
    return io.BufferedReader(io.FileIO(handle))


def read_plain(path: Path, most: int = -1, *, follow: bool = True) -> bytes:
    """Read a plain file, not more than `most` bytes of it; raises as `open_plain` does."""
    with open_plain(path, follow=follow) as stream:
        return stream.read(most)
