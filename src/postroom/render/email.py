"""Render an article as a newsletter: once for everyone, the same bytes for the same inputs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from html import escape

from postroom.errors import ArticleError
from postroom.lint.email import check
from postroom.model import Article, Channel, Email, Finding, Manuscript, Rendered, Severity
from postroom.render.inliner import inlined
from postroom.render.mailview import GUTTER, TEXT_WIDTH, language_of, view_of
from postroom.render.markdown import Document, Fault, parse
from postroom.render.merge import fence_for, is_clean, longer_fence, mark
from postroom.render.mjml import MjmlError, compiled
from postroom.render.templates import Templates
from postroom.slugs import address_of, slug_of

PREHEADER_CHARS = 110
"""The longest preheader that inboxes show beside a subject."""

MOST_PROSE_CHARS = 400_000
"""Four times what Gmail shows of a mail (about 102 KB): more is not worth inlining, which takes minutes then."""

BODY = "postroom-article-body"
"""What stands in MJML for the article. Its HTML never passes the compiler, which drops white space from it,
refuses what is not well-formed and crashes on deep nesting.
"""

_BODY_TAG = re.compile(r"<body\b[^>]*>")
_CURES = {
    "email-subject": ("email.subject", "email", "title"),
    "email-preheader": ("email.preheader", "email", "description"),
}
"""Which front matter keys may cure a finding, the nearest first."""


def render_email(manuscript: Manuscript, channel: Channel, variant: str, templates: Templates) -> Rendered:
    """Render a variant (`article` is `templates/email/article.mjml.j2`) of an article for a channel.

    Pure: no clock, no network. Raises TemplateError, which names the template and its line, and
    ArticleError for a text that is far too long for a mail.
    """
    document = parse(manuscript.body)
    draw = partial(_drawn, manuscript, channel, variant, templates, document)
    sources = _sources(manuscript, channel)
    email = draw(fence_for(*sources))
    if not all(
        is_clean(text, email.fence) for text in (email.subject, email.preheader, email.html, email.text)
    ):
        email = draw(longer_fence("\n".join((*sources, email.html, email.text))))
    return Rendered(content=email, findings=tuple(_findings(manuscript.article, document, email)))


def subject_of(article: Article) -> str:
    """Tell the subject, on one line: the front matter's own, else the title."""
    return " ".join((article.email.get("subject") or article.title).split())


def preheader_of(article: Article, document: Document) -> str:
    """Tell the line that inboxes show beside the subject, at most 110 characters.

    The description gives way to the subtitle where it only repeats how the body begins.
    """
    if article.email.get("preheader"):
        return cut(article.email["preheader"])
    description = "" if article.subtitle and _repeats(article.description, document) else article.description
    return cut(description or article.subtitle or document.opening())


def web_view_of(article: Article, channel: Channel, variant: str) -> str:
    """Tell where anybody will read this mail in a browser; empty where nobody may."""
    if channel.web_view is None:
        return ""
    return address_of(channel.web_view, slug_of(channel.name, variant, article.id))


def cut(text: str, limit: int = PREHEADER_CHARS) -> str:
    """Shorten a text to `limit` characters at the end of a word, never inside a merge field."""
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    head = line[:limit]
    head = head.rsplit(" ", 1)[0] if " " in head else head[:-1]
    if head.rfind("{{") > head.rfind("}}"):
        head = head[: head.rfind("{{")]
    return head.rstrip(" ,;:–—-.") + "…"


def _repeats(description: str, document: Document) -> bool:
    said, opening = (" ".join(text.split()).casefold() for text in (description, document.opening()))
    return bool(said) and (opening.startswith(said[:60]) or said.startswith(opening[:60] or "\0"))


def _sources(manuscript: Manuscript, channel: Channel) -> tuple[str, ...]:
    """Gather the texts in which the fence must not occur."""
    return manuscript.body, repr(manuscript.article), repr(channel.publication), repr(manuscript.images)


def _drawn(
    manuscript: Manuscript,
    channel: Channel,
    variant: str,
    templates: Templates,
    document: Document,
    fence: str,
) -> Email:
    article, publication = manuscript.article, channel.publication
    view = {
        **view_of(manuscript, channel, document, fence),
        "web_view": web_view_of(article, channel, variant),
    }
    shown = document.without_opening(article.title, str(view["standfirst"])).merged(fence)
    base = article.url or publication.url
    preheader = mark(preheader_of(article, document), fence)
    mjml, html = _compiled(templates, variant, {**view, "body": BODY})
    column = channel.brand.width - 2 * GUTTER
    prose = shown.html(manuscript.images, base=base, column=column)
    if len(prose) > MOST_PROSE_CHARS:
        raise ArticleError(_too_long(article, len(prose)))
    html = html.replace(BODY, prose)
    html = _with_preheader(inlined(html, templates.render("email/article.css.j2", **view)), preheader)
    body = shown.text(base=base, width=TEXT_WIDTH, fence=fence)
    return Email(
        subject=mark(subject_of(article), fence),
        preheader=preheader,
        html=html,
        text=tidy(templates.render(_text_template(templates, variant), **view, body=body)),
        mjml=mjml,
        language=language_of(article, publication),
        fence=fence,
    )


def _too_long(article: Article, chars: int) -> Finding:
    return Finding(
        rule="email-size",
        severity=Severity.ERROR,
        file=article.file,
        line=article.body_line,
        message=f"its text makes {chars // 1000:,} KB of HTML, and Gmail cuts a mail off at 102 KB; shorten it",
    )


def _compiled(templates: Templates, variant: str, view: dict[str, object]) -> tuple[str, str]:
    """Fill the variant's template and compile it: MJML and HTML."""
    name = templates.find("email", variant)
    mjml, html = filled(templates, name, view)
    if html.count(BODY) != 1:
        raise templates.error(name, None, "must print {{ body }} exactly once, in an mj-text")
    return mjml, html


def filled(templates: Templates, name: str, view: dict[str, object]) -> tuple[str, str]:
    """Fill a template and compile it: MJML and HTML. Raises TemplateError with the template's own line."""
    mjml = templates.render(name, **view)
    try:
        return mjml, compiled(mjml)
    except MjmlError as error:
        file, line = templates.whence(name, error.excerpt)
        where = f"line {error.line} of the MJML made from it reads: {error.excerpt[:160]}"
        raise templates.error(file, line, f"{error.message}; {where}") from error


def _text_template(templates: Templates, variant: str) -> str:
    own = f"email/{variant}.txt.j2"
    return own if templates.path(own) else "email/article.txt.j2"


def _with_preheader(html: str, preheader: str) -> str:
    """Put the preheader first in the body, hidden. Neither white nor tiny: spam filters count both against a
    mail (SpamAssassin: HTML_FONT_LOW_CONTRAST, FONT_INVIS_MSGID).
    """
    style = "display:none;max-height:0;overflow:hidden;mso-hide:all;"
    hidden = f'<div style="{style}">{escape(preheader, quote=False)}</div>' if preheader else ""
    return _BODY_TAG.sub(lambda tag: tag[0] + hidden, html, count=1)


def tidy(text: str) -> str:
    """Leave no blank at the end of a line and no more than one empty line in a row, signature mark apart."""
    lines = (line if line == "-- " else line.rstrip() for line in text.strip().split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def _findings(article: Article, document: Document, email: Email) -> Iterator[Finding]:
    for fault in document.faults:
        yield _told(article, fault)
    for finding in check(email, article.file):
        keys = next((keys for start, keys in _CURES.items() if finding.rule.startswith(start)), ())
        line = next((article.lines[key] for key in keys if key in article.lines), None)
        yield replace(finding, line=line) if line else finding


def _told(article: Article, fault: Fault) -> Finding:
    line = article.body_line + fault.line - 1 if fault.line else None
    return Finding(
        rule=fault.rule, severity=fault.severity, file=article.file, line=line, message=fault.message
    )
