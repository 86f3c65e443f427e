"""Greets who joins, between two ticks: whoever has just signed up looks into their mailbox now."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from postroom.errors import LedgerBroken, LedgerLocked, PostroomError, TemplateError
from postroom.outbox import leader
from postroom.outbox.ledger import Ledger
from postroom.pipeline.greet import greet, is_anybody_waiting
from postroom.pipeline.project import Project
from postroom.pipeline.space import Space
from postroom.pipeline.vitals import Vitals

log = structlog.get_logger()

GREETINGS = "greetings"
"""The name under which it is told that nobody can be greeted."""

AGAIN_SECONDS = 5
"""How soon it is tried again."""


@dataclass(slots=True)
class Greeter:
    """Greets for a daemon. What keeps it from that is told to `vitals`, and logged once."""

    ledger: Ledger
    clock: Callable[[], datetime]
    vitals: Vitals
    space: Space
    _quiet_until: float = float("-inf")

    def look(self, project: Project) -> bool:
        """Greet whoever waits for it, if this process leads and there is room; tell whether there is news to send."""
        if time.monotonic() < self._quiet_until or not is_anybody_waiting(project.config, self.ledger):
            return False
        room = self.space.room()
        if (room is not None and not room.enqueues) or not self.ledger.write(leader.lead):
            return False
        try:
            editions = greet(project, self.ledger, self.clock())
        except (LedgerBroken, LedgerLocked):
            raise
        except PostroomError as error:
            self._put_off(str(error.finding) if isinstance(error, TemplateError) else str(error))
            return True
        self.vitals.mended(GREETINGS)
        for each in editions:
            log.info("greetings written", edition=each.key, channel=each.channel)
        return bool(editions)

    def _put_off(self, why: str) -> None:
        self._quiet_until = time.monotonic() + AGAIN_SECONDS
        if self.vitals.broke(GREETINGS, why):
            log.error("who joins cannot be greeted; it is tried again", why=why)
