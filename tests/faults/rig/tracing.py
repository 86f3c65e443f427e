"""System calls of a daemon, watched and broken by strace."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from rig.forge import wait_until


class Tracer:
    """strace on one stopped process and all threads and children it will have.

    `inject` is what to break, in strace's words (`fdatasync:signal=KILL:when=3`); `calls` is what to
    write into `file`. Of each call everything is written, bytes as hexadecimals, files by their paths.
    """

    def __init__(self, pid: int, file: Path, *, calls: str, inject: str = "") -> None:
        command = [
            "strace",
            "-f",
            "-p",
            str(pid),
            "-o",
            str(file),
            "-e",
            f"trace={calls}",
            "-e",
            "signal=none",
        ]
        command += ["-e", f"inject={inject}"] if inject else ["-y", "-xx", "-s", str(1 << 24)]
        self._said = file.with_name(file.name + ".err")
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(command, stderr=said)
        assert wait_until(lambda: "attached" in self._said.read_text(), 20), self._said.read_text()
        os.kill(pid, signal.SIGCONT)

    def close(self) -> None:
        """Wait until strace has seen its process end and has written everything."""
        self._process.wait(timeout=60)
