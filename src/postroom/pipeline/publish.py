"""publish(): what is ready becomes editions in the outbox. It reads files and sends nothing.

    see ─► survey ─► stage ─► clear ─► freeze

Every step may be repeated: an edition's key is unique, and the ledger's answer decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from postroom import assets
from postroom.compose import parts_of
from postroom.errors import ArticleError, PostroomError, TemplateError
from postroom.model import (
    Edition,
    Finding,
    Held,
    History,
    Past,
    Published,
    Readiness,
    Ready,
    Recipient,
    Severity,
)
from postroom.outbox import enqueue, history, sightings
from postroom.outbox.ledger import Ledger
from postroom.outbox.withdrawals import withdraw
from postroom.pipeline.project import Project
from postroom.pipeline.stage import Staged, headcount, people, stage
from postroom.pipeline.survey import Progress, Survey, Verdict, judge_all
from postroom.pipeline.wayout import unanswered
from postroom.readiness import Candidate, clearance, follows_its_file, judge

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """What one publish gave: editions frozen, candidates left out with the reason, and when to look
    again. `survey` is None where nothing had changed and nothing was due.
    """

    survey: Survey | None = None
    frozen: tuple[Edition, ...] = ()
    findings: tuple[Finding, ...] = ()
    next_due: datetime | None = None
    unsettled: tuple[str, ...] = ()


@dataclass(slots=True)
class Publisher:
    """Publishes one project again and again, and remembers what spares it work.

    `_held_as` holds, for each held edition, the files and settings it was last rendered from, so
    that an unchanged one is not rendered at every tick.
    """

    project: Project
    ledger: Ledger
    _last: Issue | None = None
    _version: object = None
    _held_as: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def publish(self, now: datetime, progress: Progress | None = None) -> Issue:
        """Freeze every candidate that is ready at `now`, or held for a person to let go."""
        if self._last is None:
            self.ledger.write(sightings.see, self._channels(), (), now)
        reading = self.project.shelf.read(now, progress=progress)
        version = self.ledger.read(history.version)
        if not (reading.changed or reading.gone) and self._is_idle(version, now):
            assert self._last is not None
            return replace(self._last, survey=None, frozen=(), findings=(), unsettled=reading.unsettled)
        known = self.ledger.read(history.read)
        seen = judge_all(self.project, reading, known, now)
        sure = [
            each
            for each in seen.articles
            if each.file in reading.changed and each.id not in seen.recognised.suspicions
        ]
        self.ledger.write(sightings.see, {}, sure, now)
        self._last = self._publish_all(seen, known, now)
        self._version = self.ledger.read(history.version)
        return self._last

    def _channels(self) -> dict[str, str | None]:
        return {name: channel.was for name, channel in self.project.config.channels.items()}

    def _is_idle(self, version: object, now: datetime) -> bool:
        if self._last is None or version != self._version or self._last.findings:
            return False
        return self._last.next_due is None or now < self._last.next_due

    def _publish_all(self, seen: Survey, known: History, now: datetime) -> Issue:
        frozen: list[Edition] = []
        findings: list[Finding] = []
        for verdict in seen.verdicts:
            try:
                edition = self._publish_one(verdict, known, now)
                frozen += [edition] if edition is not None else []
            except (ArticleError, TemplateError) as error:
                findings.append(error.finding)
            except PostroomError as error:
                findings.append(_finding(verdict.candidate, "not-published", str(error)))
            except Exception as error:  # edge: one article
                log.exception("article left out", article=verdict.candidate.article.file)
                findings.append(_finding(verdict.candidate, "internal-error", repr(error)))
        return Issue(
            survey=seen,
            frozen=tuple(frozen),
            findings=tuple(findings),
            next_due=seen.next_due,
            unsettled=seen.unsettled,
        )

    def _publish_one(self, verdict: Verdict, known: History, now: datetime) -> Edition | None:
        candidate = verdict.candidate
        past = known.editions.get(candidate.place)
        decision = verdict.readiness
        if isinstance(decision, Published) and follows_its_file(past):
            assert past is not None
            if self._basis(candidate) == self._held_as.get(past.key):
                return None
            decision = judge(candidate, _without(known, candidate), now)
            if not isinstance(decision, Ready | Held):
                self.ledger.write(withdraw, past.key, "its article is not ready any more", now)
                return None
        return self._enqueue(candidate, decision, known, past, now)

    def _enqueue(
        self, candidate: Candidate, decision: Readiness, known: History, past: Past | None, now: datetime
    ) -> Edition | None:
        match decision:
            case Ready(since=since):
                holds: tuple[Held, ...] = ()
            case Held(approvable=True) as held:
                holds, since = (held,), held.since or now
            case _:
                return None
        silent = unanswered(candidate.channel)
        if silent:
            raise PostroomError(f"no mail without a way out: {silent}")
        staged = stage(self.project, candidate, due_at=since, now=now)
        if not staged.is_sound:
            raise PostroomError("; ".join(str(each) for each in staged.findings if each.severity == "error"))
        if past is not None and past.content_hash == staged.edition.content_hash:
            self._held_as[past.key] = self._basis(candidate)
            return None
        return self._freeze(staged, holds, known, past, now)

    def _freeze(
        self, staged: Staged, holds: tuple[Held, ...], known: History, past: Past | None, now: datetime
    ) -> Edition:
        candidate, edition = staged.candidate, staged.edition
        count = headcount(candidate.channel, self.ledger)
        holds += clearance(candidate, known, content_hash=edition.content_hash, recipients=count.recipients)
        if past is not None:
            self.ledger.write(withdraw, past.key, "rendered anew from changed files", now)
        edition = replace(
            edition,
            holds=tuple(hold.code for hold in holds),
            reason="; ".join(hold.why for hold in holds),
        )
        assets.publish(staged.images, self.project.config.images.folder)
        frozen = enqueue.freeze(
            self.ledger,
            edition,
            rows_read=count.rows_read,
            rejected=count.rejected,
            recipients=(row for row in people(candidate.channel, self.ledger) if isinstance(row, Recipient)),
            parts=parts_of(edition.content),
            now=now,
        )
        self._held_as[frozen.key] = self._basis(candidate)
        return frozen

    def _basis(self, candidate: Candidate) -> tuple[str, ...]:
        return (candidate.article.source_hash, self.project.templates.digest(), self.project.config.digest)


def _without(known: History, candidate: Candidate) -> History:
    editions: Mapping[tuple[str, str, str], Past] = {
        place: past for place, past in known.editions.items() if place != candidate.place
    }
    return replace(known, editions=editions)


def _finding(candidate: Candidate, rule: str, message: str) -> Finding:
    return Finding(
        rule=rule,
        severity=Severity.ERROR,
        file=candidate.article.file,
        message=f"{candidate.channel.name} {candidate.variant.name}: {message}",
    )
