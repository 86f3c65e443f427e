"""The studio's source: the same steps as the daemon's, up to the point where something would be kept."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from email import message_from_bytes, policy
from pathlib import Path

from postroom.cli import session
from postroom.compose.merge import fields_of, fill_text
from postroom.errors import ArticleError, ConfigError, PostroomError, TemplateError, UsageError
from postroom.model import Content, Email, Finding, Mail, Severity
from postroom.outbox import content as frozen_content
from postroom.pipeline.plan import PlanLine, plan_of
from postroom.pipeline.preview import Sample, sample
from postroom.pipeline.project import Project
from postroom.pipeline.stage import Staged, stage
from postroom.pipeline.survey import Survey, Verdict, survey
from postroom.plainfiles import read_plain
from postroom.web.studio import Entry, Sheet


class ProjectSource:
    """A project as the studio wants to see it. Reads files anew whenever they have changed."""

    def __init__(self, config: Path) -> None:
        self._path = config
        self._generation = 0
        self._lock = threading.Lock()
        self._project: Project | None = None
        self._survey: Survey | None = None
        self._lines: list[PlanLine] = []
        self._images: dict[str, Path] = {}
        self._read_at = -1

    @property
    def url_prefix(self) -> str:
        """Tell where images will be published."""
        return self._now().config.images.url

    def paths(self) -> list[Path]:
        """List what to watch."""
        try:
            config = session.load(self._path).config
        except ConfigError:
            return [self._path]
        return [self._path, config.articles.folder, config.templates, config.images.folder]

    def changed(self) -> None:
        """Take note that files have changed."""
        with self._lock:
            self._generation += 1

    def generation(self) -> int:
        """Count how often files have changed."""
        with self._lock:
            return self._generation

    def catalogue(self) -> Sequence[Entry]:
        """List every article on every channel in every variant."""
        self._now()
        assert self._survey is not None
        lines = {(line.article, line.channel, line.variant): line for line in self._lines}
        entries = [_entry(verdict, lines) for verdict in self._survey.verdicts]
        return entries + [_broken(each.file, each.findings) for each in self._survey.broken]

    def sheet(self, article: str, channel: str, variant: str) -> Sheet:
        """Render one entry."""
        project = self._now()
        place = (article, channel, variant)
        found = (each for each in self.catalogue() if (each.article, each.channel, each.variant) == place)
        entry = next(found, None)
        if entry is None:
            raise UsageError(f"{article} is gone")
        verdict = self._verdict(article, channel, variant)
        if verdict is None:
            return Sheet(entry=entry, content=None, findings=self._found(entry.file))
        return self._staged_sheet(project, verdict, entry)

    def asset(self, name: str) -> tuple[bytes, str] | None:
        """Read an image of the project by the name under which it will be published."""
        file = self._images.get(name)
        kinds = {".jpg": "image/jpeg", ".png": "image/png", ".gif": "image/gif"}
        if file is None or file.suffix not in kinds:
            return None
        return read_plain(file), kinds[file.suffix]

    def _now(self) -> Project:
        generation = self.generation()
        if self._project is None or self._read_at != generation:
            project = session.load(self._path)
            with session.ledger_if_any(project) as ledger:
                known = session.read_history(ledger)
                seen = survey(project, known, session.now())
                self._lines = plan_of(project, seen, ledger, known, session.now())
            self._project, self._survey, self._read_at = project, seen, generation
        return self._project

    def _verdict(self, article: str, channel: str, variant: str) -> Verdict | None:
        assert self._survey is not None
        for verdict in self._survey.verdicts:
            candidate = verdict.candidate
            if (candidate.article.id, candidate.channel.name, candidate.variant.name) == (
                article,
                channel,
                variant,
            ):
                return verdict
        return None

    def _found(self, file: str) -> tuple[Finding, ...]:
        assert self._survey is not None
        return next((each.findings for each in self._survey.loaded if each.file == file), ())

    def _staged_sheet(self, project: Project, verdict: Verdict, entry: Entry) -> Sheet:
        candidate, now = verdict.candidate, session.now()
        try:
            staged = stage(project, candidate, due_at=candidate.article.publish_at or now, now=now)
            with session.ledger_if_any(project) as ledger:
                shown = sample(staged, ledger, now)
        except (ArticleError, TemplateError) as error:
            return Sheet(entry=entry, content=None, findings=(*candidate.findings, error.finding))
        except PostroomError as error:
            return Sheet(entry=entry, content=None, findings=(*candidate.findings, _fault(entry.file, error)))
        for asset in staged.images:
            if asset.file is not None:
                self._images[asset.url.rpartition("/")[2]] = asset.file
        return _sheet(entry, staged, shown)


def _sheet(entry: Entry, staged: Staged, shown: Sample) -> Sheet:
    findings = tuple(dict.fromkeys((*staged.candidate.findings, *staged.findings)))
    content: Content = staged.edition.content
    json = frozen_content.encode(content)
    publication = staged.candidate.channel.publication
    if not isinstance(content, Email) or not isinstance(shown.message.content, Mail):
        return Sheet(entry=entry, content=content, findings=findings, json=json, sender=publication.name)
    data = shown.message.content.data
    parsed = message_from_bytes(data, policy=policy.default)
    html, text = parsed.get_body(("html",)), parsed.get_body(("plain",))
    return Sheet(
        entry=entry,
        content=content,
        findings=findings,
        html=html.get_content() if html is not None else "",
        text=text.get_content() if text is not None else "",
        preheader=fill_text(content.preheader, content.fence, fields_of(shown.reader, "")),
        eml=data,
        headers=tuple((name, str(value)) for name, value in parsed.items()),
        json=json,
        sender=publication.name,
    )


def _entry(verdict: Verdict, lines: dict[tuple[str, str, str], PlanLine]) -> Entry:
    candidate = verdict.candidate
    article = candidate.article
    line = lines[article.id, candidate.channel.name, candidate.variant.name]
    return Entry(
        article=article.id,
        title=article.title,
        file=article.file,
        channel=candidate.channel.name,
        variant=candidate.variant.name,
        kind=candidate.channel.kind,
        state=line.state,
        why=line.reason,
        errors=_count(candidate.findings, Severity.ERROR),
        warnings=_count(candidate.findings, Severity.WARNING),
    )


def _broken(file: str, findings: tuple[Finding, ...]) -> Entry:
    return Entry(
        article=file,
        title=file,
        file=file,
        channel="",
        variant="",
        kind="",
        state="blocked",
        why="; ".join(str(finding) for finding in findings),
        errors=_count(findings, Severity.ERROR),
        warnings=_count(findings, Severity.WARNING),
    )


def _count(findings: tuple[Finding, ...], severity: Severity) -> int:
    return sum(finding.severity is severity for finding in findings)


def _fault(file: str, error: PostroomError) -> Finding:
    return Finding(rule="not-shown", severity=Severity.ERROR, file=file, message=str(error))
