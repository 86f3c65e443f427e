"""What every process that delivers from a ledger sets up: its place on the roll, and how it works."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from postroom.cli import session
from postroom.config import Config
from postroom.outbox.ledger import Ledger
from postroom.pipeline.lanes import Shift
from postroom.pipeline.roll import Roll
from postroom.pipeline.space import Space


@contextmanager
def signs(ledger: Ledger) -> Iterator[Ledger]:
    """Open a shared ledger a second time, for the roll: a sign of life must not wait for a long transaction."""
    if not ledger.is_shared:
        yield ledger
        return
    with Ledger(ledger.url, create=False) as own:
        yield own


def sign_on(ledger: Ledger, name: str, clock: Callable[[], datetime]) -> Roll:
    """Put this process on the roll, under a name."""
    roll = Roll(ledger, name, socket.gethostname(), os.getpid(), clock)
    roll.sign_on()
    return roll


def shift_of(config: Config, roll: Roll, *, only_rehearsals: bool = False) -> Shift:
    """Say how this process delivers."""
    return Shift(
        owner=roll.owner,
        clock=roll.now,
        secrets=session.secrets(config.base),
        hold=roll.hold,
        space=Space.under(roll.ledger.url),
        only_rehearsals=only_rehearsals,
    )
