"""A lane: an open transport, and how to use it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from postroom.compose import Keys
from postroom.outbox.claim import Carrier
from postroom.transports.protocol import Transport

Clock = Callable[[], datetime]

GIVE_UP_AFTER = timedelta(hours=48)
WINDOW = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A transport of a `kind` and how to use it. `owner` names this process in the ledger; `window` is the
    most messages that are claimed together and may wait to be recorded, and so the most that a crash can repeat.
    """

    name: str
    kind: str
    transport: Transport
    owner: str
    keys: Keys
    clock: Clock
    window: int = WINDOW
    give_up_after: timedelta = GIVE_UP_AFTER

    @property
    def carrier(self) -> Carrier:
        """What of the outbox is this lane's: the editions frozen for its name and its kind."""
        return Carrier(self.name, self.kind)
