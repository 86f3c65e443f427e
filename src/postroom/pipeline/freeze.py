"""Freeze a staged candidate: settle whether it needs a person, and write it with all its recipients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from postroom import assets
from postroom.compose import parts_of
from postroom.errors import AudienceError
from postroom.model import Channel, Edition, Held, History, Recipient
from postroom.outbox import enqueue, guard
from postroom.outbox.enqueue import Audience, Members
from postroom.outbox.ledger import Ledger
from postroom.pipeline.heads import Headcount, condition_of, people
from postroom.pipeline.project import Project
from postroom.pipeline.stage import Staged
from postroom.readiness import clearance

_REJECTIONS_KEPT = 10_000
"""How many refused rows an edition names; a file with more is wrong as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleared:
    """A staged edition that knows what holds it, and how many it is for."""

    staged: Staged
    edition: Edition
    count: Headcount


def clear(staged: Staged, count: Headcount, holds: tuple[Held, ...], known: History) -> Cleared:
    """Settle what needs a person before a staged edition may go out to so many; `holds` stand already.

    Raises AudienceError when nobody would get it.
    """
    candidate = staged.candidate
    if not count.recipients:
        raise AudienceError(_nobody(candidate.channel))
    content_hash = staged.edition.content_hash
    held = holds + clearance(candidate, known, content_hash=content_hash, recipients=count.recipients)
    edition = replace(
        staged.edition,
        holds=tuple(hold.code for hold in held),
        reason="; ".join(hold.why for hold in held),
    )
    return Cleared(staged=staged, edition=edition, count=count)


def freeze(project: Project, ledger: Ledger, cleared: Cleared, now: datetime) -> Edition:
    """Write an edition and its deliveries; it is held where its clearance says so. Raises LedgerError."""
    edition = cleared.edition
    assets.publish(cleared.staged.images, project.config.images.folder)
    audience = _audience(cleared, ledger)
    if not edition.rehearsal:
        guard.foresee(ledger.url)
    return enqueue.freeze(ledger, edition, audience, parts=parts_of(edition.content), now=now)


def _audience(cleared: Cleared, ledger: Ledger) -> Audience:
    """Say whom an edition is for: members of a list are left to the ledger, all others are read."""
    channel, count = cleared.staged.candidate.channel, cleared.count
    who = channel.audience
    if who is not None and who.list is not None:
        return Audience(people=Members(list=who.list, only=condition_of(who)))
    rejections: list[tuple[int, str]] = []
    people = _accepted(channel, ledger, rejections)
    return Audience(people=people, rows_read=count.rows_read, rejected=count.rejected, rejections=rejections)


def _accepted(channel: Channel, ledger: Ledger, rejected: list[tuple[int, str]]) -> Iterator[Recipient]:
    for row in people(channel, ledger):
        if isinstance(row, Recipient):
            yield row
        elif len(rejected) < _REJECTIONS_KEPT:
            rejected.append((row.line, row.why))


def _nobody(channel: Channel) -> str:
    who = channel.audience
    where = (who.shown or f"the list {who.list}") if who is not None else "its account"
    segment = f", for whom `{who.only}` holds and" if who is not None and who.only is not None else ""
    return f"nobody would get it: there is no subscriber in {where}{segment} who may be written to; it waits for one"
