"""Freeze a staged candidate: settle whether it needs a person, and write it with all its recipients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from postroom import assets
from postroom.compose import parts_of
from postroom.errors import AudienceError
from postroom.model import Channel, Edition, Held, History, Recipient
from postroom.outbox import enqueue
from postroom.outbox.ledger import Ledger
from postroom.pipeline.project import Project
from postroom.pipeline.stage import Staged, headcount, people
from postroom.readiness import clearance

_REJECTIONS_KEPT = 10_000
"""How many refused rows an edition names; a file with more is wrong as a whole."""


def freeze(
    project: Project,
    ledger: Ledger,
    staged: Staged,
    holds: tuple[Held, ...],
    known: History,
    now: datetime,
) -> Edition:
    """Write an edition and its deliveries; it is held where `holds` or its clearance say so.

    Raises AudienceError when nobody would get it, and LedgerError.
    """
    candidate = staged.candidate
    count = headcount(candidate.channel, ledger)
    if not count.recipients:
        raise AudienceError(_nobody(candidate.channel))
    held = holds + clearance(
        candidate, known, content_hash=staged.edition.content_hash, recipients=count.recipients
    )
    assets.publish(staged.images, project.config.images.folder)
    rejected: list[tuple[int, str]] = []
    frozen = enqueue.freeze(
        ledger,
        replace(
            staged.edition,
            holds=tuple(hold.code for hold in held),
            reason="; ".join(hold.why for hold in held),
        ),
        rows_read=count.rows_read,
        rejected=count.rejected,
        recipients=_accepted(candidate.channel, ledger, rejected),
        parts=parts_of(staged.edition.content),
        now=now,
    )
    ledger.write(enqueue.reject, frozen.key, rejected)
    return frozen


def _accepted(channel: Channel, ledger: Ledger, rejected: list[tuple[int, str]]) -> Iterator[Recipient]:
    for row in people(channel, ledger):
        if isinstance(row, Recipient):
            yield row
        elif len(rejected) < _REJECTIONS_KEPT:
            rejected.append((row.line, row.why))


def _nobody(channel: Channel) -> str:
    who = channel.audience
    where = (who.shown or f"the list {who.list}") if who is not None else "its account"
    return f"nobody would get it: there is no subscriber in {where} who may be written to; it goes out once there is one"
