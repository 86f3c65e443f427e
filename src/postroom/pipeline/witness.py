"""Record answers, and log what follows from them for others: an edition that stops, an address that is suppressed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

import structlog

from postroom.outbox.aftermath import Aftermath, momentous, witness
from postroom.outbox.claim import Hand
from postroom.outbox.ledger import Ledger
from postroom.outbox.record import Result

log = structlog.get_logger()

T = TypeVar("T")
U = TypeVar("U")


def write(ledger: Ledger, work: Callable[..., T], what: tuple[Hand, Sequence[Result], U, datetime]) -> T:
    """Do `work` on the ledger with `what` (whose, results, something more, now), and log what followed.

    Where no answer can concern others, nothing is asked for it.
    """
    hand, results, more, now = what
    numbers = momentous(results)
    if not numbers:
        return ledger.write(work, hand, results, more, now)
    done, after = ledger.write(witness, numbers, now, work, hand, results, more, now)
    _tell(after)
    return done


def _tell(after: Aftermath) -> None:
    """Log what followed. Whose address it is stays hidden, as in every line; `outbox list` shows it by its number."""
    for held in after.held:
        log.error("edition held for a person", edition=held.edition, reason=held.reason)
    for one in after.suppressed:
        log.info(
            "address suppressed",
            address=one.address,
            reason=one.reason,
            delivery=one.delivery,
            edition=one.edition,
        )
