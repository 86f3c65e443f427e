"""The crew: further processes that deliver, for machines with more cores than one Python can use.

Each is `postroom run --deliver-as NAME`, and inherits the lock on the ledger: while one of them lives, no other
daemon begins. They end when their standard input does, so that a daemon that is killed takes them along. What one
that dies had in hand is judged here, and another takes its place.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from postroom.pipeline.roll import Roll
from postroom.pipeline.workers import STOP_SECONDS

log = structlog.get_logger()

LOOK_SECONDS = 0.1

AGAIN_SECONDS = 1
"""The shortest time between two starts of the same place in the crew."""


@dataclass(slots=True)
class _Hand:
    """One process of the crew. `name` owns its deliveries."""

    name: str
    process: subprocess.Popen[bytes]
    begun: float


@dataclass(slots=True)
class Crew:
    """`number` processes beside this one, which work on its ledger, and by config.yaml as it is when they start.

    `config` is the path of config.yaml, `lock` the handle of the ledger's lock (None: it has none).
    `only_once`: they end when nothing more is due.
    """

    config: Path
    number: int
    roll: Roll
    lock: int | None
    only_once: bool = False
    _hands: list[_Hand] = field(default_factory=list)
    _started: int = 0

    def start(self) -> None:
        """Start them all."""
        while len(self._hands) < self.number:
            self._hands.append(self._start())

    def look(self) -> None:
        """Put another in the place of each that died, after judging what it had in hand."""
        for place, hand in enumerate(self._hands):
            code = hand.process.poll()
            if code is None or time.monotonic() - hand.begun < AGAIN_SECONDS:
                continue
            log.error("a worker process ended; another takes its place", worker=hand.name, code=code)
            self.roll.judge_dead([hand.name])
            self._hands[place] = self._start()

    def wait(self, stop: threading.Event) -> None:
        """Wait until each has ended by itself, or `stop` is set; judge what those left that did not end well."""
        while any(hand.process.poll() is None for hand in self._hands):
            if stop.wait(LOOK_SECONDS):
                self.call_off()
                self.end(STOP_SECONDS)
        for hand in self._hands:
            if hand.process.wait() != 0:
                log.error("a worker process ended early", worker=hand.name, code=hand.process.returncode)
                self.roll.judge_dead([hand.name])
        self._hands.clear()

    def call_off(self) -> None:
        """Ask them to finish what is in flight and end; returns at once."""
        for hand in self._hands:
            hand.process.terminate()

    def end(self, seconds: float) -> bool:
        """Wait for those that were called off, no longer than so many seconds; tell whether all were done."""
        end = time.monotonic() + seconds
        late = [hand for hand in self._hands if not _ended(hand.process, max(end - time.monotonic(), 0))]
        for hand in late:
            hand.process.kill()
            hand.process.wait()
        dead = [hand.name for hand in self._hands if hand.process.returncode != 0]
        if dead:
            self.roll.judge_dead(dead)
        self._hands.clear()
        return not late

    def _start(self) -> _Hand:
        self._started += 1
        name = f"{self.roll.owner}/{self._started}"
        command = [
            sys.executable,
            "-m",
            "postroom",
            "--config",
            str(self.config),
            "run",
            "--deliver-as",
            name,
        ]
        process = subprocess.Popen(  # noqa: S603  # our own command, with a path as one argument
            [*command, *(["--once"] if self.only_once else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=() if self.lock is None else (self.lock,),
            start_new_session=True,
        )
        assert process.stdin is not None
        with suppress(BrokenPipeError):  # it has ended already, which `look` will see
            process.stdin.write(f"{self.roll.ledger.url}\n".encode())
            process.stdin.flush()
        return _Hand(name, process, time.monotonic())


def _ended(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True
