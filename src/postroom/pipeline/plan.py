"""plan(): what goes out when, to how many, and why the rest does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from postroom.errors import ArticleError, AudienceError, TemplateError
from postroom.model import Blocked, Channel, Held, History, Published, Ready, Waiting
from postroom.outbox.ledger import Ledger
from postroom.pipeline.project import Project
from postroom.pipeline.stage import headcount, stage
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
    """Tell the fate of every article on every channel in every variant, as of `now`."""
    return plan_of(project, survey(project, history, now, progress), ledger, history, now)


def plan_of(
    project: Project, seen: Survey, ledger: Ledger | None, history: History, now: datetime
) -> list[PlanLine]:
    """Tell the fate of every candidate of a survey."""
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
    teller = _Teller(project=project, ledger=ledger, history=history, now=now)
    return lines + [teller.line(verdict) for verdict in seen.verdicts]


@dataclass(slots=True)
class _Teller:
    """Turns verdicts into lines; counts each audience once."""

    project: Project
    ledger: Ledger | None
    history: History
    now: datetime
    _counts: dict[str, int | AudienceError] = field(default_factory=dict)

    def line(self, verdict: Verdict) -> PlanLine:
        """Tell one verdict. An audience that cannot be read harms only the lines that are to go to it."""
        candidate = verdict.candidate
        try:
            state, at, reason, recipients = self._fate(verdict)
        except AudienceError as error:
            state, at, reason, recipients = "blocked", None, str(error), None
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
                return "waiting", until, why, self._count(candidate.channel)
            case Blocked(why=why):
                return "blocked", None, why, None
            case Held(why=why):
                return "held", None, why, None
            case Published(why=why, edition=edition, state=became):
                return ("held" if became == "held" else "published"), None, f"{edition}: {why}", None

    def _ready(self, candidate: Candidate, since: datetime) -> Fate:
        try:
            recipients = self._count(candidate.channel)
            staged = stage(self.project, candidate, due_at=since, now=self.now)
        except (ArticleError, TemplateError) as error:
            return "blocked", None, str(error), None
        if staged.faults:
            return "blocked", None, "; ".join(map(str, staged.faults)), None
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
