"""Several daemons on one PostgreSQL: the project whose ledger is there, and a server that can be restarted."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from postgresql_server import OWNER, Server

import rig.forge
from postroom.outbox import Ledger
from rig.forge import Forge
from rig.sink import Sink
from rig.station import Station

_HURRIED = """
from datetime import timedelta
from postroom.outbox import postgresql, presence
postgresql._SETTINGS["idle_in_transaction_session_timeout"] = "{stalled}s"
presence.EVERY, presence.STALLED = timedelta(seconds={every}), timedelta(seconds={stalled})
"""


class SharedStation(Station):
    """A project whose ledger is the database at `url`, which others may share; without one it is a file."""

    def __init__(self, folder: Path, sink: Sink, url: str = "", **how: Any) -> None:
        super().__init__(folder, sink, **how)
        self.url = url or f"sqlite:///{self.database}"
        if url:
            self.configure(('"sqlite:///postroom.db"', f'"{url}"'))

    def ledger(self) -> AbstractContextManager[Ledger]:
        """Open the ledger beside the daemons."""
        return Ledger(self.url)

    def ask(self, query: str) -> Any:
        """Ask the ledger for one value, in SQL."""
        with self.ledger() as ledger:
            return ledger.read(lambda connection: connection.exec_driver_sql(query).scalar())

    def hasten(self) -> None:
        """Make due at once whatever waits for its time."""
        with self.ledger() as ledger:
            ledger.write(
                lambda connection: connection.exec_driver_sql(
                    "UPDATE delivery SET due_at = 0 WHERE state = 'queued'"
                )
            )


@dataclass(slots=True)
class Campus:
    """Projects that share one ledger and one sink: `station` is the first, `forge` starts its daemons."""

    station: SharedStation
    sink: Sink
    forge: Forge
    stalled: float | None
    _more: list[Forge] = field(default_factory=list)

    def another(self) -> Forge:
        """Make the same project in a folder of its own, as another host has it; start its daemons so."""
        source = self.station.folder
        folder = source.with_name(f"{source.name}-{len(self._more) + 1}")
        subprocess.run(["cp", "-a", source, folder], check=True)
        (folder / "run.log").unlink(missing_ok=True)
        self._more.append(open_forge(folder, self.stalled))
        return self._more[-1]

    @property
    def forges(self) -> list[Forge]:
        """All of them."""
        return [self.forge, *self._more]

    def events(self) -> list[dict[str, str]]:
        """What all daemons logged."""
        return [each for forge in self.forges for each in forge.events()]

    def said(self, event: str) -> list[dict[str, str]]:
        """What all daemons logged by that name."""
        return [each for each in self.events() if each.get("event") == event]

    def log(self) -> str:
        """Read the end of what the daemons said."""
        return "\n".join(forge.log.read_text()[-3000:] for forge in self.forges)

    def close(self) -> None:
        """End all daemons, and the sink."""
        for forge in self.forges:
            forge.close()
        self.sink.close()


def open_forge(folder: Path, stalled: float | None) -> Forge:
    """Start daemons for which a process is dead after `stalled` seconds of silence, else after the usual span."""
    usual = rig.forge._PROGRAM
    if stalled is not None:
        rig.forge._PROGRAM = _HURRIED.format(every=stalled / 6, stalled=stalled) + usual
    try:
        return Forge(folder)
    finally:
        rig.forge._PROGRAM = usual


@contextmanager
def restartable(server: Server) -> Iterator[Callable[[str], Callable[[], None]]]:
    """Stop a server of the tests as `pg_ctl stop -m MODE` does; what that gives starts it again."""
    programs = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)))
    data = server.folder / "data"
    user = pwd.getpwnam(OWNER)
    who = {"user": user.pw_uid, "group": user.pw_gid} if os.geteuid() == 0 else {}

    def control(*arguments: str) -> None:
        subprocess.run(
            [programs / "pg_ctl", "-D", data, "-w", *arguments],
            check=True,
            cwd="/",
            stdout=subprocess.DEVNULL,
            **who,
        )

    def start() -> None:
        control(
            "start",
            "-l",
            str(server.folder / "log-again"),
            "-o",
            f"-k {server.folder} -c listen_addresses='' -c max_connections=60",
        )

    def stop(mode: str) -> Callable[[], None]:
        control("stop", "-m", mode)
        return start

    yield stop
    if (data / "postmaster.pid").exists():
        control("stop", "-m", "immediate")
