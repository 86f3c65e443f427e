"""Whom a channel is for: its audience, row by row, and how many they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from postroom import audience
from postroom.condition import Condition, parse
from postroom.model import Audience, Channel, Recipient
from postroom.outbox import segments, subscribers
from postroom.outbox.absent import absent
from postroom.outbox.ledger import Ledger
from postroom.outbox.segments import Segment

_BATCH = 5000
"""Rows of a file of whom the ledger is asked at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Headcount:
    """How many an audience holds. `recipients` are those left when rejected rows, duplicates and whoever gets nothing
    are out: they are suppressed, left the list, or had their data erased.
    """

    rows_read: int
    rejected: int
    recipients: int


def condition_of(who: Audience) -> Condition | None:
    """Return what narrows an audience to a segment; None where nothing does."""
    return parse(who.only) if who.only is not None else None


def headcount(channel: Channel, ledger: Ledger | None) -> Headcount:
    """Count a channel's audience; a network's account is one. Raises AudienceError."""
    who = channel.audience
    if ledger is not None and who is not None and who.list is not None:
        members, suppressed = _members(ledger, who, who.list)
        return Headcount(rows_read=members, rejected=0, recipients=members - suppressed)
    distinct = audience.Distinct()
    read = rejected = 0
    rest = people(channel, ledger)
    while batch := tuple(islice(rest, _BATCH)):
        read += len(batch)
        names = [row.identity for row in batch if isinstance(row, Recipient)]
        rejected += len(batch) - len(names)
        out = ledger.read(absent, who.leaves, names) if ledger is not None and who is not None else ()
        for name in names:
            if name not in out:
                distinct.add(name)
    return Headcount(rows_read=read, rejected=rejected, recipients=distinct.count())


def people(channel: Channel, ledger: Ledger | None) -> Iterator[Recipient | audience.Rejection]:
    """Read a channel's audience row by row; whoever is not in its segment is no row. Raises AudienceError."""
    who = channel.audience
    if who is None:
        yield Recipient(address=channel.name, identity=channel.name, domain=channel.kind, name=channel.name)
    elif who.file is not None:
        yield from audience.chosen(who.file, who.shown, condition_of(who))
    elif ledger is not None and who.list is not None:
        only = condition_of(who)
        if only is None:
            yield from subscribers.stream(ledger, who.list)
        else:
            yield from segments.stream(ledger, Segment(list=who.list, only=only))


def _members(ledger: Ledger, who: Audience, name: str) -> tuple[int, int]:
    only = condition_of(who)
    if only is None:
        return ledger.read(subscribers.headcount, name)
    return segments.headcount(ledger, Segment(list=name, only=only))
