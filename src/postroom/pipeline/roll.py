"""The roll of processes that work on a ledger, and the judgement of those that died.

SQLite is one host's: a lock on a file proves that nobody else is alive (`outbox.lock`). PostgreSQL is
shared: each process gives a sign every few seconds, and what one that fell silent had in hand is judged by whoever
notices first. A process that was stopped for so long must send nothing when it wakes: others hold it for dead.
Whoever judges has watched for longer than a process may send after its last sign, so a clock that jumps kills nobody.
All go by the server's clock then: where hosts disagree about the time, rates would not hold, and articles go out early.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from postroom import transports
from postroom.errors import LedgerError, TransportError
from postroom.outbox import presence, recover
from postroom.outbox.ledger import Ledger
from postroom.outbox.recover import Recovered

log = structlog.get_logger()

SURE = 0.5
"""How much of the span that the others wait for a sign a process may still send after its last one."""

NOTABLE = timedelta(seconds=2)
"""How wrong a clock has to be to be worth a word: those that are kept by NTP are better by far."""

GLANCE_SECONDS = 0.2
"""How long to wait between two looks at whether somebody still seems silent."""

LAST_SIGN_SECONDS = 2
"""How long the end waits for a sign that is just being given."""

ASK_TIMES = 3
PROMPT = timedelta(seconds=1)
"""How long the server's answer about the time may take: half of it is how wrong it may be."""


@dataclass(slots=True)
class Roll:
    """A process's place on the roll: `owner` names it in the ledger, and is new with every start.

    Its `ledger` should be open for the roll alone where it is shared: a sign must not have to wait until a long
    transaction is over.
    """

    ledger: Ledger
    owner: str
    host: str
    pid: int
    clock: Callable[[], datetime]
    _sure_until: float = float("-inf")
    _lapses: int = 0
    _behind: timedelta = timedelta(0)
    _gone: threading.Event = field(default_factory=threading.Event)
    _keeper: threading.Thread | None = None
    _watch: presence.Watch = field(default_factory=lambda: _watch())

    def sign_on(self) -> None:
        """Begin: judge what the dead left behind, and from now on give signs."""
        if not self.ledger.is_shared:
            return
        self._set_clock()
        if abs(self._behind) > NOTABLE:
            log.warning(
                "this machine's clock is wrong; the ledger's server tells the time",
                seconds_behind=self._behind.total_seconds(),
            )
        self._register()
        self.judge()
        self._keeper = threading.Thread(target=self._keep, name="roll", daemon=True)
        self._keeper.start()

    def wait_for_judgement(self, stop: threading.Event) -> None:
        """Wait until all that the silent have in hand is judged, or they give a sign, or `stop` is set.

        It is for a process that will not be there any more when it has watched them for long enough.
        """
        if not self.ledger.is_shared:
            return
        until = _awake_seconds() + 2 * self._watch.span
        is_told = False
        while self._any_silent() and _awake_seconds() < until:
            if not is_told:
                log.info("waiting whether processes that seem silent are", seconds=round(self._watch.span))
                is_told = True
            if stop.wait(GLANCE_SECONDS):
                return

    def sign_off(self) -> None:
        """End: nobody has to wait for a sign."""
        self._gone.set()
        if self._keeper is not None:
            self._keeper.join(LAST_SIGN_SECONDS)  # a sign after the end would say that this process lives
        if self.ledger.is_shared:
            try:
                self.ledger.write(presence.leave, self.owner)
            except LedgerError as error:
                log.warning("the ledger could not be told of the end", why=str(error))

    def now(self) -> datetime:
        """Tell the moment that all who share the ledger agree on: on PostgreSQL, by the server's clock."""
        return self.clock() + self._behind

    def hold(self) -> Callable[[], bool]:
        """Return what tells whether all that this process took since then is surely still its own.

        Once a sign came so late that others may have judged that, it stays false: who woke up may take anew, but
        send nothing that it had in hand before.
        """
        if not self.ledger.is_shared:
            return lambda: True
        lapses = self._lapses
        return lambda: _awake_seconds() < self._sure_until and lapses == self._lapses

    def judge(self) -> None:
        """Take up again what silent processes had in hand."""
        tell(
            self.ledger.write(
                recover.recover_silent,
                self.now(),
                self._watch,
                stalled=presence.STALLED,
                idempotent=is_idempotent,
            )
        )

    def judge_dead(self, owners: Collection[str]) -> None:
        """Take up again what these owners had in hand, who are known to be dead."""
        alive = (lambda owner: owner not in owners) if owners else (lambda owner: False)
        tell(self.ledger.write(recover.recover, self.now(), owner_alive=alive, idempotent=is_idempotent))

    def _any_silent(self) -> bool:
        return bool(self.ledger.read(presence.suspects, self.now(), presence.STALLED))

    def _register(self) -> None:
        begun = _awake_seconds()
        self.ledger.write(presence.register, self.owner, self.host, self.pid, self.now())
        self._be_sure_from(begun)

    def _keep(self) -> None:
        while not self._gone.wait(presence.EVERY.total_seconds()):
            try:
                self._give_sign()
            except LedgerError as error:
                log.error("no sign could be given to the ledger; it is tried again", why=str(error))

    def _give_sign(self) -> None:
        begun = _awake_seconds()
        if self.ledger.write(presence.beat, self.owner, self.now()):
            self._be_sure_from(begun)
        else:
            log.error("this process was silent for so long that others took over what it had in hand")
            self._register()
        self._set_clock()
        self.judge()

    def _be_sure_from(self, begun: float) -> None:
        """Count on the sign that was given no sooner than `begun`; the one before may have been too long ago."""
        if _awake_seconds() >= self._sure_until:
            self._lapses += 1  # before anything is sure again
        self._sure_until = begun + SURE * presence.STALLED.total_seconds()

    def _set_clock(self) -> None:
        """Ask the server for the time, and believe the quickest answer; a clock that jumped meanwhile spoils one."""
        took, behind = min(self._ask_time() for _ in range(ASK_TIMES))
        if took < PROMPT:
            self._behind = behind

    def _ask_time(self) -> tuple[timedelta, timedelta]:
        """Return how long the answer took, and by how much this machine's clock is behind the server's."""
        asked = self.clock()
        told = self.ledger.read(presence.moment, asked)
        took = self.clock() - asked
        return (took if took >= timedelta(0) else PROMPT), told - asked - took / 2


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
        log.error(
            "delivery is uncertain; `postroom outbox resolve` decides",
            edition=doubt.edition,
            number=doubt.delivery_id,
            message_id=doubt.message_id,
        )


def _watch() -> presence.Watch:
    """Watch others for as long as they may still send after a sign, and for what they began just before to end."""
    return presence.Watch(_awake_seconds, (SURE * presence.STALLED + presence.EVERY).total_seconds())


def _awake_seconds() -> float:
    """Return seconds that count on while the machine sleeps, where the system can tell."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))
