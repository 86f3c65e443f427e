"""Open the small files beside the ledger: never through a link, never a pipe, never a file with a second name.

Whoever may write into the folder can put anything there under our names. What is not a file of ours is neither
changed nor waited for.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from postroom.errors import LedgerError

_NO_FILE = (errno.ELOOP, errno.ENXIO, errno.EISDIR, errno.EMLINK)
"""How open(2) refuses a symbolic link, a pipe or socket that nobody reads, and a folder; EMLINK: FreeBSD's links."""


def opened(path: Path, flags: int) -> int:
    """Open `path` with `flags` of open(2) and return the handle; a file that is made is its owner's alone.

    Nothing is emptied before it is looked at: never say O_TRUNC. Raises LedgerError where something else than
    a file of ours stands there, OSError as open(2) does.
    """
    try:
        handle = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno in _NO_FILE:
            raise LedgerError(_foreign(path)) from error
        raise
    found = os.fstat(handle)
    writes = flags & (os.O_WRONLY | os.O_RDWR)
    if stat.S_ISREG(found.st_mode) and not (writes and found.st_nlink > 1):
        return handle
    os.close(handle)
    raise LedgerError(_foreign(path))


def refuse_foreign(path: Path) -> None:
    """Raise LedgerError where something stands at `path` that is no plain file; SQLite would wait for it."""
    try:
        mode = path.lstat().st_mode
    except OSError:
        return
    if not stat.S_ISREG(mode):
        raise LedgerError(_foreign(path))


def hand_over(made: int | Path, folder: Path) -> None:
    """Give what root has just made, a folder or an open and empty file, to the owner of the `folder` it is in.

    A ledger is worked on by its service's user, and repaired by root: what root leaves must not lock that user out.
    Where root may not give anything away, as in some containers, it stays as it is.
    """
    found = os.fstat(made) if isinstance(made, int) else made.lstat()
    owner = folder.stat()
    is_fresh = stat.S_ISDIR(found.st_mode) or found.st_size == 0
    if os.geteuid() == 0 == found.st_uid and owner.st_uid != 0 and is_fresh:
        with suppress(OSError):
            os.chown(made, owner.st_uid, owner.st_gid, follow_symlinks=isinstance(made, int))


def whose(path: Path) -> str:
    """Say to whom a file that cannot be opened belongs, and the cure; nothing where it is one's own, or not there."""
    try:
        owner, user = path.lstat().st_uid, os.geteuid()
    except OSError:
        return ""
    if owner == user:
        return ""
    cure = (
        f"`sudo chown {_name(user)} {path}` gives it back"
        if owner == 0
        else f"run this as that user: `sudo -u {_name(owner)} postroom …`"
    )
    return f"it belongs to {_name(owner)}, and this is run by {_name(user)}; {cure}"


def _name(user: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)


def _foreign(path: Path) -> str:
    return (
        f"{path} is a link, a folder, a pipe or a file with a second name; expected a plain file of Postroom's, "
        f"or nothing. Postroom has left it as it is: move it away (see `ls -l {path.name}`), then start again"
    )
