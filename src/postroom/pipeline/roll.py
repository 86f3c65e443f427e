"""The roll of processes that work on a ledger, and the judgement of those that died.

SQLite is one host's: a lock on a file proves that nobody else is alive (`outbox.lock`). PostgreSQL is
shared: each process gives a sign every few seconds, and what one that fell silent had in hand is judged by whoever
notices first. A process that was stopped for so long must send nothing when it wakes: others hold it for dead.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from postroom import transports
from postroom.errors import LedgerError, TransportError
from postroom.outbox import presence, recover
from postroom.outbox.ledger import Ledger
from postroom.outbox.recover import Recovered

log = structlog.get_logger()

SURE_SECONDS = presence.STALLED.total_seconds() / 2
"""How long after its last sign a process may still send: half of what the others wait for one."""


@dataclass(slots=True)
class Roll:
    """A process's place on the roll: `owner` names it in the ledger, and is new with every start."""

    ledger: Ledger
    owner: str
    host: str
    pid: int
    clock: Callable[[], datetime]
    _sure_until: float = float("-inf")
    _gone: threading.Event = field(default_factory=threading.Event)

    def sign_on(self) -> None:
        """Begin: judge what the dead left behind, and from now on give signs."""
        if not self.ledger.is_shared:
            return
        self._register()
        self.judge()
        threading.Thread(target=self._keep, name="roll", daemon=True).start()

    def sign_off(self) -> None:
        """End: nobody has to wait for a sign."""
        self._gone.set()
        if self.ledger.is_shared:
            try:
                self.ledger.write(presence.leave, self.owner)
            except LedgerError as error:
                log.warning("the ledger could not be told of the end", why=str(error))

    def is_ours(self) -> bool:
        """Whether what this process has in hand is surely still its own."""
        return not self.ledger.is_shared or _awake_seconds() < self._sure_until

    def judge(self) -> None:
        """Take up again what silent processes had in hand."""
        tell(self.ledger.write(recover.recover_silent, self.clock(), idempotent=is_idempotent))

    def judge_dead(self, owners: Collection[str]) -> None:
        """Take up again what these owners had in hand, who are known to be dead."""
        alive = (lambda owner: owner not in owners) if owners else (lambda owner: False)
        tell(self.ledger.write(recover.recover, self.clock(), owner_alive=alive, idempotent=is_idempotent))

    def _register(self) -> None:
        begun = _awake_seconds()
        self.ledger.write(presence.register, self.owner, self.host, self.pid, self.clock())
        self._sure_until = begun + SURE_SECONDS

    def _keep(self) -> None:
        while not self._gone.wait(presence.EVERY.total_seconds()):
            try:
                self._give_sign()
            except LedgerError as error:
                log.error("no sign could be given to the ledger; it is tried again", why=str(error))

    def _give_sign(self) -> None:
        begun = _awake_seconds()
        if self.ledger.write(presence.beat, self.owner, self.clock()):
            self._sure_until = begun + SURE_SECONDS
        else:
            log.error("this process was silent for so long that others took over what it had in hand")
            self._register()
        self.judge()


def is_idempotent(kind: str) -> bool:
    """Whether sending twice through a transport of this kind leaves one; of an unknown one nobody knows."""
    try:
        return transports.find(kind).idempotent
    except TransportError:
        return False


def tell(found: Recovered) -> None:
    """Log every delivery that a dead process left in doubt."""
    for doubt in found.repeats:
        log.warning("delivery may be repeated", edition=doubt.edition, message_id=doubt.message_id)
    for doubt in found.uncertain:
        log.error("delivery is uncertain; `postroom outbox resolve` decides", edition=doubt.edition)


def _awake_seconds() -> float:
    """Return seconds that count on while the machine sleeps, where the system can tell."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
