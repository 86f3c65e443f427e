"""How a run of the benchmarks was asked for, and the machine it runs on."""

from __future__ import annotations

import os
import platform
import sqlite3
import subprocess
import time
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psutil

_NUMBERS = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Sizes and settings. `mails` go out in each measurement, `people` are enqueued for; `pairs` are taken."""

    scratch: Path
    pairs: int
    mails: int
    people: int
    window: int
    connections: int
    workers: int

    def folder(self, name: str) -> Path:
        """Make a new folder on the disk that is measured."""
        made = self.scratch / f"{next(_NUMBERS):02}-{name}"
        made.mkdir()
        return made


def machine(scratch: Path) -> dict[str, object]:
    """Describe the machine, so that figures of two runs can be compared."""
    model = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        "",
    )
    return {
        "cores": os.cpu_count(),
        "processor": model,
        "memory_mb": psutil.virtual_memory().total >> 20,
        "load": os.getloadavg(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "sqlite_shell": _said("sqlite3", "--version").split(" ")[0],
        "sqlite_of_python": sqlite3.sqlite_version,
        "postfix": _said("/usr/sbin/postconf", "-d", "-h", "mail_version"),
        "filesystem": _said("stat", "-f", "-c", "%T", str(scratch)),
        "fdatasync_us": round(sync_microseconds(scratch)),
    }


def sync_microseconds(folder: Path, times: int = 200) -> float:
    """Tell how long this disk takes to make one small write durable."""
    with (folder / "sync").open("wb", buffering=0) as file:
        began = time.perf_counter()
        for _ in range(times):
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
    return (time.perf_counter() - began) / times * 1e6


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def _said(*command: str) -> str:
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "missing"
