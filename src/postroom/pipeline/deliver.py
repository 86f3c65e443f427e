"""deliver(): what is due in the outbox is sent, one worker a transport. It never reads an article.

    claim ─► compose ─► prepare ─► begin ─► send ─► record

A window of deliveries is claimed at once, but begun only in the batches that are handed over: who is
suppressed, or whose edition is held, before their turn comes gets nothing. `begin` commits the state
`sending` before the first byte that cannot be called back; whoever finds that state after a crash knows
that the message may have gone out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event
from typing import TypeAlias

import structlog

from postroom.errors import LedgerCorrupt, LedgerError
from postroom.model import Deferred, Outcome, Refused, Scope, Sent, Unknown
from postroom.outbox import operate
from postroom.outbox.claim import Claimed, claim, put_back
from postroom.outbox.ledger import Ledger
from postroom.outbox.record import Result
from postroom.outbox.turns import last_turn, next_turn
from postroom.pipeline.flight import PAUSE, Fault, Flight, answered, fault_in, prepared, rest_after
from postroom.pipeline.lane import Clock, Lane

__all__ = ["Clock", "Lane", "Tally", "deliver"]

log = structlog.get_logger()

LEASE = timedelta(minutes=15)
"""How long a claim lasts without news of its owner: longer than the ten minutes that RFC 5321 §4.5.3.2.6
gives a server to answer the end of the data.
"""

RECORD_AGAIN_SECONDS = 5
"""How soon to try again to write results into a ledger that would not take them."""

LONGEST_UNRECORDED_SECONDS = 0.05
"""How long an answer may wait for others to be recorded with: fast servers cost fewer commits so, and slow
ones have each answer recorded before the next message begins.
"""

Turn: TypeAlias = Callable[..., list[int]]


@dataclass(slots=True)
class Tally:
    """What a delivery run did, by kind of outcome; `reasons` tells the last of each kind."""

    sent: int = 0
    deferred: int = 0
    refused: int = 0
    unknown: int = 0
    reasons: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any(self.counts().values())

    def counts(self) -> dict[str, int]:
        """Tell the numbers by kind of outcome."""
        return {
            "sent": self.sent,
            "deferred": self.deferred,
            "refused": self.refused,
            "unknown": self.unknown,
        }

    def add(self, outcome: Outcome) -> None:
        """Count one outcome."""
        match outcome:
            case Sent():
                self.sent += 1
            case Deferred(reason=reason):
                self.deferred += 1
                self.reasons["deferred"] = reason
            case Refused(reason=reason):
                self.refused += 1
                self.reasons["refused"] = reason
            case Unknown(reason=reason):
                self.unknown += 1
                self.reasons["unknown"] = reason


def deliver(ledger: Ledger, lane: Lane, stop: Event) -> Tally:
    """Send what is due on a lane until nothing is due, its transport rests, or `stop` is set."""
    run = _Run(ledger, lane, stop)
    while not stop.is_set():
        claimed = ledger.write(
            claim, lane.carrier, lane.owner, now=lane.clock(), limit=lane.window, lease=LEASE
        )
        if not claimed:
            break
        if (fault := run.fly(claimed)) is not None:
            _rest(ledger, lane, fault)
            break
    return run.tally


@dataclass(slots=True)
class _Run:
    """One delivery run. `answered` is what is not recorded yet; the eldest of it came at `since`."""

    ledger: Ledger
    lane: Lane
    stop: Event
    tally: Tally = field(default_factory=Tally)
    answered: list[Result] = field(default_factory=list)
    since: float = 0.0

    def fly(self, claimed: Sequence[Claimed]) -> Fault | None:
        """Send a window batch by batch, until `stop` is set or a fault is the transport's: return that.

        In the end all that was answered is recorded, and what was not begun is given back.
        """
        size = self.lane.transport.max_batch
        try:
            for start in range(0, len(claimed), size):
                if self.stop.is_set():
                    break
                if (fault := self._send(claimed[start : start + size])) is not None:
                    return fault
            return None
        finally:
            self._write(last_turn, [each.delivery.id for each in claimed], self.answered)

    def _send(self, batch: Sequence[Claimed]) -> Fault | None:
        """Prepare a batch, begin what may still go out, and hand that over."""
        flights = []
        for claimed in batch:
            made = prepared(self.ledger, self.lane, claimed)
            if isinstance(made, Flight):
                flights.append(made)
                continue
            self._put_off(claimed, made)
            if made.scope is Scope.TRANSPORT:
                return made
        begun = self._write(next_turn, [each.id for each in flights], self._ripe())
        return self._note(answered(self.lane, [each for each in flights if each.id in begun]))

    def _put_off(self, claimed: Claimed, why: Deferred) -> None:
        due = self.lane.clock() + (why.after or PAUSE)
        self.ledger.write(put_back, [claimed.delivery.id], self.lane.owner, due_at=due, reason=why.reason)
        self.tally.add(why)

    def _note(self, results: Sequence[Result]) -> Fault | None:
        """Keep results to be recorded; return a fault among them that is the transport's."""
        if results and not self.answered:
            self.since = time.monotonic()
        self.answered += results
        for result in results:
            self.tally.add(result.outcome)
        return next((fault for result in results if (fault := fault_in(result.outcome))), None)

    def _ripe(self) -> list[Result]:
        """Return what is to be recorded now: all of it or nothing yet."""
        is_ripe = (
            len(self.answered) * 2 >= self.lane.window
            or time.monotonic() - self.since >= LONGEST_UNRECORDED_SECONDS
            or any(_stops_edition(each.outcome) for each in self.answered)
        )
        return self.answered if is_ripe else []

    def _write(self, turn: Turn, ids: Sequence[int], results: list[Result]) -> list[int]:
        """Take a turn. While the ledger cannot record `results` (a full disk, a lock) it is tried again:
        what the other side has answered must not become a doubt.
        """
        while True:
            try:
                begun = self.ledger.write(turn, self.lane.owner, results, ids, self.lane.clock())
            except LedgerError as error:
                if not results or isinstance(error, LedgerCorrupt) or self.stop.is_set():
                    raise
                log.error(
                    "results cannot be recorded; it is tried again",
                    transport=self.lane.name,
                    why=str(error),
                )
                self.stop.wait(RECORD_AGAIN_SECONDS)
            else:
                results.clear()
                return begun


def _stops_edition(outcome: Outcome) -> bool:
    return isinstance(outcome, Refused) and outcome.scope is Scope.EDITION


def _rest(ledger: Ledger, lane: Lane, fault: Fault) -> None:
    """Pause the lane's transport after a fault that is its own."""
    now = lane.clock()
    until = now + rest_after(fault)
    ledger.write(operate.pause_transport, lane.name, fault.reason, until=until, now=now)
    log.warning("transport paused", transport=lane.name, reason=fault.reason, until=until.isoformat())
