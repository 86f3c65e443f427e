"""Room on the ledger's disk: what there is no room to record must not be sent, or it would be sent again."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from postroom.outbox.disk import Reserve, Room, room
from postroom.outbox.sqlite import path_of

LOOK_SECONDS = 1
"""How long a look at the disk counts."""


@dataclass(slots=True)
class Space:
    """The disk under a ledger, and the reserve that is kept on it for results.

    `path` is None where the ledger is a server's: its disk is not ours to watch. Any thread may ask.
    """

    path: Path | None
    _seen: Room | None = None
    _until: float = float("-inf")
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def under(cls, url: str) -> Space:
        """Return the space under the ledger at `url`."""
        return cls(path_of(url))

    def room(self) -> Room | None:
        """Return how much there is; None where that is not ours to know."""
        if self.path is None:
            return None
        with self._lock:
            if self._seen is None or time.monotonic() >= self._until:
                self._seen = room(self.path)
                self._until = time.monotonic() + LOOK_SECONDS
            return self._seen

    def claims(self) -> bool:
        """Whether there is room for the results of what would be claimed."""
        found = self.room()
        return found is None or found.claims

    def give(self) -> bool:
        """Give the reserve to a ledger that has no room for results; whether there was any."""
        return self.path is not None and Reserve(self.path).release()

    def keep(self) -> None:
        """Hold the reserve, again after it was given, as far as the disk has room."""
        found = self.room()
        if self.path is not None and found is not None:
            Reserve(self.path).restore(found)
