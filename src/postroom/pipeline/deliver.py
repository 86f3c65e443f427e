"""deliver(): what is due in the outbox is sent, over the lines of one lane. It never reads an article.

    claim ─► compose ─► prepare ─► send ─► record
      ▲                                      │
      └────────────── one turn ◄─────────────┘

One thread, the coordinator, takes turns on the ledger: a turn records what was answered and claims anew, in one
transaction. Senders, one a line, do the rest. What is claimed is `sending` before its first byte goes out (or
reserved, where it has to be prepared); whoever finds that state after a crash knows that the message may have gone
out. A slow server has few in hand: no more than it took within the last second, or two on each line.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from typing import TypeVar

import structlog

from postroom.errors import LedgerBroken, LedgerCorrupt, LedgerError
from postroom.model import Deferred, Scope, Unknown
from postroom.outbox import pauses, recover
from postroom.outbox.claim import Claimed
from postroom.outbox.ledger import Ledger
from postroom.outbox.record import Result
from postroom.outbox.turns import last_turn, turn
from postroom.outbox.upcoming import next_claim
from postroom.pipeline.batch import batch
from postroom.pipeline.fault import rest
from postroom.pipeline.lane import Clock, Lane
from postroom.pipeline.roll import tell
from postroom.pipeline.sender import Sender
from postroom.pipeline.tally import Tally
from postroom.pipeline.window import Window
from postroom.pipeline.witness import write

__all__ = ["Clock", "Lane", "Tally", "deliver"]

log = structlog.get_logger()

T = TypeVar("T")

RECORD_AGAIN_SECONDS = 5
"""How soon to try again to write results into a ledger that would not take them."""

LONGEST_UNRECORDED_SECONDS = 0.05
"""How long an answer may wait for others to be recorded with: fast servers cost fewer commits so."""

REACH_SECONDS = 1
"""How far ahead deliveries are claimed, by what was answered lately: a hold or a suppression counts from then on."""

LOOK_AGAIN_SECONDS = 0.5
"""How soon to look for something new to send while answers are waited for: one that hangs stops no other."""

WAIT_AT_MOST_SECONDS = 1
"""A limit that opens within this time is waited for within a run."""

IDLE_AT_MOST_SECONDS = 2
"""How long a run waits in all for something that it may begin: its domain may rest again, or others have it in hand,
and a clock may stand still. The next run goes on from there."""

LOST_IN_ROW = 10
"""How many lost answers in a row rest the transport: something in between breaks them all, and each is a doubt."""

SHORTEST_WAIT_SECONDS = 0.005


@batch()
def deliver(ledger: Ledger, lane: Lane, stop: Event) -> Tally:
    """Send what is due on a lane until nothing is due, its transport rests, or `stop` is set.

    No other thread may be working on the lane: what is in its hand at the start counts as left in doubt.
    """
    found = ledger.write(recover.recover_own, lane.hand, lane.clock(), idempotent=lane.lines[0].idempotent)
    tell(found)
    run = _Run(ledger, lane, stop, Window(lane.window, stop, lane.hold()))
    try:
        while run.go_on():
            pass
    except LedgerBroken:  # nobody knows what the disk has kept: whoever starts next judges what is in hand
        run.break_off()
        raise
    except BaseException:
        run.end()
        raise
    run.end()
    run.tell()
    return run.tally


@dataclass(slots=True)
class _Run:
    """One delivery run.

    `unrecorded` are answers that no commit has kept yet, `left` the numbers of deliveries of which no byte went out;
    `is_unsure`: a turn failed, and only the ledger knows whether it claimed something;
    `reach` is how many may be in hand; `lately` tells when how many were answered; `waited` is how many seconds it
    has waited since it last had something in hand; `lines` is how many lines it opens at most: None for all.
    """

    ledger: Ledger
    lane: Lane
    stop: Event
    window: Window
    tally: Tally = field(default_factory=Tally)
    senders: list[Sender] = field(default_factory=list)
    unrecorded: list[Result] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    lost_in_row: int = 0
    is_unsure: bool = False
    reach: int = 1
    waited: float = 0
    lines: int | None = None
    begun: float = field(default_factory=time.monotonic)
    lately: deque[tuple[float, int]] = field(default_factory=deque)

    def go_on(self) -> bool:
        """Take one turn; False when the run is over."""
        for sender in self.senders:
            if isinstance(sender.failure, LedgerBroken):
                raise sender.failure
        if self.window.is_over:
            return False
        self._measure(self._drain())
        room = min(self.reach, self.window.size) - self.window.in_flight
        has_room = self.lane.space.claims()
        claimed = self._turn(room if has_room else 0)
        if not claimed and not self.window.in_flight:
            return has_room and self._wait_for_limit()
        self.waited = 0
        self.window.put(claimed)
        self._add_senders()
        is_idle = has_room and room > 0 and not claimed
        seconds = self._until_due() if is_idle else LONGEST_UNRECORDED_SECONDS
        self.window.wait_for_answers(seconds, LONGEST_UNRECORDED_SECONDS)
        return True

    def end(self) -> None:
        """Give back what was not begun, wait for what is on its way, and record how that ends as it does."""
        self.window.close()
        try:
            for sender in self.senders:
                while not sender.join(LONGEST_UNRECORDED_SECONDS):
                    _try(self._write_last)  # else it is tried again with the next
        finally:  # the next run judges whatever is in hand as left over
            for sender in self.senders:
                sender.join()
        self._write_last()
        _try(self._take_back)
        self.tally.add(self.window.put_off_for)

    def break_off(self) -> None:
        """Wait for what is on its way, and write nothing."""
        self.window.close()
        for sender in self.senders:
            sender.join()

    def tell(self) -> None:
        """Let the transport rest after a fault of its own; pass on what a sender could not cope with."""
        faults = [sender.fault for sender in self.senders if sender.fault is not None]
        if self.lost_in_row >= LOST_IN_ROW:
            reason = f"the answers to {self.lost_in_row} messages in a row were lost"
            faults.append(Deferred(reason=reason, scope=Scope.TRANSPORT))
        if faults:
            self.tally.refused += rest(self.ledger, self.lane, faults[0], has_sent=bool(self.tally.sent))
        elif self.tally.sent:
            self.ledger.write(pauses.forget_faults, self.lane.name, self._now())
        for sender in self.senders:
            if sender.failure is not None:
                raise sender.failure

    def _drain(self) -> int:
        """Take over what was answered, until it is recorded; return how many answers there were."""
        results = self.window.drain()
        self.unrecorded += results
        self.tally.add(result.outcome for result in results)
        for result in results:
            self.lost_in_row = self.lost_in_row + 1 if isinstance(result.outcome, Unknown) else 0
        if self.lost_in_row >= LOST_IN_ROW:
            self.window.close()
        return len(results)

    def _turn(self, room: int) -> list[Claimed]:
        if room < 1 and not self.unrecorded:
            return []
        claimed = self._insist(lambda: self._record_and_claim(max(room, 0)), must=bool(self.unrecorded))
        self.unrecorded.clear()
        return claimed

    def _record_and_claim(self, room: int) -> list[Claimed]:
        self._take_back()
        return self._write(turn, room)

    def _write(self, work: Callable[..., T], more: object) -> T:
        return write(self.ledger, work, (self.lane.hand, self.unrecorded, more, self._now()))

    def _take_back(self) -> None:
        """After a turn whose commit may have been made unheard, queue again what it claimed: nobody will send it."""
        if self.is_unsure:
            known = self.window.known().union(self.left, (result.delivery_id for result in self.unrecorded))
            found = self.ledger.write(recover.take_back, self.lane.hand, known)
            self.is_unsure = False
            if found:
                log.info(
                    "a claim that was not heard of is taken back", transport=self.lane.name, deliveries=found
                )

    def _write_last(self) -> None:
        """Record what is answered by now, and give back what is left."""
        self._drain()
        self.left += self.window.leave()
        if self.unrecorded or self.left:
            self._insist(lambda: self._write(last_turn, self.left), must=True)
            self.unrecorded.clear()
            self.left.clear()

    def _insist(self, work: Callable[[], T], *, must: bool) -> T:
        """Write to the ledger. What `must` be written is tried again while it cannot be (a full disk, a lock):
        what the other side has answered must not become a doubt.
        """
        while True:
            try:
                return work()
            except LedgerError as error:
                self.is_unsure = True
                if not must or isinstance(error, LedgerBroken | LedgerCorrupt):
                    raise
                is_given = self.lane.space.give()
                if self.stop.is_set() and not is_given:
                    raise
                log.error(
                    "results cannot be recorded; it is tried again",
                    transport=self.lane.name,
                    why=str(error),
                )
                if not is_given:
                    self.stop.wait(RECORD_AGAIN_SECONDS)

    def _measure(self, answers: int) -> None:
        """Set how many may be in hand: as many as were answered within the last second, and two for each line."""
        now = time.monotonic()
        if answers:
            self.lately.append((now, answers))
        while self.lately and self.lately[0][0] < now - REACH_SECONDS:
            self.lately.popleft()
        span = min(max(now - self.begun, 1e-3), REACH_SECONDS)
        speed = sum(number for _, number in self.lately) / span
        lines = len(self.lane.lines) if self.tally.sent else 1
        self.reach = max(2 * lines, int(speed * REACH_SECONDS))

    def _add_senders(self) -> None:
        """Open further lines where there is more to send than those that are open take.

        They wait until the first has sent something: a wrong password is tried once, not on every line. Where the
        system has no thread for one more, those that are open do it all.
        """
        more = self.window.unclaimed if self.tally.sent else int(not self.senders)
        for line in self.lane.lines[len(self.senders) : self.lines][:more]:
            sender = Sender(self.ledger, self.lane, line, self.window)
            try:
                sender.start()
            except RuntimeError as error:
                if not self.senders:
                    raise
                self.lines = len(self.senders)
                log.warning("no further line", transport=self.lane.name, open=self.lines, why=str(error))
                return
            self.senders.append(sender)

    def _wait_for_limit(self) -> bool:
        """Wait for a limit that opens soon; False where nothing more is due so soon."""
        due = self.ledger.read(next_claim, self.lane.hand, self._now())
        if due is None or self.waited >= IDLE_AT_MOST_SECONDS:
            return False
        seconds = max((due - self._now()).total_seconds(), SHORTEST_WAIT_SECONDS)
        self.waited += seconds
        return seconds <= WAIT_AT_MOST_SECONDS and not self.stop.wait(seconds)

    def _until_due(self) -> float:
        """Tell in how many seconds there may be something to claim while others are on their way."""
        due = self.ledger.read(next_claim, self.lane.hand, self._now())
        seconds = (due - self._now()).total_seconds() if due is not None else LOOK_AGAIN_SECONDS
        return min(max(seconds, LONGEST_UNRECORDED_SECONDS), LOOK_AGAIN_SECONDS)

    def _now(self) -> datetime:
        return self.lane.clock()


def _try(work: Callable[[], None]) -> None:
    """Do work on the ledger that may be left to the next run; only a disk that fails is told."""
    try:
        work()
    except LedgerError as error:
        if isinstance(error, LedgerBroken):
            raise
