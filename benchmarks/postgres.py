"""A PostgreSQL cluster of its own, durable as it comes, for the length of a block."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from benchmarks.sinks import free_port

SETTINGS = {"fsync": "on", "synchronous_commit": "on", "shared_buffers": "512MB", "max_wal_size": "4GB"}

_NUMBERS = count(1)


def binaries() -> Path:
    """Find the newest PostgreSQL. Raises RuntimeError with the cure."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path is None:
        raise RuntimeError("PostgreSQL is missing: apt-get install postgresql")
    return Path(on_path).parent


@contextmanager
def cluster(folder: Path) -> Iterator[str]:
    """Start PostgreSQL on a free port; gives the URL of its server, without a database."""
    folder.mkdir(parents=True)
    as_user: Sequence[str | Path] = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_user:
        shutil.chown(folder, "postgres")
    port, home = free_port(), folder / "data"
    tools = binaries()
    options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
    _run(*as_user, tools / "initdb", "-D", home, "-U", "postgres", "-A", "trust", "-E", "UTF8")
    _run(
        *(*as_user, tools / "pg_ctl", "-D", home, "-w", "-l", folder / "log"),
        *("-o", f"{options} -p {port} -k {folder} -h 127.0.0.1", "start"),
    )
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}"
    finally:
        _run(*as_user, tools / "pg_ctl", "-D", home, "-m", "fast", "-w", "stop")


def _run(*command: str | Path) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")


def new_database(server: str) -> str:
    """Make an empty database; return its URL."""
    name = f"bench{next(_NUMBERS)}"
    subprocess.run([binaries() / "createdb", "--maintenance-db", f"{server}/postgres", name], check=True)
    return f"{server}/{name}"
