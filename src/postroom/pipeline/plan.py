"""plan(): what goes out when, to how many, and why the rest does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from postroom.errors import ArticleError, AudienceError, TemplateError
from postroom.model import Blocked, Channel, Held, History, Published, Ready, Waiting
from postroom.outbox.ledger import Ledger
from postroom.pipeline.heads import headcount
from postroom.pipeline.project import Project
from postroom.pipeline.stage import Staged, stage
from postroom.pipeline.survey import Progress, Survey, Verdict, survey
from postroom.readiness import Candidate, clearance

Fate: TypeAlias = tuple[str, datetime | None, str, int | None]
"""State, moment, reason and recipients of a `PlanLine`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLine:
    """One line of the plan. `state` is `ready`, `waiting`, `blocked`, `held` or `published`; `at` is when
    it goes out, where that is known; `recipients` is None where nobody will get it.
    """

    article: str
    channel: str
    variant: str
    state: str
    reason: str
    at: datetime | None = None
    recipients: int | None = None


def plan(
    project: Project, ledger: Ledger | None, history: History, now: datetime, progress: Progress | None = None
) -> list[PlanLine]:
    """Tell the fate of every article on every channel in every variant, as of `now`.

    What waits is rendered too, so that it is known today whether it can go out then.
    """
    seen = survey(project, history, now, progress)
    return _lines(_Teller(project=project, ledger=ledger, history=history, now=now, looks_ahead=True), seen)


def plan_of(
    project: Project, seen: Survey, ledger: Ledger | None, history: History, now: datetime
) -> list[PlanLine]:
    """Tell the fate of every candidate of a survey; of what waits, only what is known without rendering it."""
    return _lines(_Teller(project=project, ledger=ledger, history=history, now=now), seen)


def _lines(teller: _Teller, seen: Survey) -> list[PlanLine]:
    lines = [
        PlanLine(
            article=each.file,
            channel="",
            variant="",
            state="blocked",
            reason="; ".join(str(finding) for finding in each.findings),
        )
        for each in seen.broken
    ]
    return lines + [teller.line(verdict) for verdict in seen.verdicts]


@dataclass(slots=True)
class _Teller:
    """Turns verdicts into lines; counts each audience once.

    `_stopped` says of first variants, by article and channel, why they cannot go out: nor can what follows them.
    """

    project: Project
    ledger: Ledger | None
    history: History
    now: datetime
    looks_ahead: bool = False
    _stopped: dict[tuple[str, str], str] = field(default_factory=dict)
    _counts: dict[str, int | AudienceError] = field(default_factory=dict)

    def line(self, verdict: Verdict) -> PlanLine:
        """Tell one verdict. An audience that cannot be read harms only the lines that are to go to it."""
        candidate = verdict.candidate
        try:
            state, at, reason, recipients = self._fate(verdict)
        except AudienceError as error:
            state, at, reason, recipients = "blocked", None, str(error), None
        first = candidate.channel.variants[0].name
        if state == "blocked" and candidate.variant.name == first:
            self._stopped[candidate.article.id, candidate.channel.name] = reason
        return PlanLine(
            article=candidate.article.id,
            channel=candidate.channel.name,
            variant=candidate.variant.name,
            state=state,
            at=at,
            reason=reason,
            recipients=recipients,
        )

    def _fate(self, verdict: Verdict) -> Fate:
        candidate = verdict.candidate
        match verdict.readiness:
            case Ready(since=since):
                return self._ready(candidate, since)
            case Waiting(until=until, why=why):
                return self._waiting(candidate, until, why)
            case Blocked(why=why):
                return "blocked", None, why, None
            case Held(why=why):
                return "held", None, why, None
            case Published(why=why, edition=edition, state=became):
                return ("held" if became == "held" else "published"), None, f"{edition}: {why}", None

    def _waiting(self, candidate: Candidate, until: datetime | None, why: str) -> Fate:
        first, place = candidate.channel.variants[0].name, (candidate.article.id, candidate.channel.name)
        if candidate.variant.after is not None and candidate.variant.name != first and place in self._stopped:
            return "blocked", None, f"it follows `{first}`, which is blocked: {self._stopped[place]}", None
        recipients = self._count(candidate.channel)
        staged = self._staged(candidate, until or self.now) if self.looks_ahead else None
        if isinstance(staged, str):
            return "blocked", None, staged, None
        return "waiting", until, why, recipients

    def _staged(self, candidate: Candidate, due_at: datetime) -> Staged | str:
        """Render a candidate, or say why it cannot go out."""
        try:
            staged = stage(self.project, candidate, due_at=due_at, now=self.now)
        except (ArticleError, TemplateError) as error:
            return str(error)
        return "; ".join(map(str, staged.faults)) or staged

    def _ready(self, candidate: Candidate, since: datetime) -> Fate:
        recipients = self._count(candidate.channel)
        staged = self._staged(candidate, since)
        if isinstance(staged, str):
            return "blocked", None, staged, None
        holds = clearance(
            candidate, self.history, content_hash=staged.edition.content_hash, recipients=recipients
        )
        if holds:
            return "held", None, "; ".join(hold.why for hold in holds), recipients
        return "ready", self.now, f"it goes out now, through {_carrier(candidate.channel)}", recipients

    def _count(self, channel: Channel) -> int:
        """Count whom a channel reaches, once. Raises AudienceError, for each candidate alike."""
        if channel.name not in self._counts:
            try:
                self._counts[channel.name] = headcount(channel, self.ledger).recipients
            except AudienceError as error:
                self._counts[channel.name] = error
        found = self._counts[channel.name]
        if isinstance(found, AudienceError):
            raise found
        return found


def _carrier(channel: Channel) -> str:
    return f"{channel.transport} ({channel.transport_kind}{', a rehearsal' if channel.rehearsal else ''})"


def by_state(lines: list[PlanLine]) -> Iterator[tuple[str, list[PlanLine]]]:
    """Group lines as people want to read them: what goes out first, then what needs them."""
    for state in ("ready", "waiting", "held", "blocked", "published"):
        group = [line for line in lines if line.state == state]
        if group:
            yield state, group
