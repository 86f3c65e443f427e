"""One candidate, rendered: exactly what would be frozen, before it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from postroom import assets, audience
from postroom.articles import read_body
from postroom.errors import AudienceError
from postroom.model import (
    Article,
    Asset,
    Channel,
    Edition,
    Email,
    Finding,
    ImageRef,
    Manuscript,
    Rendered,
    Severity,
)
from postroom.outbox import content as frozen_content
from postroom.pipeline.locate import line_of_field, located
from postroom.pipeline.project import Project
from postroom.pipeline.survey import regrade
from postroom.readiness import Candidate
from postroom.render import parse, render_email, render_post
from postroom.render.merge import fields_in

CLOSED_FIELDS = frozenset({"email", "first_name", "name", "preferences_url", "unsubscribe_url", "web_url"})
"""The merge fields that every recipient has; the columns of the audience come on top."""

_MOST_IMAGES = 200
"""How many pictures of an article are made ready: more would never be loaded by anybody."""

UNFED_RULES = frozenset({"variant-unfed"})
"""Findings that say that there is nothing to publish. They are no errors: a short article may well lack
takeaways; it just does not go out in that variant.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A candidate with its rendering. `edition` is what the outbox would keep of it."""

    candidate: Candidate
    edition: Edition
    findings: tuple[Finding, ...]
    images: tuple[Asset, ...]

    @property
    def faults(self) -> tuple[Finding, ...]:
        """What keeps it from going out: errors, and that the article cannot feed the variant."""
        return tuple(
            finding
            for finding in self.findings
            if finding.severity is Severity.ERROR or finding.rule in UNFED_RULES
        )


def stage(
    project: Project, candidate: Candidate, *, due_at: datetime, now: datetime, revision: int = 1
) -> Staged:
    """Render a candidate into an edition that is not in the ledger.

    Raises ArticleError when the file changed since it was read, TemplateError for a template.
    """
    manuscript, found = _manuscript(project, candidate)
    rendered = _render(project, candidate, manuscript)
    fields = _unknown_fields(candidate, rendered)
    said = (*found, *located(candidate.article, _unsaid(rendered, found)), *fields)
    findings = tuple(regrade(project.config, said))
    return Staged(
        candidate=candidate,
        edition=_edition(candidate, rendered, revision, due_at=due_at, now=now),
        findings=findings,
        images=tuple(manuscript.images.values()),
    )


def _unknown_fields(candidate: Candidate, rendered: Rendered) -> Iterator[Finding]:
    """Find merge fields that the channel's audience does not have: nobody would get their value.

    Where the audience cannot be read, whoever counts it says so.
    """
    content, who = rendered.content, candidate.channel.audience
    if not isinstance(content, Email) or who is None or who.file is None:
        return
    try:
        known = {*CLOSED_FIELDS, *audience.columns(who.file, who.shown)}
    except AudienceError:
        return
    used = {name for text in (content.subject, content.html) for name, _ in fields_in(text, content.fence)}
    for name in sorted(used - known):
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(sorted(known))}"
        yield Finding(
            rule="merge-field",
            severity=Severity.ERROR,
            file=candidate.article.file,
            line=line_of_field(candidate.article, name),
            message=f"{who.shown} has no column `{name}`, which `{{{{{name}}}}}` asks for; {hint}",
        )


def _unsaid(rendered: Rendered, found: tuple[Finding, ...]) -> Iterator[Finding]:
    """Leave out what a rendering says of an image that was said already, with its line."""
    said = " ".join(finding.message for finding in found)
    for finding in rendered.findings:
        if finding.rule != "email-image-format" or not any(word in said for word in _urls(finding.message)):
            yield finding


def _urls(text: str) -> list[str]:
    return [word.rstrip(".,") for word in text.split() if word.startswith("http")]


def _manuscript(project: Project, candidate: Candidate) -> tuple[Manuscript, tuple[Finding, ...]]:
    article = candidate.article
    body = read_body(article)
    config = project.config
    inside = article.source.is_relative_to(config.base)
    refs = list(_image_refs(article, body))
    own = assets.resolve(
        refs[:_MOST_IMAGES],
        near=article.source.parent,
        root=config.base if inside else config.articles.folder,
        cache=project.cache,
        url=config.images.url,
        file=article.file,
    )
    brand = logo(project, candidate.channel)
    images = {**own.images, **brand.images}
    found = (*own.findings, *brand.findings, *_too_many(article, len(refs)))
    return Manuscript(article=article, body=body, images=images), found


def _too_many(article: Article, number: int) -> Iterator[Finding]:
    if number > _MOST_IMAGES:
        yield Finding(
            rule="image-count",
            severity=Severity.WARNING,
            file=article.file,
            message=f"it has {number} pictures; the first {_MOST_IMAGES} are shown, the others left out",
        )


def logo(project: Project, channel: Channel) -> assets.Resolved:
    """Make the brand's logo ready; templates look it up by its path."""
    picture = channel.brand.logo
    if picture is None or not channel.is_email:
        return assets.Resolved(images={}, findings=())
    config = project.config
    inside = picture.is_relative_to(config.base)
    found = assets.resolve(
        [ImageRef(src=picture.name, alt=channel.publication.name)],
        near=picture.parent,
        root=config.base if inside else picture.parent,
        cache=project.cache,
        url=config.images.url,
        file=channel.file,
    )
    return assets.Resolved(
        images={str(picture): each for each in found.images.values()}, findings=found.findings
    )


def _image_refs(article: Article, body: str) -> Iterator[ImageRef]:
    if article.image is not None:
        yield article.image
    for ref in parse(body).images:
        yield replace(ref, line=ref.line + article.body_line - 1) if ref.line else ref


def _render(project: Project, candidate: Candidate, manuscript: Manuscript) -> Rendered:
    render = render_email if candidate.channel.is_email else render_post
    return render(manuscript, candidate.channel, candidate.variant.name, project.templates)


def _edition(
    candidate: Candidate, rendered: Rendered, revision: int, *, due_at: datetime, now: datetime
) -> Edition:
    channel, article, variant = candidate.channel, candidate.article, candidate.variant.name
    edition = Edition(
        key=f"{channel.name}/{variant}/{article.id}" + (f"#{revision}" if revision > 1 else ""),
        revision=revision,
        **given_by(channel),
        article=article.id,
        variant=variant,
        title=article.title,
        content=rendered.content,
        content_hash="",
        source_hash=article.source_hash,
        due_at=due_at,
        created_at=now,
        list=channel.audience.leaves if channel.audience else "",
        url=article.url or "",
    )
    return replace(
        edition, content_hash=frozen_content.digest(edition.content, edition.sender, edition.unsubscribe)
    )


def given_by(channel: Channel) -> dict[str, Any]:  # Any: values of several kinds
    """Return what an edition has from its channel, by the names of its fields."""
    return {
        "channel": channel.name,
        "transport": channel.transport,
        "transport_kind": channel.transport_kind,
        "rehearsal": channel.rehearsal,
        "sender": channel.sender,
        "unsubscribe": channel.unsubscribe,
        "one_click": _one_click(channel),
        "hold_when_uncertain": channel.hold_when_uncertain,
    }


def _one_click(channel: Channel) -> bool:
    """Say whether List-Unsubscribe-Post may be written (RFC 8058): only with an https URL that answers.

    A rehearsal never asks it. Before a real transport sends anything, `wayout` has asked.
    """
    way = channel.unsubscribe
    url = way and (way.web or way.url)
    return not channel.rehearsal and bool(url and url.startswith("https://"))
