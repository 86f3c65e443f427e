"""Render an article as a post: words from the article, shape from a template, limits from the network.

Pure: the same manuscript, channel and templates give the same post.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from postroom.lint.characters import plain_letters
from postroom.lint.networks import NETWORKS, Network
from postroom.lint.post import check
from postroom.model import (
    Asset,
    Channel,
    Finding,
    LinkMode,
    Manuscript,
    Post,
    PostImage,
    Rendered,
    Severity,
)
from postroom.render.closing import call_to_action, hashtags, link_card
from postroom.render.header import Header, HeaderError, read_header
from postroom.render.layout import lay_out, tidy
from postroom.render.markdown import parse
from postroom.render.material import Material, draw, given_for
from postroom.render.passages import plain
from postroom.render.templates import Templates

_WANTED = {
    "hook": "no sentence of it stands alone in 140 characters",
    "hooks": "no sentence of it stands alone in 140 characters",
    "takeaways": "it gives fewer than three points that stand alone in 120 characters",
    "question": "it asks no question that stands alone",
    "questions": "it asks no question that stands alone",
    "teaser": "neither its description nor its opening can be told alone, and it has no subtitle",
    "summary": "neither its description nor its opening can be told alone",
    "digest": "it has no paragraph of whole sentences",
    "paragraphs": "it has no text",
    "quotations": "it quotes nobody in a block",
    "numbers": "it gives no figures",
    "cta": "it has no call to action",
}
_OVERRIDABLE = frozenset({"hook", "takeaways", "question"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One rendering: what goes in, and what the template's header made of it."""

    manuscript: Manuscript
    channel: Channel
    variant: str
    network: Network
    material: Material
    header: Header

    @property
    def language(self) -> str:
        return self.material.language

    @property
    def hero(self) -> Asset | None:
        image = self.manuscript.article.image
        return self.manuscript.images.get(image.src) if image else None

    @property
    def link(self) -> LinkMode:
        """Where the link stands. An image takes the card's place; without an address there is no link."""
        if not self.manuscript.article.url:
            return LinkMode.NONE
        wanted = self.header.link or self.channel.link
        return LinkMode.BODY if wanted is LinkMode.CARD and self.header.shows_image else wanted


def render_post(manuscript: Manuscript, channel: Channel, variant: str, templates: Templates) -> Rendered:
    """Render one variant of an article for a channel of a network.

    An article that cannot feed the variant gives an empty post and an error finding that says what
    is missing and how to add it. Raises TemplateError for a fault of the template.
    """
    article = manuscript.article
    network = NETWORKS[channel.kind]
    material = draw(
        article,
        parse(manuscript.body),
        language=article.language or channel.publication.language,
        given=given_for(article, channel.name, channel.kind),
    )
    name = templates.find(channel.kind, variant)
    job = _Job(
        manuscript=manuscript,
        channel=channel,
        variant=variant,
        network=network,
        material=material,
        header=_parted(templates, name, templates.text(name))[0],
    )
    context = _context(material, network)
    missing = list(_missing(job, context, templates, name))
    if missing:
        empty = Post(network=network.kind, parts=("",), language=job.language)
        return Rendered(content=empty, findings=tuple(missing))
    _, text = _parted(templates, name, templates.render(name, **context))
    post = _post(job, text)
    wanted = _wanted(network, job.header)
    findings = [*_noticed(job, text), *check(post, variant=variant, article=article, network=wanted)]
    return Rendered(content=post, findings=tuple(findings))


def _parted(templates: Templates, name: str, text: str) -> tuple[Header, str]:
    """Part a template, or what it gave, into header and text; its faults are the template's."""
    try:
        return read_header(text)
    except HeaderError as error:
        raise templates.error(name, error.line, str(error)) from error


def _context(material: Material, network: Network) -> dict[str, object]:
    """Name everything that a template may use; docs/add-a-variant.md tells editors."""
    article = material.article
    return {
        "author": ", ".join(map(plain, article.authors)),
        "before_question": material.before_question,
        "cta": call_to_action(article.cta, network, material.language),
        "digest": material.digest,
        "given": material.given,
        "hook": material.hook,
        "hooks": material.hooks,
        "language": material.language,
        "lead": material.lead,
        "numbers": material.numbers,
        "opening": material.opening,
        "paragraphs": material.paragraphs,
        "question": material.question,
        "questions": material.questions,
        "quotations": material.quotations,
        "read_time": article.read_time,
        "subtitle": material.subtitle,
        "summary": material.summary,
        "support": material.support,
        "teaser": material.teaser,
        "takeaways": material.takeaways,
        "title": material.title,
    }


def _missing(job: _Job, context: dict[str, object], templates: Templates, name: str) -> Iterator[Finding]:
    """Find what the variant needs and the article does not give."""
    for need in job.header.needs:
        if need not in context:
            raise templates.error(name, None, f"needs: there is no {need!r}; use one of {', '.join(context)}")
        value = context[need]
        has_it = value(job.network.text_limit) if callable(value) else value
        if not has_it and not job.material.given[job.variant]:
            yield _unfed(job, need)
    if job.header.shows_image and job.hero is None:
        yield _error(
            job,
            "variant-unfed",
            "it shows the article's image, and there is none that can be used; add `image`",
            "image",
        )


def _unfed(job: _Job, need: str) -> Finding:
    setting = f"social.{job.network.kind}.{need if need in _OVERRIDABLE else job.variant}"
    why = _WANTED.get(need, f"it has no {need}")
    hint = " (three to seven points)" if need == "takeaways" else ""
    return _unfit(
        job,
        f"the article cannot feed it: {why}; add `{setting}`{hint} to the front matter",
        setting,
    )


def _noticed(job: _Job, text: str) -> Iterator[Finding]:
    """Tell what rendering changed or left out by itself."""
    if plain_letters(text) != text:
        message = "letters in disguise (bold, italic or full-width Unicode) were written as plain ones"
        yield _finding(job, "styled-letters", Severity.WARNING, message)
    wants_link = (job.header.link or job.channel.link) is not LinkMode.NONE
    if wants_link and job.link is LinkMode.NONE:
        message = "the article has no address to link to; set `articles.url` in config.yaml or add `url`"
        yield _error(job, "link-missing", message, "url")


def _unfit(job: _Job, message: str, *keys: str) -> Finding:
    """Say that there is nothing to publish; the article is not at fault, so it is no error."""
    return _finding(job, "variant-unfed", Severity.WARNING, message, *keys)


def _error(job: _Job, rule: str, message: str, *keys: str) -> Finding:
    return _finding(job, rule, Severity.ERROR, message, *keys)


def _finding(job: _Job, rule: str, severity: Severity, message: str, *keys: str) -> Finding:
    article = job.manuscript.article
    usual = (f"social.{job.network.kind}.{job.variant}", "social")
    return Finding(
        rule=rule,
        severity=severity,
        file=article.file,
        line=next((article.lines[key] for key in (*keys, *usual) if key in article.lines), None),
        message=f"{job.network.label} {job.variant}: {message}",
    )


def _wanted(network: Network, header: Header) -> Network:
    """Judge by the template's own number of hashtags where it names one."""
    return replace(network, hashtags=header.hashtags) if header.hashtags else network


def _post(job: _Job, text: str) -> Post:
    article = job.manuscript.article
    tags = hashtags(job.channel.hashtags, article.tags, _wanted(job.network, job.header).hashtags[1])
    url = article.url or ""
    closing = [url] if job.link is LinkMode.BODY else []
    if tags:
        closing.append(" ".join(f"#{tag}" for tag in tags))
    words = lay_out(text, closing, network=job.network, language=job.language)
    card = link_card(job.manuscript, job.material, job.material.given, job.network, words)
    return Post(
        network=job.network.kind,
        parts=(words,),
        language=job.language,
        card=card if job.link is LinkMode.CARD else None,
        images=_images(job),
        first_comment=f"{tidy(job.material.title)}\n{url}" if job.link is LinkMode.FIRST_COMMENT else None,
        hashtags=tags,
    )


def _images(job: _Job) -> tuple[PostImage, ...]:
    image = job.manuscript.article.image
    if not (job.header.shows_image and job.hero and image):
        return ()
    return (PostImage(asset=job.hero, alt=plain(image.alt)),)
