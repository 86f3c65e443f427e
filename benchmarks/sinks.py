"""What mail is sent into, and what sends it for comparison: Postfix's smtp-sink and smtp-source."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from benchmarks.measure import run

SOURCE_SESSIONS = 8
PATIENCE_SECONDS = 30


def tool(name: str) -> str:
    """Find a program of Postfix, also where /usr/sbin is in nobody's path. Raises RuntimeError with the cure."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/libexec/postfix")
    if found is None:
        raise RuntimeError(f"{name} is missing; it comes with Postfix: apt-get install postfix")
    return found


def free_port() -> int:
    """Ask the system for a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(command: Sequence[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Keep a server running for as long as the block takes; it listens on `port` when that begins."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        yield process
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int, process: subprocess.Popen[bytes] | None = None) -> None:
    """Return when a port of this machine answers. Raises RuntimeError when it does not in time."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end and (process is None or process.poll() is None):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"nothing listens on port {port}")


@contextmanager
def smtp_sink() -> Iterator[int]:
    """Run smtp-sink, which takes and forgets all mail, with room for 256 sessions; gives its port."""
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with started([tool("smtp-sink"), *user, f"127.0.0.1:{port}", "256"], port):
        yield port


def source_rate(port: int, messages: int, size: int) -> float:
    """Let smtp-source send mails of `size` bytes over 8 kept sessions; return how many it sent a second."""
    used = run(
        [
            *(tool("smtp-source"), "-d", "-s", str(SOURCE_SESSIONS), "-l", str(size)),
            *(
                "-m",
                str(messages),
                "-f",
                "news@bench.example",
                "-t",
                "reader@example.org",
                f"127.0.0.1:{port}",
            ),
        ]
    )
    return messages / used.seconds
