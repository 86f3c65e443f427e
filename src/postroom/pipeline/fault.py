"""A fault of the transport's own: which outcomes are one, and the rest that follows."""

from __future__ import annotations

from datetime import timedelta
from typing import TypeAlias

import structlog

from postroom.model import Deferred, Outcome, Refused, Scope
from postroom.outbox import pauses
from postroom.outbox.ledger import Ledger
from postroom.outbox.overdue import give_up
from postroom.pipeline.lane import Lane
from postroom.retry import SHORTEST_REST

log = structlog.get_logger()

LONGEST_ASKED = timedelta(days=1)
"""How long a transport rests at most: who asks for more may be a joke, and a person would not notice for weeks."""

Fault: TypeAlias = Deferred | Refused
"""An outcome that the next message would meet too."""


def fault_in(outcome: Outcome) -> Fault | None:
    """Return an outcome if it is a fault of the transport's own, or of a sender that is refused."""
    match outcome:
        case Deferred(scope=Scope.TRANSPORT) | Refused(scope=Scope.TRANSPORT | Scope.EDITION):
            return outcome
    return None


def asked_by(fault: Fault) -> timedelta | None:
    """Say for how long to leave the other side alone; None where it named no time, and patience may help.

    A refusal needs a person: a few tries in a row are to show that it stays one.
    """
    if isinstance(fault, Refused):
        return SHORTEST_REST
    return min(fault.after, LONGEST_ASKED) if fault.after else None


def rest(ledger: Ledger, lane: Lane, fault: Fault, *, has_sent: bool) -> int:
    """Pause the lane's transport after a fault that is its own; return how many deliveries are given up for it.

    A refused log-in is tried again twice, and then left to a person.
    """
    now = lane.clock()
    trouble = pauses.Trouble(
        reason=fault.reason,
        asked=asked_by(fault),
        is_hopeless=isinstance(fault, Refused) and fault.scope is Scope.TRANSPORT,
        is_new=has_sent,
    )
    pause = ledger.write(pauses.rest, lane.name, trouble, now)
    until = pause.until.isoformat() if pause.until else "a person resumes it"
    log.warning("transport paused", transport=lane.name, reason=pause.reason, until=until)
    limit = now - lane.give_up_after
    if isinstance(fault, Refused) or pause.until is None or pause.since > limit:
        return 0
    number = ledger.write(give_up, lane.carrier, fault.reason, limit, now)
    if number:
        log.error("deliveries given up", transport=lane.name, number=number, reason=fault.reason)
    return number
