"""When to try again, or to give up: pure arithmetic on an outcome.

Sources: RFC 5321 §4.5.4.1 (wait at least 30 minutes as a rule, sooner for the first tries; give up
after 4–5 days, less where the sender prefers to know); RFC 6647 (greylisting hosts accept after
minutes); postconf(5), read 2026-11-22 (minimal_backoff_time 300 s). Jitter keeps a thousand deferred
mails from coming back in the same second; it is drawn from the delivery, so that it can be repeated.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Final

from postroom.model import Deferred, Unknown

FIRST: Final = timedelta(minutes=10)
"""Middle of the first wait, 5–15 minutes: what greylisting hosts ask for."""

STEEPEST: Final = timedelta(minutes=160)
"""Middle of the longest wait, 80–240 minutes. It doubles from `FIRST` to here in four steps."""

LOST_ANSWER: Final = timedelta(minutes=15)
"""Added after a lost answer: time for the other side to finish with the first copy, and to know its
Message-ID when the second comes (RFC 5321 §4.5.3.2.6 lets a server take 10 minutes for its answer).
"""

SHORTEST_ASKED: Final = timedelta(minutes=1)
"""A server that asks for less than this is not believed; else it could make us spin."""

LONGEST_ASKED: Final = timedelta(days=365)
"""One that asks for more means never."""


SHORTEST_REST: Final = timedelta(minutes=5)
"""How long a transport rests after the first fault of its own, where the other side names no time."""

LONGEST_REST: Final = timedelta(hours=1)
"""How long it rests at most, however long it has been failing: who mended it should not have to say so."""


def rest(failing: timedelta, seed: str) -> timedelta:
    """Say how long a transport rests that has been `failing` for so long; `seed` names it.

    As long as it has been failing, and `SHORTEST_REST`: about twice as long each time, less up to a quarter of it.
    """
    more = min(failing, LONGEST_REST - SHORTEST_REST)
    return SHORTEST_REST + more * (0.75 + _fraction(seed, int(failing.total_seconds())) / 4)


def retry_at(
    outcome: Deferred | Unknown,
    *,
    attempts: int,
    first_begun: datetime,
    now: datetime,
    give_up_after: timedelta,
    seed: str,
) -> datetime | None:
    """Say when to try again; None to give up.

    `attempts` counts those begun for this delivery, with the one that ended in `outcome` (0 counts
    as 1: a transport's own trouble spends none). `first_begun` is when the first of them began; after
    `first_begun + give_up_after` nothing is tried any more. `seed` names the delivery. Where the
    other side named a time (`Deferred.after`), it is waited for instead of the back-off.
    """
    wait = _wait(outcome, max(1, attempts), _fraction(seed, attempts))
    left = first_begun + give_up_after - now
    return None if wait > left else now + wait


def _wait(outcome: Deferred | Unknown, attempts: int, fraction: float) -> timedelta:
    match outcome:
        case Unknown():
            return LOST_ANSWER + _back_off(attempts, fraction)
        case Deferred(after=timedelta() as asked):
            return min(max(asked, SHORTEST_ASKED), LONGEST_ASKED) + FIRST * (fraction / 10)
        case Deferred():
            return _back_off(attempts, fraction)


def _back_off(attempts: int, fraction: float) -> timedelta:
    """Wait 0.5 to 1.5 times the middle: 10, 20, 40, 80, then 160 minutes."""
    middle: timedelta = FIRST * 2 ** min(attempts - 1, 4)
    return min(middle, STEEPEST) * (0.5 + fraction)


def _fraction(seed: str, attempts: int) -> float:
    """Draw a number of [0, 1) from a name and a number, the same on every machine."""
    digest = hashlib.sha256(f"{seed}\n{attempts}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
