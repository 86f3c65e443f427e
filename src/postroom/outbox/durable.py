"""Put a file in its place so that a power cut leaves the old one or the new, whole."""

from __future__ import annotations

import os
from pathlib import Path

from postroom.outbox.beside import hand_over, opened


def write(path: Path, data: bytes) -> None:
    """Write `data` into `path`, readable by its owner alone; the disk has it when this returns.

    Raises OSError, and LedgerError where something foreign stands where it is written first.
    """
    fresh = path.with_name(f"{path.name}.new")
    handle = opened(fresh, os.O_WRONLY | os.O_CREAT)
    try:
        os.ftruncate(handle, 0)
        hand_over(handle, path.parent)
        os.write(handle, data)
        os.fsync(handle)
    finally:
        os.close(handle)
    put(fresh, path)


def put(fresh: Path, path: Path) -> None:
    """Give a file that is on the disk already its name, in place of an older one."""
    fresh.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Wait until the disk has a file's bytes, or a folder's names."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
