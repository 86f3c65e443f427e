"""May this rendering go to that many people without a person's leave?"""

from __future__ import annotations

from collections.abc import Iterator

from postroom.model import Approval, Held, History
from postroom.readiness.candidate import Candidate
from postroom.readiness.words import at, setting

GROWTH_LIMIT = 1.2
"""An audience this many times the last one is held: lists rarely grow by a fifth between two editions."""


FIRST = "first-edition"
"""The hold of everything that is ready on a channel through which nothing has gone out yet."""


def clearance(
    candidate: Candidate, history: History, *, content_hash: str, recipients: int
) -> tuple[Held, ...]:
    """List what still needs a person before this rendering may go to that many recipients."""
    given = [
        each for each in history.approvals if each.content_hash == content_hash and _same(each, candidate)
    ]
    approved = bool(given)
    counted = any(each.recipients == recipients for each in given)
    holds = [] if approved else list(_unapproved(candidate))
    if not counted and not candidate.channel.rehearsal:
        holds += _unexpected(candidate, history, recipients)
    return tuple(holds)


def _same(approval: Approval, candidate: Candidate) -> bool:
    return (approval.channel, approval.variant, approval.article) == candidate.place


def _unapproved(candidate: Candidate) -> Iterator[Held]:
    if candidate.channel.approval:
        yield Held(code="approval", why=f"{setting(candidate.channel, 'approval')} asks for approval")


def _stood_first(candidate: Candidate, history: History) -> bool:
    """Whether it was held before anything had gone out: leave for another edition is no leave for it, nor is that it
    was taken back meanwhile.
    """
    past = history.withdrawn.get(candidate.place) or history.editions.get(candidate.place)
    return past is not None and FIRST in past.holds


def _unexpected(candidate: Candidate, history: History, recipients: int) -> Iterator[Held]:
    channel = candidate.channel
    sighting = history.channels.get(channel.name)
    way = f"{channel.name} through {channel.transport} ({channel.transport_kind}), to {recipients}"
    if sighting is None or not sighting.real_editions:
        yield Held(code=FIRST, why=f"it is the first edition of {way}")
    elif _stood_first(candidate, history):
        yield Held(code=FIRST, why=f"it is one of the first editions of {way}; each needs leave of its own")
    audience = channel.audience
    if audience is not None and audience.max is not None and recipients > audience.max:
        place = at(channel.file, audience.line)
        yield Held(
            code="audience-max", why=f"{recipients} recipients are more than max {audience.max} ({place})"
        )
    last = sighting.last_recipients if sighting else None
    if last and recipients > last * GROWTH_LIMIT:
        yield Held(code="audience-growth", why=f"{recipients} recipients, after {last} the last time")
