"""How an attempt ended, and what that makes of its delivery: pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from postroom.model import Deferred, DeliveryState, EditionState, Outcome, Refused, Scope, Sent, Unknown
from postroom.model.lean import lean
from postroom.outbox.moves import WITHDRAWN
from postroom.outbox.rows import AnyRow


@lean
class Result:
    """How one attempt ended.

    `retry_at` is when to try again. None gives up a `Deferred` (the delivery fails; where the edition's sender
    had to wait, the edition is left to a person) and leaves an `Unknown` to a person. `mail_from` is the envelope
    sender that was used, for the log.
    """

    delivery_id: int
    outcome: Outcome
    retry_at: datetime | None = None
    mail_from: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What an outcome makes of a delivery."""

    state: DeliveryState
    reason: str = ""
    due_at: datetime | None = None
    spent: bool = True
    doubt: bool = False


Ending: TypeAlias = "tuple[AnyRow, Change, Outcome, str]"
"""A delivery in hand, what becomes of it, how its attempt ended, and the envelope sender."""


def decide(row: AnyRow, result: Result) -> Change:
    """Say what an outcome makes of the delivery in `row` (pure)."""
    if isinstance(result.outcome, Sent):
        return Change(state=DeliveryState.SENT)
    change = _decide(row, result.outcome, result.retry_at)
    if change.state is DeliveryState.QUEUED and row.edition_state == EditionState.CANCELLED:
        state = DeliveryState.UNCERTAIN if change.doubt else DeliveryState.CANCELLED
        return replace(change, state=state, reason=f"{WITHDRAWN}; {change.reason}")
    return change


def _decide(row: AnyRow, outcome: Deferred | Refused | Unknown, retry_at: datetime | None) -> Change:
    match outcome:
        case (
            Deferred(reason=reason, scope=Scope.TRANSPORT)
            | Refused(reason=reason, scope=Scope.TRANSPORT | Scope.EDITION)
        ):
            return Change(state=DeliveryState.QUEUED, reason=reason, due_at=retry_at, spent=False)
        case Deferred(reason=reason, scope=Scope.EDITION) if retry_at is None:  # the edition is held
            return Change(state=DeliveryState.QUEUED, reason=reason, spent=False)
        case Deferred(reason=reason) if retry_at is not None:
            return Change(state=DeliveryState.QUEUED, reason=reason, due_at=retry_at)
        case Deferred(reason=reason):
            return Change(state=DeliveryState.FAILED, reason=f"given up: {reason}")
        case Refused(reason=reason):
            return Change(state=DeliveryState.FAILED, reason=reason)
        case Unknown(reason=reason):
            return _doubt(row, reason, retry_at)


def _doubt(row: AnyRow, reason: str, retry_at: datetime | None) -> Change:
    """Say what becomes of a delivery that may have gone out: once more, or a person decides."""
    if row.hold_when_uncertain or row.doubts or retry_at is None:
        return Change(state=DeliveryState.UNCERTAIN, reason=reason, doubt=True)
    return Change(state=DeliveryState.QUEUED, reason=reason, due_at=retry_at, doubt=True)
