"""What a process that works on a ledger holds open: the ledger, its lock, its place on the roll, its crew."""

from __future__ import annotations

import os
import secrets
import socket
import sys
import threading
import time
from _thread import start_new_thread
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import structlog

from postroom.cli import session
from postroom.config import Config
from postroom.daemon.crew import Crew
from postroom.errors import DISK_FAILED
from postroom.outbox import accounts, guard
from postroom.outbox.ledger import Ledger
from postroom.outbox.lock import DaemonLock
from postroom.pipeline.abreast import deliver_abreast
from postroom.pipeline.lanes import Shift, close_lanes, open_lanes
from postroom.pipeline.roll import Roll
from postroom.pipeline.space import Space
from postroom.pipeline.workers import STOP_SECONDS, Workers

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A ledger that this process works on, and all that it needs for that."""

    ledger: Ledger
    roll: Roll
    shift: Shift
    crew: Crew


@contextmanager
def at_work(
    config: Config, clock: Callable[[], datetime], helpers: int, *, only_once: bool
) -> Iterator[Office]:
    """Work on the ledger of `config`, with so many processes to help; what the dead left there is settled first.

    The lock of an SQLite ledger proves that nobody else is alive, whatever pid the dead had: in a container
    each start has the same. On PostgreSQL it is the roll that tells.
    """
    name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    with DaemonLock(config.database) as lock, Ledger(config.database) as ledger, _signs(ledger) as signs:
        lock.claim()
        ledger.verify()
        roll = _sign_on(signs, name, clock)
        is_copy = guard.check(ledger, guard.place_of(config.database)) is not None
        if not ledger.is_shared and not is_copy:  # of a copy `adopt` judges: the dead may live elsewhere
            roll.judge_dead(())
        _prove(ledger)
        crew = Crew(config=config.path, number=helpers, roll=roll, lock=lock, only_once=only_once)
        try:
            yield Office(ledger=ledger, roll=roll, shift=_shift(config, roll), crew=crew)
        finally:
            roll.sign_off()


def help_out(config: Config, name: str, stop: threading.Event, *, only_once: bool) -> int:
    """Deliver as one of a crew, until told to finish or left alone. What is in flight then is waited for: its end may
    be long in coming, where only the config has changed.

    The ledger is that of the process which started this one, whatever the config says by now: only that one's
    lock is held.
    """
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as told:
        url = told.readline().decode().strip()
    if not url:
        return 0
    _heed(stop)
    with Ledger(url, create=False) as ledger, _signs(ledger) as signs:
        roll = _sign_on(signs, name, session.now)
        try:
            _deliver(config, ledger, roll, stop, only_once=only_once)
        finally:
            roll.sign_off()
    return 0


def _deliver(config: Config, ledger: Ledger, roll: Roll, stop: threading.Event, *, only_once: bool) -> None:
    is_guarded = guard.check(ledger, guard.place_of(ledger.url)) is not None
    lanes = open_lanes(config, ledger, _shift(config, roll, only_rehearsals=is_guarded))
    if only_once:
        try:
            deliver_abreast(ledger, lanes, stop)
        finally:
            close_lanes(lanes)
        return
    is_broken = threading.Event()

    def break_off() -> None:
        is_broken.set()
        stop.set()

    workers = Workers(ledger, lanes.values(), lambda: None, break_off)
    workers.start()
    stop.wait()
    while not workers.rest(STOP_SECONDS):
        pass  # whoever started this process ends it when it is time
    if is_broken.is_set():
        os._exit(DISK_FAILED)  # closing would write once more to a disk of which nobody knows what it keeps


@contextmanager
def _signs(ledger: Ledger) -> Iterator[Ledger]:
    """Open a shared ledger a second time, for the roll: a sign of life must not wait for a long transaction."""
    if not ledger.is_shared:
        yield ledger
        return
    with Ledger(ledger.url, create=False) as own:
        yield own


def _prove(ledger: Ledger) -> None:
    """Hold what is not as it was kept: of such an edition nobody knows who got it."""
    for wrong in ledger.write(accounts.hold_unproved, ledger.read(accounts.unproved)):
        log.error("edition held: it cannot be proved", why=wrong)


def _sign_on(ledger: Ledger, name: str, clock: Callable[[], datetime]) -> Roll:
    roll = Roll(ledger, name, socket.gethostname(), os.getpid(), clock)
    roll.sign_on()
    return roll


def _shift(config: Config, roll: Roll, *, only_rehearsals: bool = False) -> Shift:
    return Shift(
        owner=roll.owner,
        clock=roll.now,
        secrets=session.secrets(config.base),
        hold=roll.hold,
        space=Space.under(roll.ledger.url),
        only_rehearsals=only_rehearsals,
    )


def _heed(stop: threading.Event) -> None:
    """Stop when standard input says anything. When it ends, the process that started this one is gone: then stop
    within the time of any stop; what hangs is judged by whoever starts next.

    It is read past Python's buffer, whose lock a thread that waits would hold while the interpreter ends.
    """
    handle = sys.stdin.fileno()

    def wait() -> None:
        while os.read(handle, 1024):
            stop.set()
        stop.set()
        time.sleep(STOP_SECONDS)
        os._exit(1)

    start_new_thread(wait, ())
