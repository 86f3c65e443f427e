"""publish(): what is ready becomes editions in the outbox. It reads files and sends nothing.

    read ─► judge ─► stage ─► clear ─► freeze

Every step may be repeated: an edition's key is unique, and the ledger's answer decides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Event
from typing import TypeAlias

import structlog

from postroom.articles import Reading
from postroom.errors import ArticleError, LedgerBroken, PostroomError, TemplateError
from postroom.model import Channel, Edition, EditionState, Finding, Held, History, Past, Ready, Severity
from postroom.outbox import history, meta, sightings
from postroom.outbox.backup import BIG_EDITION
from postroom.outbox.ledger import Ledger
from postroom.outbox.withdrawals import withdraw
from postroom.pipeline.freeze import clear, freeze
from postroom.pipeline.heads import Headcount, headcount
from postroom.pipeline.project import Project
from postroom.pipeline.stage import Staged, stage
from postroom.pipeline.survey import Progress, Survey, Verdict, judge_all
from postroom.pipeline.wayout import unanswered
from postroom.readiness import Candidate, follows_its_file, judge

log = structlog.get_logger()

Basis: TypeAlias = tuple[str, str, str]
"""What a rendering is made from: the hashes of article, templates and config."""

Place: TypeAlias = tuple[str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """What one publish gave: editions frozen, candidates left out with the reason, what makes files
    `broken`, and when to look again. It `is_idle` where nothing had changed and nothing was due.
    """

    is_idle: bool = False
    frozen: tuple[Edition, ...] = ()
    findings: tuple[Finding, ...] = ()
    broken: tuple[Finding, ...] = ()
    next_due: datetime | None = None
    unsettled: tuple[str, ...] = ()


@dataclass(slots=True)
class Publisher:
    """Publishes one project again and again, and remembers what spares it work.

    `_rendered` holds what candidates that did not go out were last rendered from, with what was
    found then: as long as that is unchanged, rendering them again would tell nothing new. `_counts` are
    the heads counted in this tick since it last froze something: for a hundred proposals, once. Once `stop` is
    set, no further article is begun. `before_big` is called before an edition to very many people is frozen
    that reaches them.
    """

    project: Project
    ledger: Ledger
    stop: Event = field(default_factory=Event)
    before_big: Callable[[], None] = lambda: None
    _last: Tick | None = None
    _version: object = None
    _templates: str = ""
    _must_retry: bool = False
    _silent: dict[str, str] = field(default_factory=dict)
    _counts: dict[str, Headcount] = field(default_factory=dict)
    _rendered: dict[Place, tuple[Basis, tuple[Finding, ...]]] = field(default_factory=dict)

    def publish(self, now: datetime, progress: Progress | None = None) -> Tick:
        """Freeze every candidate that is ready at `now`, or held for a person to let go."""
        if self._last is None:
            channels = self.project.config.channels
            self.ledger.write(sightings.see, {name: one.was for name, one in channels.items()}, (), now)
        self._templates, before = self.project.templates.digest(), self._templates
        reading = self.project.shelf.read(now, progress=progress)
        if self._templates == before and self._is_idle(reading, now):
            assert self._last is not None
            return Tick(is_idle=True, next_due=self._last.next_due, unsettled=reading.unsettled)
        self._must_retry = True  # whatever breaks this tick off, the next one makes up for it
        version, known = self.ledger.read(
            lambda connection: (history.version(connection), history.read(connection))
        )
        outline, verdicts = self._judged(reading, known, now)
        self._last = self._publish_all(outline, verdicts, known, now)
        self._version = version  # as it was judged by: what was decided meanwhile is for the next tick
        return self._last

    def _judged(self, reading: Reading, known: History, now: datetime) -> tuple[Tick, list[Verdict]]:
        """Judge every candidate; keep those that something may follow from: 10,000 articles have many."""
        seen = judge_all(self.project, reading, known, now)
        self._see(seen, now)
        broken = tuple(finding for each in seen.broken for finding in each.findings)
        outline = Tick(broken=broken, next_due=seen.next_due, unsettled=seen.unsettled)
        return outline, [each for each in seen.verdicts if _may_follow(each, known)]

    def _is_idle(self, reading: Reading, now: datetime) -> bool:
        if self._last is None or self._must_retry or reading.changed or reading.gone:
            return False
        is_due = self._last.next_due is not None and now >= self._last.next_due
        return not is_due and self.ledger.read(history.version) == self._version

    def _see(self, seen: Survey, now: datetime) -> None:
        """Let the ledger know the articles, but for those that only look new, and twins: which is it?"""
        twins = Counter(each.id for each in seen.articles)
        strange = seen.recognised.suspicions
        sure = [each for each in seen.articles if each.id not in strange and twins[each.id] == 1]
        self.ledger.write(sightings.see, {}, sure, now)

    def _publish_all(self, outline: Tick, verdicts: Sequence[Verdict], known: History, now: datetime) -> Tick:
        frozen: list[Edition] = []
        findings: list[Finding] = []
        self._must_retry = False
        self._silent.clear()
        self._counts.clear()
        for verdict in verdicts:
            if self.stop.is_set():
                break
            try:
                outcome = self._publish_one(verdict, known, now)
            except LedgerBroken:
                raise
            except Exception as error:  # edge: one article
                outcome = self._left_out(verdict.candidate, error)
            if isinstance(outcome, Edition):
                frozen.append(outcome)
            else:
                findings += outcome
        return replace(outline, frozen=tuple(frozen), findings=tuple(findings))

    def _left_out(self, candidate: Candidate, error: Exception) -> tuple[Finding, ...]:
        """Tell why a candidate could not be published; what may mend itself is tried again."""
        match error:
            case ArticleError(finding=finding) | TemplateError(finding=finding):
                self._rendered[candidate.place] = (self._basis(candidate), (finding,))
                return (finding,)
            case PostroomError():
                self._must_retry = True
                return (_finding(candidate, "not-published", str(error)),)
        self._must_retry = True
        log.error("article left out", article=candidate.article.file, exc_info=error)
        return (_finding(candidate, "internal-error", repr(error)),)

    def _publish_one(self, verdict: Verdict, known: History, now: datetime) -> Edition | tuple[Finding, ...]:
        candidate = verdict.candidate
        past = known.editions.get(candidate.place)
        decision = verdict.readiness
        if past is not None:
            if not _is_proposal(past):
                return ()
            decision = judge(candidate, known, now, afresh=True)
        match decision:
            case Ready(since=since):
                return self._enqueue(candidate, (), since, known, now)
            case Held(approvable=True) as held:
                return self._enqueue(candidate, (held,), held.since or now, known, now)
        if past is not None and past.state is EditionState.HELD:
            self.ledger.write(withdraw, past.key, "its article is not ready any more", now)
        return ()

    def _enqueue(
        self, candidate: Candidate, holds: tuple[Held, ...], since: datetime, known: History, now: datetime
    ) -> Edition | tuple[Finding, ...]:
        basis = self._basis(candidate)
        rendered = self._rendered.get(candidate.place)
        if (
            rendered is not None
            and rendered[0] == basis
            and (rendered[1] or candidate.place in known.editions)
        ):
            return rendered[1]
        self._ask_for_way_out(candidate.channel)
        revision = known.revision(candidate.place)
        staged = stage(self.project, candidate, due_at=since, now=now, revision=revision)
        if staged.faults:
            self._rendered[candidate.place] = (basis, staged.faults)
            return staged.faults
        frozen = self._freeze(staged, holds, known, now)
        self._rendered[candidate.place] = (basis, ())
        return frozen if frozen is not None else ()

    def _freeze(
        self, staged: Staged, holds: tuple[Held, ...], known: History, now: datetime
    ) -> Edition | None:
        """Freeze a staged candidate, in place of an earlier proposal if its content is another."""
        past = known.editions.get(staged.candidate.place)
        cleared = clear(staged, self._count(staged.candidate.channel), holds, known)
        if past is not None and past.state is EditionState.HELD:
            if _is_same(past, cleared.edition):
                return None
            if self.ledger.write(withdraw, past.key, "rendered anew from changed files", now) is None:
                return None  # somebody has let it go meanwhile
        if cleared.count.recipients > BIG_EDITION and not cleared.edition.rehearsal:
            self.before_big()
        self._counts.clear()
        return freeze(self.project, self.ledger, cleared, now)

    def _count(self, channel: Channel) -> Headcount:
        if channel.name not in self._counts:
            self._counts[channel.name] = headcount(channel, self.ledger)
        return self._counts[channel.name]

    def _ask_for_way_out(self, channel: Channel) -> None:
        """Ask once a tick whether a channel's unsubscribe page answers; raises PostroomError if not."""
        if channel.name not in self._silent:
            self._silent[channel.name] = unanswered(channel, (self.ledger.write(meta.link_key),))
        if self._silent[channel.name]:
            raise PostroomError(f"no mail without a way out: {self._silent[channel.name]}")

    def _basis(self, candidate: Candidate) -> Basis:
        return (candidate.article.source_hash, self._templates, self.project.config.digest)


def _may_follow(verdict: Verdict, known: History) -> bool:
    """Say whether an edition may come of a verdict, or one be withdrawn because of it."""
    return isinstance(verdict.readiness, Ready | Held) or verdict.candidate.place in known.editions


def _is_proposal(past: Past) -> bool:
    """Say whether nothing of an edition can have begun: it follows its files, or was never finished."""
    return follows_its_file(past) or past.state is EditionState.FILLING


def _is_same(past: Past, edition: Edition) -> bool:
    """Say whether a proposal is what would be frozen now: same content, same transport, same holds."""
    mine = (edition.content_hash, edition.transport, edition.transport_kind, edition.holds)
    return (past.content_hash, past.transport, past.transport_kind, past.holds) == mine


def _finding(candidate: Candidate, rule: str, message: str) -> Finding:
    return Finding(
        rule=rule,
        severity=Severity.ERROR,
        file=candidate.article.file,
        message=f"{candidate.channel.name} {candidate.variant.name}: {message}",
    )
