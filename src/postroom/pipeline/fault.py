"""A fault of the transport's own: which outcomes are one, and how long to rest after it."""

from __future__ import annotations

from datetime import timedelta
from typing import TypeAlias

from postroom.model import Deferred, Outcome, Refused, Scope

PAUSE = timedelta(minutes=5)
"""How long a transport rests after a fault that is its own, where the other side names no time."""

LONGEST_REST = timedelta(days=1)
"""How long it rests at most: who asks for more may be a joke, and a person would not notice for weeks."""

Fault: TypeAlias = Deferred | Refused
"""An outcome that the next message would meet too."""


def fault_in(outcome: Outcome) -> Fault | None:
    """Return an outcome if it is a fault of the transport's own, or of a sender that is refused."""
    match outcome:
        case Deferred(scope=Scope.TRANSPORT) | Refused(scope=Scope.TRANSPORT | Scope.EDITION):
            return outcome
    return None


def rest_after(fault: Fault) -> timedelta:
    """Say how long to rest after a fault: as long as the other side asked for, else `PAUSE`."""
    asked = fault.after if isinstance(fault, Deferred) else None
    return min(asked, LONGEST_REST) if asked else PAUSE
