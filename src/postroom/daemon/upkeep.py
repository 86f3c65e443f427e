"""What a daemon does for its ledger besides publishing: say that it is at home, keep room, make backups."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from postroom.errors import LedgerBroken, LedgerError, PostroomError
from postroom.outbox import backup, erasing, guard, joining, pace, wiping
from postroom.outbox.guard import Guarded
from postroom.outbox.ledger import Ledger
from postroom.pipeline.space import Space
from postroom.pipeline.vitals import Vitals

log = structlog.get_logger()

WIPE_EVERY = timedelta(hours=1)
"""How often the ledger is written anew at most, as backups are made: no backup after the next holds what was erased."""

STOP_SECONDS = 1
"""How long a stop waits for a backup that is being made: one of a small ledger is whole by then."""


@dataclass(slots=True)
class Upkeep:
    """Looks after the ledger at `url`. What is wrong with it is told to `vitals`, and logged once."""

    ledger: Ledger
    url: str
    clock: Callable[[], datetime]
    vitals: Vitals
    space: Space
    guarded: Guarded | None = None
    _wiped_at: datetime | None = None
    _told: dict[str, str] = field(default_factory=dict)
    _backing_up: threading.Thread | None = None
    _is_over: bool = False

    def look(self) -> bool:
        """Look after everything; tell whether there is room for another edition."""
        self._look_home()
        room = self.space.room()
        self._tell("disk", room.told if room is not None else "")
        self.space.keep()
        self.ledger.write(pace.forget_old, self.clock())
        self._forget()
        self.back_up_if_due()
        return room is None or room.enqueues

    def _look_home(self) -> None:
        """Say that the ledger is at home here, or find out that it is not; a copy is not beaten for."""
        try:
            self.guarded = guard.beat(self.ledger, guard.place_of(self.url), self.clock())
        except LedgerBroken:
            raise
        except LedgerError as error:
            self._tell("ledger", str(error))
        else:
            self._tell("ledger", self.guarded.why if self.guarded is not None else "")

    def _forget(self) -> None:
        """Forget who did not confirm, and finish what people had erased: at most once an hour the file is written anew,
        for everybody waits then.
        """
        self.ledger.write(erasing.finish)
        now = self.clock()
        if forgotten := self.ledger.write(joining.forget_old, now):
            log.info("forgot who did not confirm", people=forgotten)
        is_early = self._wiped_at is not None and self._wiped_at <= now < self._wiped_at + WIPE_EVERY
        if is_early or not self.ledger.read(wiping.due):
            return
        self._wiped_at = now
        try:
            wiping.wipe(self.ledger)
        except LedgerBroken:
            raise
        except LedgerError as error:
            self._tell("erasing", f"the ledger's file still holds traces of people who were erased: {error}")
        else:
            self._tell("erasing", "")

    def back_up_if_due(self) -> None:
        """Make a backup in a thread of its own, where one is due and none is being made."""
        is_busy = self._backing_up is not None and self._backing_up.is_alive()
        if not is_busy and self.ledger.read(backup.due, self.clock()):
            self._backing_up = threading.Thread(target=self.back_up, name="backup", daemon=True)
            self._backing_up.start()

    def back_up(self) -> None:
        """Make a backup and wait for it; what keeps it from being made stops nothing else."""
        if self.ledger.is_shared:
            return
        self.vitals.beat()
        try:
            made = backup.run(self.ledger, self.url, self.clock())
        except (PostroomError, OSError, RuntimeError) as error:
            self._tell("backup", f"no backup could be made: {error}")
        else:
            self._tell("backup", "")
            log.info("backup made", file=str(made.path), bytes=made.size)

    def rest(self) -> None:
        """Wait a moment for a backup that is being made; one that a stop cuts off is nothing to tell of."""
        if self._backing_up is not None:
            self._backing_up.join(STOP_SECONDS)
        self._is_over = True

    def _tell(self, what: str, why: str) -> None:
        """Say once what is wrong, and that it is mended."""
        if self._is_over:
            return
        if why:
            self.vitals.broke(what, why)
        else:
            self.vitals.mended(what)
        if why and self._told.get(what) != why:
            log.error(f"something is wrong with the {what}", why=why)
        elif not why and self._told.get(what):
            log.info(f"the {what} is well again")
        self._told[what] = why
