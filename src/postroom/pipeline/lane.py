"""A lane: a transport with its lines open side by side, and how to use it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from postroom.compose import Keys
from postroom.outbox.claim import Carrier, Hand
from postroom.outbox.pace import UNLIMITED, Limits
from postroom.pipeline.space import Space
from postroom.transports.protocol import Transport

Clock = Callable[[], datetime]

GIVE_UP_AFTER = timedelta(hours=48)
WINDOW = 32


Hold = Callable[[], Callable[[], bool]]
"""Begins a hold on deliveries; what it returns tells whether they are surely still this process's."""


def _for_good() -> Callable[[], bool]:
    return lambda: True


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A transport of a `kind` and how to use it. `owner` names this process in the ledger.

    `lines` are instances of the transport, one for each message that may be on its way at the same moment;
    each is used by one thread at a time. `window` is the most messages that may be `sending`, and so the most
    that a crash can repeat. `hold` begins a hold on what is taken from then on: a process that was stopped for too
    long must send nothing that it had, for another may have taken over. `space` is the disk that
    results need.
    """

    name: str
    kind: str
    lines: tuple[Transport, ...]
    owner: str
    keys: Keys
    clock: Clock
    window: int = WINDOW
    give_up_after: timedelta = GIVE_UP_AFTER
    limits: Limits = UNLIMITED
    hold: Hold = _for_good
    space: Space = field(default_factory=lambda: Space(None))

    @property
    def carrier(self) -> Carrier:
        """What of the outbox is this lane's: the editions frozen for its name and its kind."""
        return Carrier(self.name, self.kind)

    @property
    def prepares(self) -> bool:
        """Whether its messages have to be prepared before they may be sent."""
        return self.lines[0].prepares

    @property
    def hand(self) -> Hand:
        """How this lane takes deliveries from the outbox."""
        return Hand(carrier=self.carrier, owner=self.owner, begins=not self.prepares, limits=self.limits)

    def close(self) -> None:
        """Close every line."""
        for line in self.lines:
            line.close()
