"""The crew: further processes that deliver, for machines with more cores than one Python can use.

Each is `postroom help-out NAME`, and inherits the lock on the ledger: while one of them lives, no other
daemon begins. Standard input tells them what to do: first the ledger's address; then a word that bids them finish what
is in flight and end; its end that the daemon is gone. No signal does: a supervisor sends its own to all of them, and a
second one would have them drop what is in flight.

A new config is for new processes, under new names. Those before claim nothing more and live on until the last of their
answers has come, however long that takes. What one that dies had in hand is judged here, and another takes its place.
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

from postroom.errors import DISK_FAILED, LedgerBroken
from postroom.outbox.lock import DaemonLock
from postroom.pipeline.roll import Roll
from postroom.pipeline.workers import STOP_SECONDS

log = structlog.get_logger()

LOOK_SECONDS = 0.1

AGAIN_SECONDS = 1
"""The shortest time between two starts of the same place in the crew."""

CROWD = 2
"""How many times the wanted number may live at once, those included that only finish: each has connections open."""

_FINISH = b"finish\n"


@dataclass(slots=True, eq=False)
class _Hand:
    """One process of the crew. `name` owns its deliveries."""

    name: str
    process: subprocess.Popen[bytes]
    begun: float

    def tell(self, what: bytes) -> None:
        """Tell it something; one that has ended hears nothing."""
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):
            self.process.stdin.write(what)

    def has_ended(self, seconds: float) -> bool:
        """Wait until it has ended, or no longer than so many seconds; tell whether it has."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def refuse_broken_disk(self) -> None:
        """Raise LedgerBroken where it has ended because it met a disk that fails."""
        if self.process.returncode == DISK_FAILED:
            raise LedgerBroken(f"the worker process {self.name} met a disk that fails")


@dataclass(slots=True)
class Crew:
    """`number` processes beside this one, which work on its ledger, and by config.yaml as it is when they start.

    `config` is the path of config.yaml, `lock` what keeps others from the ledger.
    `only_once`: they end when nothing more is due.
    """

    config: Path
    number: int
    roll: Roll
    lock: DaemonLock
    only_once: bool = False
    _hands: list[_Hand] = field(default_factory=list)
    _leaving: list[_Hand] = field(default_factory=list)
    _started: int = 0
    _is_over: bool = False
    _refused: str = ""
    _changing: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        """Start as many as are wanted; where too many of earlier configs still finish, `look` starts the rest."""
        with self._changing:
            while not self._is_over and len(self._hands) < self.number and not self._is_crowded():
                try:
                    self._hands.append(self._start())
                except OSError as error:
                    self._tell_once(str(error))
                    return
                self._refused = ""

    def _tell_once(self, why: str) -> None:
        """Log why no process can be started: it is tried at every look, and told when it is news."""
        if why != self._refused:
            log.error("no further worker process can be started yet", why=why)
        self._refused = why

    def look(self) -> None:
        """Judge what each that ended had in hand, and put others in the places that are free.

        Raises LedgerLocked where the lock was lost: those who work without it must stop; LedgerBroken where one of
        them met a disk that fails.
        """
        self.lock.verify()
        for hand in (*self._hands, *self._leaving):
            code = hand.process.poll()
            hand.refuse_broken_disk()
            if code is None or time.monotonic() - hand.begun < AGAIN_SECONDS:
                continue
            if hand in self._hands:
                log.error("a worker process ended; another takes its place", worker=hand.name, code=code)
            elif code != 0:
                log.error("a worker process ended early", worker=hand.name, code=code)
            self.roll.judge_dead([hand.name])
            with self._changing:
                self._hands = [each for each in self._hands if each is not hand]
                self._leaving = [each for each in self._leaving if each is not hand]
        self.start()

    def wait(self, stop: threading.Event) -> None:
        """Wait until each has ended by itself, or `stop` is set; judge what those left that did not end well.

        Raises LedgerBroken where one of them met a disk that fails.
        """
        while any(hand.process.poll() is None for hand in self._hands):
            if stop.wait(LOOK_SECONDS):
                self.call_off()
                self.end(STOP_SECONDS)
        for hand in self._hands:
            if hand.process.wait() != 0:
                log.error("a worker process ended early", worker=hand.name, code=hand.process.returncode)
                hand.refuse_broken_disk()
                self.roll.judge_dead([hand.name])
        self._hands.clear()

    def relieve(self) -> None:
        """Let all finish what is in flight, and end whenever that is done; `start` puts others in their places."""
        with self._changing:
            for hand in self._hands:
                hand.tell(_FINISH)
            self._leaving += self._hands
            self._hands = []

    def call_off(self) -> None:
        """Ask them to finish what is in flight and end, for good; returns at once."""
        with self._changing:
            self._is_over = True
        self.relieve()

    def end(self, seconds: float, *, judges: bool = True) -> bool:
        """Wait for those that were called off, no longer than so many seconds; tell whether all were done.

        It `judges` what the others had in hand, unless a disk fails: that is for the next start.
        """
        end = time.monotonic() + seconds
        late = [hand for hand in self._leaving if not hand.has_ended(max(end - time.monotonic(), 0))]
        for hand in late:
            hand.process.kill()
            hand.process.wait()
        dead = {hand.name: hand.process.returncode for hand in self._leaving if hand.process.returncode != 0}
        if dead and judges and DISK_FAILED not in dead.values():
            self.roll.judge_dead(dead)
        self._leaving = []
        return not late

    def _is_crowded(self) -> bool:
        return len(self._hands) + len(self._leaving) >= CROWD * self.number

    def _start(self) -> _Hand:
        self._started += 1
        name = f"{self.roll.owner}/{self._started}"
        command = [
            sys.executable,
            "-m",
            "postroom",
            "--config",
            str(self.config),
            "help-out",
            name,
        ]
        process = subprocess.Popen(  # noqa: S603  # our own command, with a path as one argument
            [*command, *(["--once"] if self.only_once else [])],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=self.lock.handles,
            start_new_session=True,
        )
        hand = _Hand(name, process, time.monotonic())
        hand.tell(f"{self.roll.ledger.url}\n".encode())
        return hand
