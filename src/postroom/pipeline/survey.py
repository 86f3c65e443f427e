"""What is there, and what may go out: every article on every channel in every variant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from postroom.articles import Loaded, Reading
from postroom.config import Config
from postroom.model import Article, Finding, History, Readiness, Severity, Waiting
from postroom.pipeline.project import Project
from postroom.readiness import Candidate, Recognised, judge, recognise

Progress = Callable[[int, int], None]
"""Told how many of how many are done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A candidate and the decision on it."""

    candidate: Candidate
    readiness: Readiness


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """All that a look at the folder gave. `articles` bear the ids under which the ledger knows them;
    `loaded` are the files as they were read, broken ones among them.
    """

    loaded: tuple[Loaded, ...]
    articles: tuple[Article, ...]
    recognised: Recognised
    verdicts: tuple[Verdict, ...]
    unsettled: tuple[str, ...] = ()

    @property
    def broken(self) -> tuple[Loaded, ...]:
        """Files that are no article, each with the finding that says why."""
        return tuple(each for each in self.loaded if each.article is None)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything found in the files."""
        return tuple(finding for each in self.loaded for finding in each.findings)

    @property
    def next_due(self) -> datetime | None:
        """When the next waiting candidate is due."""
        moments = [
            verdict.readiness.until
            for verdict in self.verdicts
            if isinstance(verdict.readiness, Waiting) and verdict.readiness.until is not None
        ]
        return min(moments, default=None)


def survey(project: Project, history: History, now: datetime, progress: Progress | None = None) -> Survey:
    """Read what changed in the articles folder and judge every candidate at `now`."""
    return judge_all(project, project.shelf.read(now, progress=progress), history, now)


def judge_all(project: Project, reading: Reading, history: History, now: datetime) -> Survey:
    """Judge every candidate of a reading at `now`."""
    loaded = tuple(graded(project.config, each) for each in reading.loaded)
    with_article = [each for each in loaded if each.article is not None]
    recognised = recognise((each.article for each in with_article if each.article), history)
    verdicts = tuple(
        Verdict(candidate=candidate, readiness=judge(candidate, history, now))
        for article, each in zip(recognised.articles, with_article, strict=True)
        for candidate in _candidates(project.config, article, each, recognised)
    )
    return Survey(
        loaded=loaded,
        articles=recognised.articles,
        recognised=recognised,
        verdicts=verdicts,
        unsettled=reading.unsettled,
    )


def graded(config: Config, loaded: Loaded) -> Loaded:
    """Give findings the severity that `checks:` asks for; rules that are off fall out."""
    if not config.checks:
        return loaded
    return replace(loaded, findings=tuple(regrade(config, loaded.findings)))


def regrade(config: Config, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Apply `checks:` to findings."""
    for finding in findings:
        severity: Severity | None = config.checks.get(finding.rule, finding.severity)
        if severity is not None:
            yield finding if severity is finding.severity else replace(finding, severity=severity)


def _candidates(
    config: Config, article: Article, loaded: Loaded, recognised: Recognised
) -> Iterator[Candidate]:
    suspicion = recognised.suspicions.get(article.id, "")
    for channel in config.channels.values():
        for variant in channel.variants:
            yield Candidate(
                article=article,
                channel=channel,
                variant=variant,
                findings=loaded.findings,
                suspicion=suspicion,
            )
