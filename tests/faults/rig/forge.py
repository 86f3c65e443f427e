"""Starts daemons: real `postroom` processes, forked from one that has imported everything already."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

PATIENCE_SECONDS = 60

_PROGRAM = """
import json, os, resource, signal, sys, traceback
from datetime import timedelta
from postroom import daemon
from postroom.cli import main, session
from dataclasses import replace
from postroom.outbox import sqlite
from postroom.pipeline import deliver, workers
import postroom.cli.run, postroom.transports.smtp, apscheduler.schedulers.background
import postroom.outbox.engine, postroom.outbox.schema, postroom.render.email, postroom.render.mjml
import postroom.cli.web, postroom.daemon.pages, postroom.web.front.serving

daemon.HEARTBEAT_SECONDS = 0.05
daemon.SILENCE_SECONDS = 0.5
daemon.TICK_SECONDS = 5
for module in (daemon, deliver, workers):
    for name in ("AGAIN_SECONDS", "RECORD_AGAIN_SECONDS", "POLL_SECONDS"):
        if hasattr(module, name):
            setattr(module, name, 0.2)
on_the_wall = session.now

def become(order):
    os.dup2(2, 1)  # the pipe is the forge's
    for name, most in order["limits"].items():
        resource.setrlimit(getattr(resource, name), (most, most))
    if order["spare_bytes"]:
        mapped = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (mapped + order["spare_bytes"],) * 2)
    session.now = lambda: on_the_wall() + timedelta(seconds=order["shift"])
    if order["pragmas"]:
        chosen = replace(sqlite.driver(), journal=order["pragmas"][0], synchronous=order["pragmas"][1])
        sqlite.driver = lambda: chosen
    if order["stopped"]:
        os.kill(os.getpid(), signal.SIGSTOP)
    return main(["--config", sys.argv[1], *order["arguments"]])

for line in sys.stdin:
    order = json.loads(line)
    if "wait" in order:
        pid, status = os.waitpid(order["wait"], os.WNOHANG)
        print(status if pid else "", flush=True)
        continue
    child = os.fork()
    if child == 0:
        code = 70
        try:
            code = become(order)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    if order["stopped"]:
        os.waitpid(child, os.WUNTRACED)  # until it has stopped itself
    print(child, flush=True)
"""
"""What is patched is how soon something is looked at or tried again, and where the clock stands."""


class Forge:
    """Starts daemons of the project in `folder` and ends them. Their log is `run.log` there."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.log = folder / "run.log"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _PROGRAM, str(folder / "config.yaml")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, **(environment or {})},  # noqa: TID251
            )
        self._alive: set[int] = set()
        self._codes: dict[int, int] = {}

    def start(
        self,
        *arguments: str,
        shift: timedelta = timedelta(0),
        stopped: bool = False,
        limits: Mapping[str, int] | None = None,
        spare_bytes: int = 0,
        pragmas: tuple[str, str] | None = None,
    ) -> int:
        """Start `postroom run` (or another command) and tell its pid.

        Its clock is `shift` ahead of the one on the wall. One that is `stopped` waits for SIGCONT
        before it does anything. `limits` are those of setrlimit, by name;
        `spare_bytes` is how much memory it may have beyond what it has.
        `pragmas` are SQLite's journal_mode and synchronous, in place of those that Postroom chooses.
        """
        order = {
            "arguments": arguments or ("run",),
            "shift": shift.total_seconds(),
            "stopped": stopped,
            "limits": dict(limits or {}),
            "spare_bytes": spare_bytes,
            "pragmas": pragmas,
        }
        pid = int(self._ask(order))
        self._alive.add(pid)
        return pid

    def stop(self, pid: int) -> None:
        """Ask a daemon to stop and do not wait for it."""
        os.kill(pid, signal.SIGTERM)

    def end(self, pid: int, number: int = signal.SIGKILL) -> int:
        """Send a signal, wait for the end, and tell the code as `subprocess` does: -9 for a kill -9."""
        os.kill(pid, number)
        return self.wait(pid)

    def wait(self, pid: int, seconds: float = PATIENCE_SECONDS) -> int:
        """Wait until a daemon ends by itself and tell its exit code."""
        end = time.monotonic() + seconds
        while (code := self.has_ended(pid)) is None:
            assert time.monotonic() < end, (
                f"{pid} still runs after {seconds} s: {self.log.read_text()[-3000:]}"
            )
            time.sleep(0.003)
        return code

    def has_ended(self, pid: int) -> int | None:
        """Tell the exit code of a daemon that has ended, else None."""
        if pid in self._alive and (told := self._ask({"wait": pid}).strip()):
            self._alive.discard(pid)
            self._codes[pid] = os.waitstatus_to_exitcode(int(told))
        return self._codes.get(pid)

    def run(self, *arguments: str, shift: timedelta = timedelta(0)) -> int:
        """Run a command to its end and tell its exit code."""
        return self.wait(self.start(*arguments, shift=shift))

    def said(self, event: str) -> list[dict[str, str]]:
        """Return what the daemons logged by that name, in order."""
        return [each for each in self.events() if each.get("event") == event]

    def events(self) -> list[dict[str, str]]:
        """Return all that the daemons logged; a last line that a kill cut short is left out."""
        return [each for line in self.log.read_text().splitlines() if (each := _parsed(line))]

    def close(self) -> None:
        """End the forge and every daemon that is left."""
        for pid in list(self._alive):
            self.end(pid)
        self._process.communicate()

    def _ask(self, order: object) -> str:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, self.log.read_text()[-3000:]
        return line


def wait_until(claim: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> bool:
    """Wait until `claim` comes true, and tell whether it did in time."""
    end = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > end:
            return False
        time.sleep(0.003)
    return True


def _parsed(line: str) -> dict[str, str] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
