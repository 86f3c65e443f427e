"""deliver(): what is due in the outbox is sent, one worker a transport. It never reads an article.

    claim ─► compose ─► prepare ─► begin ─► send ─► record

`begin` commits the state `sending` before the first byte that cannot be called back; whoever finds
that state after a crash knows that the message may have gone out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event

import structlog

from postroom import retry
from postroom.compose import Keys, compose
from postroom.errors import LedgerCorrupt, LedgerError, TransportError
from postroom.model import (
    Deferred,
    Mail,
    Message,
    Outcome,
    Prepared,
    Refused,
    Scope,
    Sent,
    Unknown,
)
from postroom.outbox import operate
from postroom.outbox.claim import Carrier, Claimed, begin, claim, keep_progress, put_back
from postroom.outbox.ledger import Ledger
from postroom.outbox.record import Result, record
from postroom.transports.protocol import Transport

log = structlog.get_logger()

LEASE = timedelta(minutes=15)
"""How long a claim lasts without news of its owner: longer than the ten minutes that RFC 5321 §4.5.3.2.6
gives a server to answer the end of the data.
"""

PAUSE = timedelta(minutes=5)
"""How long a transport rests after a fault that is its own, where the other side names no time."""

RECORD_AGAIN_SECONDS = 5
"""How soon to try again to write results into a ledger that would not take them."""

GIVE_UP_AFTER = timedelta(hours=48)
WINDOW = 32


_NOT_BEGUN = Deferred(reason="not begun", after=timedelta(0), scope=Scope.TRANSPORT)

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A transport and how to use it. `owner` names this process in the ledger; `window` is the
    most messages that may be in flight, and so the most that a crash can repeat.
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


@dataclass(frozen=True, slots=True)
class _Flight:
    """A claimed delivery on its way: its message, or the outcome that it had before any was made."""

    claimed: Claimed
    message: Message | None = None
    outcome: Outcome | None = None


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
                if outcome is not _NOT_BEGUN:
                    self.reasons["deferred"] = reason
            case Refused(reason=reason):
                self.refused += 1
                self.reasons["refused"] = reason
            case Unknown(reason=reason):
                self.unknown += 1
                self.reasons["unknown"] = reason


def deliver(ledger: Ledger, lane: Lane, stop: Event) -> Tally:
    """Send what is due on a lane until nothing is due, its transport rests, or `stop` is set."""
    tally = Tally()
    while not stop.is_set():
        claimed = ledger.write(
            claim, lane.carrier, lane.owner, now=lane.clock(), limit=lane.window, lease=LEASE
        )
        if not claimed:
            break
        results = _fly(ledger, lane, claimed, stop)
        _keep(ledger, lane, results, stop)
        for result in results:
            tally.add(result.outcome)
        if _rest(ledger, lane, results):
            break
    return tally


def _keep(ledger: Ledger, lane: Lane, results: Sequence[Result], stop: Event) -> None:
    """Record how it ended. While the ledger cannot take it (a full disk, a lock) it is tried again: what
    the other side has answered must not become a doubt.
    """
    while True:
        try:
            ledger.write(record, lane.owner, results, lane.clock())
            return
        except LedgerError as error:
            if isinstance(error, LedgerCorrupt) or stop.is_set():
                raise
            log.error("results cannot be recorded; it is tried again", transport=lane.name, why=str(error))
            stop.wait(RECORD_AGAIN_SECONDS)


def _fly(ledger: Ledger, lane: Lane, claimed: Sequence[Claimed], stop: Event) -> list[Result]:
    flights = [each for claim_ in claimed if (each := _prepared(ledger, lane, claim_)) is not None]
    going = ledger.write(begin, [each.claimed.delivery.id for each in flights], lane.owner, lane.clock())
    flights = [each for each in flights if each.claimed.delivery.id in going]
    ready = [each for each in flights if each.message is not None]
    outcomes = _sent(lane, ready, stop)
    return [_result(lane, each, outcomes.get(each.claimed.delivery.id)) for each in flights]


def _prepared(ledger: Ledger, lane: Lane, claimed: Claimed) -> _Flight | None:
    """Make the message and do what may be repeated; None when it has to wait for that."""
    delivery = claimed.delivery
    try:
        message = compose(claimed.edition, claimed.delivery, lane.keys)
        match lane.transport.prepare(message, delivery.progress):
            case Deferred(reason=reason, after=after):
                due = lane.clock() + (after or PAUSE)
                ledger.write(put_back, [delivery.id], lane.owner, due_at=due, reason=reason)
                return None
            case Prepared(progress=progress) if progress != delivery.progress:
                ledger.write(keep_progress, delivery.id, lane.owner, progress)
        return _Flight(claimed, message=message)
    except Exception as error:  # edge: one delivery, before a byte of it went out
        log.error(
            "delivery quarantined",
            delivery=delivery.id,
            edition=claimed.edition.key,
            error=repr(error),
        )
        return _Flight(claimed, outcome=Refused(reason=f"this message could not be made: {error}"))


def _sent(lane: Lane, flights: Sequence[_Flight], stop: Event) -> Mapping[int, Outcome]:
    """Hand the messages over in batches; what is not begun when `stop` is set goes back at once."""
    outcomes: dict[int, Outcome] = {}
    messages = [flight.message for flight in flights if flight.message is not None]
    for start in range(0, len(messages), lane.transport.max_batch):
        batch = messages[start : start + lane.transport.max_batch]
        stopped = stop.is_set() or any(_is_fault(outcome) for outcome in outcomes.values())
        answers = [_NOT_BEGUN for _ in batch] if stopped else _handed_over(lane, batch)
        outcomes |= {message.delivery_id: answer for message, answer in zip(batch, answers, strict=True)}
    return outcomes


def _handed_over(lane: Lane, batch: Sequence[Message]) -> Sequence[Outcome]:
    try:
        return lane.transport.send(batch)
    except TransportError as error:  # it could not be opened: nothing went out
        return [Deferred(reason=str(error), scope=Scope.TRANSPORT) for _ in batch]
    except Exception as error:  # edge: a byte may have gone out
        log.error("transport broke", transport=lane.name, error=repr(error))
        return [Unknown(reason=f"the transport broke: {error!r}") for _ in batch]


def _result(lane: Lane, flight: _Flight, answer: Outcome | None) -> Result:
    outcome = answer or flight.outcome
    assert outcome is not None
    sender = (
        flight.message.content.mail_from
        if flight.message and isinstance(flight.message.content, Mail)
        else ""
    )
    return Result(
        delivery_id=flight.claimed.delivery.id,
        outcome=outcome,
        retry_at=_retry_at(lane, flight, outcome),
        mail_from=sender,
    )


def _retry_at(lane: Lane, flight: _Flight, outcome: Outcome) -> datetime | None:
    now = lane.clock()
    match outcome:
        case Deferred(scope=Scope.TRANSPORT, after=after):
            return now + (PAUSE if after is None else after)
        case Refused(scope=Scope.TRANSPORT):
            return now + PAUSE
        case Deferred() | Unknown():
            delivery = flight.claimed.delivery
            return retry.retry_at(
                outcome,
                attempts=delivery.attempts + 1,
                first_begun=delivery.first_begun_at or now,
                now=now,
                give_up_after=lane.give_up_after,
                seed=delivery.message_id,
            )
    return None


def _is_fault(outcome: Outcome) -> bool:
    return isinstance(outcome, Deferred | Refused) and outcome.scope is Scope.TRANSPORT


def _rest(ledger: Ledger, lane: Lane, results: Sequence[Result]) -> bool:
    """Pause the lane's transport if one of its messages met a fault that is the transport's."""
    for result in results:
        outcome = result.outcome
        if isinstance(outcome, Deferred | Refused) and _is_fault(outcome) and outcome != _NOT_BEGUN:
            after = outcome.after if isinstance(outcome, Deferred) else None
            now = lane.clock()
            until = now + (after or PAUSE)
            ledger.write(operate.pause_transport, lane.name, outcome.reason, until=until, now=now)
            log.warning(
                "transport paused", transport=lane.name, reason=outcome.reason, until=until.isoformat()
            )
            return True
    return False
