"""What a process that works on a ledger holds open: the ledger, its lock, its place on the roll, its crew."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import structlog

from postroom.cli import desk
from postroom.config import Config
from postroom.daemon.crew import Crew
from postroom.outbox import accounts, guard
from postroom.outbox.ledger import Ledger
from postroom.outbox.lock import DaemonLock
from postroom.pipeline.lanes import Shift
from postroom.pipeline.roll import Roll

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
    with DaemonLock(config.database) as lock, Ledger(config.database) as ledger, desk.signs(ledger) as signs:
        lock.claim()
        ledger.verify()
        roll = desk.sign_on(signs, name, clock)
        is_copy = guard.check(ledger, guard.place_of(config.database)) is not None
        if not ledger.is_shared and not is_copy:  # of a copy `adopt` judges: the dead may live elsewhere
            roll.judge_dead(())
        _prove(ledger)
        crew = Crew(config=config.path, number=helpers, roll=roll, lock=lock, only_once=only_once)
        try:
            yield Office(ledger=ledger, roll=roll, shift=desk.shift_of(config, roll), crew=crew)
        finally:
            roll.sign_off()


def _prove(ledger: Ledger) -> None:
    """Hold what is not as it was kept: of such an edition nobody knows who got it."""
    for wrong in ledger.write(accounts.hold_unproved, ledger.read(accounts.unproved)):
        log.error("edition held: it cannot be proved", why=wrong)
