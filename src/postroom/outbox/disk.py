"""Stop in time when the disk fills up, and keep a reserve for results that must not be lost.

The ledger needs room to say that a mail went out. So nothing new is enqueued while little is free, nothing is
sent while hardly anything is, and a reserve file beside the ledger is given up when even so the disk is full.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from postroom.outbox.beside import hand_over, opened

STOP_ENQUEUE_BYTES = 500 * 1024**2
STOP_CLAIMS_BYTES = 100 * 1024**2
"""Below these nothing is enqueued, nothing claimed. A disk under 10 GB: a twentieth and a hundredth of it,
so that both figures meet at its size, and a container's small volume works at all.
"""

RESERVE_BYTES = 4 * 1024**2
"""Room for the results of every message in flight: a result is under 1 KB, a window some hundred."""

_SMALL_DISK_BYTES = 10 * 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How many bytes are `free` to this user at `path`, and below how many what stops."""

    path: Path
    free: int
    stop_enqueue: int
    stop_claims: int

    @property
    def enqueues(self) -> bool:
        """Whether there is room for another edition."""
        return self.free >= self.stop_enqueue

    @property
    def claims(self) -> bool:
        """Whether there is room for the results of what would be claimed."""
        return self.free >= self.stop_claims

    @property
    def told(self) -> str:
        """Say what stopped and what would help; empty where there is room."""
        if self.enqueues:
            return ""
        what = "nothing new is enqueued" if self.claims else "nothing is sent and nothing enqueued"
        needed = self.stop_enqueue if self.claims else self.stop_claims
        return (
            f"the disk of {self.path} is nearly full: {megabytes(self.free)} are free, so {what} until "
            f"{megabytes(needed)} are; it goes on by itself then, and nothing is lost"
        )


def room(path: Path, statvfs: Callable[[Path], os.statvfs_result] = os.statvfs) -> Room:
    """Measure the disk that the file or folder at `path` lies on."""
    place = path if path.is_dir() else path.absolute().parent
    found = statvfs(place)
    size, free = found.f_frsize * found.f_blocks, found.f_frsize * found.f_bavail
    is_small = size < _SMALL_DISK_BYTES
    return Room(
        path=place,
        free=free,
        stop_enqueue=size // 20 if is_small else STOP_ENQUEUE_BYTES,
        stop_claims=size // 100 if is_small else STOP_CLAIMS_BYTES,
    )


class Reserve:
    """A file beside the ledger that holds `size` bytes of the disk until they are needed."""

    def __init__(self, ledger: Path, size: int = RESERVE_BYTES) -> None:
        self.path = ledger.with_name(f"{ledger.name}.reserve")
        self._size = size

    def release(self) -> bool:
        """Give the room back to the disk; whether there was any."""
        try:
            if is_ours := stat.S_ISREG(self.path.lstat().st_mode):
                self.path.unlink()
        except OSError:
            return False
        return is_ours

    def restore(self, room: Room) -> bool:
        """Hold the room again, unless the disk has too little; whether it is held.

        Raises LedgerError where something that is no file of ours has its name.
        """
        if self._is_whole():
            return True
        if room.free - self._size < room.stop_claims:
            return False
        try:
            self._fill()
        except OSError:
            self.release()
            return False
        return True

    def _is_whole(self) -> bool:
        try:
            found = self.path.lstat()
        except OSError:
            return False
        return stat.S_ISREG(found.st_mode) and found.st_blocks * 512 >= self._size

    def _fill(self) -> None:
        """Write it out: a file of nothing but a length would hold no room."""
        handle = opened(self.path, os.O_WRONLY | os.O_CREAT)
        try:
            os.ftruncate(handle, 0)
            hand_over(handle, self.path.parent)
            left = self._size
            while left > 0:
                left -= os.write(handle, os.urandom(min(left, 1024**2)))
            os.fsync(handle)
        finally:
            os.close(handle)


def megabytes(number: int) -> str:
    """Write a number of bytes as people say it: `512 MB`."""
    return f"{number // 1024**2:,} MB" if number >= 1024**2 else f"{max(number, 0) // 1024} KB"
