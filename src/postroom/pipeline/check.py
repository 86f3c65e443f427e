"""check(): every mistake that can be found without sending anything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from postroom.audience import Rejection, chosen
from postroom.errors import ArticleError, AudienceError, TemplateError
from postroom.lint.post import compare
from postroom.model import Article, Audience, Channel, Finding, History, Post, Severity
from postroom.pipeline import narrowing
from postroom.pipeline.heads import condition_of
from postroom.pipeline.project import Project
from postroom.pipeline.signing import UNFIT, unusable_keys
from postroom.pipeline.slips import slips
from postroom.pipeline.stage import stage
from postroom.pipeline.survey import Progress, Survey, regrade, survey
from postroom.pipeline.tracked import tracked_audiences
from postroom.pipeline.wayout import missing_ways_out
from postroom.readiness import Candidate, unselected
from postroom.transports.secret import reader

_ROWS_NAMED = 20
"""How many unusable rows of an audience file are named one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check looked at and what it found, without repeats, by place."""

    articles: int
    findings: tuple[Finding, ...]


def check(
    project: Project,
    now: datetime,
    *,
    only: tuple[Path, ...] = (),
    progress: Progress | None = None,
) -> Checked:
    """Check config, audiences, every article, and every mail and post that could come of them.

    `only` narrows the articles to these files or folders. Drafts are checked too: an author wants to
    know before the date.
    """
    seen = survey(project, History(), now, None)
    found = list(project.config.warnings)
    found += regrade(project.config, tracked_audiences(project.config))
    found += regrade(project.config, narrowing.in_files(project.config))
    found += [*_audiences(project), *missing_ways_out(project.config), *_unfit_keys(project)]
    files = [each for each in seen.loaded if _chosen(project, each.file, only)]
    candidates = _by_source(seen)
    for number, loaded in enumerate(files, start=1):
        found += loaded.findings
        if loaded.article is not None:
            found += regrade(project.config, slips(project.config, loaded.article))
        if loaded.article is not None and not _stops(loaded.findings):
            found += _renderings(project, candidates[loaded.article.source], loaded.article, now)
        if progress is not None:
            progress(number, len(files))
    articles = sum(not each.is_folder for each in files)
    return Checked(articles=articles, findings=tuple(_sorted(found)))


def _chosen(project: Project, file: str, only: tuple[Path, ...]) -> bool:
    if not only:
        return True
    path = (project.config.base / file).resolve()
    return any(path == each.resolve() or path.is_relative_to(each.resolve()) for each in only)


def _stops(findings: Iterable[Finding]) -> bool:
    return any(finding.severity is Severity.ERROR for finding in findings)


def _audiences(project: Project) -> Iterator[Finding]:
    for channel in project.config.channels.values():
        who = channel.audience
        if who is None or who.file is None:
            continue
        try:
            yield from _rows(channel, who, who.file)
        except AudienceError as error:
            yield _config_finding(channel, "audience", str(error))


def _unfit_keys(project: Project) -> Iterator[Finding]:
    """Find the DKIM key files that cannot sign. Those that are not here may be where the daemon runs."""
    config = project.config
    return (each for each in unusable_keys(config, reader({}, config.base)) if each.rule == UNFIT)


def _rows(channel: Channel, who: Audience, path: Path) -> Iterator[Finding]:
    """Find the rows of an audience file that nobody can be written to for. Raises AudienceError."""
    recipients = 0
    rejections: list[Rejection] = []
    shown = who.shown
    for row in chosen(path, shown, condition_of(who)):
        if isinstance(row, Rejection):
            rejections.append(row)
        else:
            recipients += 1
    for each in rejections[:_ROWS_NAMED]:
        yield _row_finding(shown, each.line, each.why)
    if len(rejections) > _ROWS_NAMED:
        more = len(rejections) - _ROWS_NAMED
        yield _row_finding(shown, rejections[_ROWS_NAMED].line, f"{more} more rows cannot be used")
    if not recipients:
        only = f" for whom `{who.only}` holds" if who.only is not None else ""
        yield _row_finding(shown, 1, f"nobody is in it{only}: {channel.name} waits until there is one")


def _row_finding(shown: str, line: int, message: str) -> Finding:
    return Finding(rule="audience-row", severity=Severity.WARNING, file=shown, line=line, message=message)


def _config_finding(channel: Channel, name: str, message: str) -> Finding:
    return Finding(
        rule=name,
        severity=Severity.ERROR,
        file=channel.file,
        line=channel.lines.get(name) or channel.lines.get("channel"),
        message=message,
    )


def _by_source(seen: Survey) -> dict[Path, list[Candidate]]:
    """Gather what each file may become, in one pass; channels that it does not go to are left out."""
    found: dict[Path, list[Candidate]] = defaultdict(list)
    for verdict in seen.verdicts:
        if unselected(verdict.candidate) is None:
            found[verdict.candidate.article.source].append(verdict.candidate)
    return found


def _renderings(
    project: Project, candidates: Iterable[Candidate], article: Article, now: datetime
) -> Iterator[Finding]:
    posts: dict[str, dict[str, Post]] = {}
    for candidate in candidates:
        yield from _rendering(project, candidate, now, posts)
    for group in posts.values():
        yield from regrade(project.config, compare(group, article=article))


def _rendering(
    project: Project, candidate: Candidate, now: datetime, posts: dict[str, dict[str, Post]]
) -> Iterator[Finding]:
    try:
        staged = stage(project, candidate, due_at=candidate.article.publish_at or now, now=now)
    except (ArticleError, TemplateError) as error:
        yield error.finding
        return
    yield from staged.findings
    if isinstance(staged.edition.content, Post):
        posts.setdefault(candidate.channel.name, {})[candidate.variant.name] = staged.edition.content


def _sorted(findings: Iterable[Finding]) -> list[Finding]:
    unique = dict.fromkeys(findings)
    return sorted(unique, key=lambda each: (each.file, each.line or 0, each.column or 0, each.rule))
