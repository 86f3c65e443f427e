"""The way of one delivery: composed, prepared, handed over, and what it came to. Nothing is recorded here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

import structlog

from postroom import retry
from postroom.compose import compose
from postroom.errors import LedgerError, TransportError
from postroom.model import Deferred, Mail, Message, Outcome, Prepared, Refused, Scope, Unknown
from postroom.outbox.claim import Claimed, keep_progress
from postroom.outbox.ledger import Ledger
from postroom.outbox.record import Result
from postroom.pipeline.lane import Lane

log = structlog.get_logger()

PAUSE = timedelta(minutes=5)
"""How long a transport rests after a fault that is its own, where the other side names no time."""

Fault: TypeAlias = Deferred | Refused
"""An outcome of scope `transport`."""


@dataclass(frozen=True, slots=True)
class Flight:
    """A claimed delivery on its way: its message, or the outcome that it had before any was made."""

    claimed: Claimed
    message: Message | None = None
    outcome: Outcome | None = None

    @property
    def id(self) -> int:
        """The number of its delivery."""
        return self.claimed.delivery.id


def prepared(ledger: Ledger, lane: Lane, claimed: Claimed) -> Flight | Deferred:
    """Make the message and do what may be repeated; Deferred when it has to wait for that."""
    delivery = claimed.delivery
    try:
        message = compose(claimed.edition, claimed.delivery, lane.keys)
        match lane.transport.prepare(message, delivery.progress):
            case Deferred() as why:
                return why
            case Prepared(progress=progress) if progress != delivery.progress:
                ledger.write(keep_progress, delivery.id, lane.owner, progress)
        return Flight(claimed, message=message)
    except LedgerError:  # no fault of this delivery
        raise
    except TransportError as error:
        return Deferred(reason=str(error), scope=Scope.TRANSPORT)
    except Exception as error:  # edge: one delivery, before a byte of it went out
        log.error(
            "delivery quarantined",
            delivery=delivery.id,
            edition=claimed.edition.key,
            error=repr(error),
        )
        return Flight(claimed, outcome=Refused(reason=f"this message could not be made: {error}"))


def answered(lane: Lane, flights: Sequence[Flight]) -> list[Result]:
    """Hand over the messages of a batch that has begun; return how each of its deliveries ended."""
    messages = [each.message for each in flights if each.message is not None]
    answers = _handed_over(lane, messages) if messages else ()
    outcomes = {message.delivery_id: answer for message, answer in zip(messages, answers, strict=True)}
    return [_result(lane, each, outcomes.get(each.id)) for each in flights]


def _handed_over(lane: Lane, batch: Sequence[Message]) -> Sequence[Outcome]:
    try:
        answers = list(lane.transport.send(batch))
        if len(answers) != len(batch):
            raise ValueError(f"{len(answers)} answers for {len(batch)} messages")
        return answers
    except TransportError as error:  # it could not be opened: nothing went out
        return [Deferred(reason=str(error), scope=Scope.TRANSPORT) for _ in batch]
    except Exception as error:  # edge: a byte may have gone out
        log.error("transport broke", transport=lane.name, error=repr(error))
        return [Unknown(reason=f"the transport broke: {error!r}") for _ in batch]


def _result(lane: Lane, flight: Flight, answer: Outcome | None) -> Result:
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


def _retry_at(lane: Lane, flight: Flight, outcome: Outcome) -> datetime | None:
    now = lane.clock()
    match outcome:
        case Deferred(scope=Scope.TRANSPORT) | Refused(scope=Scope.TRANSPORT):
            return now + rest_after(outcome)
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


def fault_in(outcome: Outcome) -> Fault | None:
    """Return an outcome if it is a fault of the transport's own."""
    if isinstance(outcome, Deferred | Refused) and outcome.scope is Scope.TRANSPORT:
        return outcome
    return None


def rest_after(fault: Fault) -> timedelta:
    """Say how long to rest after a fault: as long as the other side asked for, else `PAUSE`."""
    asked = fault.after if isinstance(fault, Deferred) else None
    return asked or PAUSE
