"""The last rules before something goes out: what a person must look at although its turn has come."""

from __future__ import annotations

from datetime import datetime, timedelta

from postroom.model import Held, History, Waiting
from postroom.readiness.candidate import Candidate
from postroom.readiness.words import setting, span_in_words, told

ELSEWHERE = "adopted"
"""The hold of what another copy of the ledger may have sent."""

_ARRIVAL = timedelta(seconds=10)  # a mail in flight has its answer within seconds; then it is asked again


def late(candidate: Candidate, since: datetime, now: datetime) -> Held | None:
    """Hold what is due for longer than the channel allows."""
    limit = candidate.channel.hold_if_late
    if limit is None or now - since <= limit:
        return None
    due = told(since, candidate.channel)
    allowed = f"{setting(candidate.channel, 'hold_if_late')} allows ({span_in_words(limit)})"
    return Held(code="late", since=since, why=f"it was due {due}, longer ago than {allowed}")


def maybe_elsewhere(candidate: Candidate, since: datetime, history: History) -> Held | None:
    """Hold what an adopted ledger does not know, although it was due before: another copy may have sent it."""
    adopted = history.adopted_at
    if adopted is None or since > adopted or candidate.channel.rehearsal:
        return None
    return _elsewhere(candidate, since, f"it was due {told(since, candidate.channel)}", adopted)


def revised_elsewhere(candidate: Candidate, since: datetime, history: History) -> Held | None:
    """Hold a revision that was asked for before the ledger was adopted: another copy may have sent it."""
    adopted, old, past = (
        history.adopted_at,
        history.replaced.get(candidate.place),
        history.editions.get(candidate.place),
    )
    if adopted is None or candidate.channel.rehearsal:
        return None
    if old is not None and old.ended_at is not None and old.ended_at <= adopted:
        asked = f"its revision was asked for {told(old.ended_at, candidate.channel)}"
        return _elsewhere(candidate, since, asked, adopted)
    if past is not None and ELSEWHERE in past.holds:
        return _elsewhere(candidate, since, "its revision was asked for", adopted)
    return None


def _elsewhere(candidate: Candidate, since: datetime, what: str, adopted: datetime) -> Held:
    why = (
        f"{what}, before this ledger was adopted ({told(adopted, candidate.channel)}): "
        "another copy of the ledger may have sent it"
    )
    return Held(code=ELSEWHERE, since=since, why=why)


def still_leaving(candidate: Candidate, history: History, now: datetime) -> Waiting | None:
    """Let the last of a replaced revision arrive: whoever is deferred after all gets the new one."""
    old = history.replaced.get(candidate.place)
    if old is None or not old.accounts.sending:
        return None
    return Waiting(until=now + _ARRIVAL, why=f"the last of {old.key}, which it replaces, are on their way")


def lookalike(candidate: Candidate, since: datetime) -> Held | None:
    """Hold an article that only looks new."""
    if not candidate.suspicion:
        return None
    return Held(code="looks-moved", since=since, why=candidate.suspicion)
