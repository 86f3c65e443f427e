"""A real PostgreSQL for the tests: one server a test process, one database a test.

The server lives in a folder of its own and listens on a socket there, nowhere else. It ends with the process
that started it, even where that is killed: the shell that starts it waits for the end of its own input, and then
clears the folder away.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import monotonic, sleep

import pytest

OWNER = "postgres"
"""Who runs the server where the tests are run by root, whom PostgreSQL refuses."""

_START_SECONDS = 30
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",  # the tests kill processes, never the machine
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "max_wal_size": "256MB",
    "autovacuum": "off",
    "deadlock_timeout": "100ms",
    "log_min_messages": "fatal",
}
_WATCH = '"$@" & server=$!; read -r _; kill -QUIT $server; wait $server; rm -rf -- "$0"'


@dataclass
class Server:
    """A PostgreSQL server that listens in `folder`."""

    folder: Path
    process: subprocess.Popen[bytes]
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def url(self, database: str, user: str = OWNER) -> str:
        """How Postroom reaches a database of this server."""
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def create(self, template: str = "template1") -> str:
        """Make a database like `template`; return its URL."""
        name = f"ledger_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database, even from under those who use it."""
        self.execute(f"DROP DATABASE IF EXISTS {name_of(url)} WITH (FORCE)")

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run one statement as the server's owner, beside whatever is open; return its rows."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def stop(self) -> None:
        """End the server at once; its data goes with it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def name_of(url: str) -> str:
    """The name of the database in a URL of `Server.url`."""
    return url.partition("?")[0].rpartition("/")[2]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A running server; skips where PostgreSQL is not installed, unless POSTROOM_REQUIRE_TOOLS is set."""
    programs = _programs()
    if programs is None:
        missing("PostgreSQL's server (apt install postgresql) is not installed")
    pytest.importorskip("psycopg")
    server = start(programs)
    yield server
    server.stop()


def missing(reason: str) -> None:
    """Skip a test for want of a tool, or fail it where tools are required."""
    if os.environ.get("POSTROOM_REQUIRE_TOOLS") == "1":  # noqa: TID251 (set for the whole run)
        pytest.fail(reason)
    pytest.skip(reason)


def start(programs: Path) -> Server:
    """Make a cluster and start its server; return once it answers."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="postroom-pg-", dir=memory if memory.is_dir() else None))
    who = _who()
    if who:
        os.chown(folder, who["user"], who["group"])
    data = folder / "data"
    subprocess.run(
        [
            programs / "initdb",
            "-D",
            data,
            "-U",
            OWNER,
            "-A",
            "trust",
            "--no-sync",
            "-E",
            "UTF8",
            "--locale=C",
        ],
        check=True,
        capture_output=True,
        cwd="/",
        **who,
    )
    access = data / "pg_hba.conf"
    access.write_text("local all stranger scram-sha-256\n" + access.read_text())
    settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["sh", "-c", _WATCH, folder, programs / "postgres", "-D", data, "-k", folder, *settings],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd="/",
            **who,
        )
    server = Server(folder, process)
    _await(server)
    return server


def _programs() -> Path | None:
    """Find the folder of the server's programs: on the path, or where Debian keeps them."""
    found = shutil.which("postgres")
    folders = (
        [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    )
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


def _who() -> dict[str, int]:
    """Run the server as its own user where we are root."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam(OWNER)
    return {"user": user.pw_uid, "group": user.pw_gid}


def _await(server: Server) -> None:
    import psycopg

    until = monotonic() + _START_SECONDS
    while True:
        try:
            server.execute("SELECT 1")
        except psycopg.OperationalError:
            if monotonic() > until or server.process.poll() is not None:
                raise
            sleep(0.02)
        else:
            return
