"""A fault of the transport's own: which outcomes are one, and how long a rest they ask for."""

from __future__ import annotations

from datetime import timedelta
from typing import TypeAlias

from postroom.model import Deferred, Outcome, Refused, Scope
from postroom.retry import SHORTEST_REST

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
