"""Rules over one article as it was written, before anything is rendered. Pure: values in, findings out.

Sources of the rules: the faults counted in 36,765 published posts of 71 sites, and what mail clients
leave out (caniemail.com, read 2026-11-22). Lines are those of the article's file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TypeAlias

from postroom.lint.leftovers import example_host, placeholder, refusal_text, template_code
from postroom.lint.page import Page
from postroom.lint.prose import prose
from postroom.model import Article, Finding, Severity

MAX_FINDINGS = 25
"""Of one rule in one article; a site's template pasted in would bury all others."""

Rule: TypeAlias = Callable[[Page], Iterator[Finding]]


def check(article: Article, body: str, fields: frozenset[str] | None = None) -> Iterator[Finding]:
    """Apply every rule to an article and its Markdown body (LF line ends).

    `fields` are the merge fields that mail will know; None allows any that is one plain name.
    """
    yield from inspect(Page(article, body, prose(body), fields))


def inspect(page: Page) -> Iterator[Finding]:
    """Apply every rule to a page whose prose is known."""
    for rule in RULES:
        yield from islice(rule(page), MAX_FINDINGS)


def empty_body(page: Page) -> Iterator[Finding]:
    """`empty-body`, error: nothing to read below the front matter but a heading at most.

    Source: files of generated feeds that hold front matter alone.
    """
    text = re.sub(r"<!--.*?(?:-->|\Z)", "", page.body, flags=re.DOTALL) if "<!--" in page.body else page.body
    if not re.sub(r"\A\s*#[^\n]*", "", text).strip():
        message = "the article has no text; write it, or remove the file"
        yield page.finding("empty-body", Severity.ERROR, message, page.article.body_line)


def title_missing(page: Page) -> Iterator[Finding]:
    """`title-missing`, warning: the title was made of the file's name.

    Source: 3 % of the posts have no front matter; the subject of a mail is its title.
    """
    if "title" not in page.article.lines:
        message = (
            f"no title; `{page.article.title[:60]}` is made of the file's name. Add `title:` or a heading"
        )
        yield page.finding("title-missing", Severity.WARNING, message, 1)


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text).strip().casefold()


def title_repeated_in_body(page: Page) -> Iterator[Finding]:
    """`title-repeated-in-body`, info: the body opens with the title, which is shown above it anyway.

    Source: posts that carry an H1 below their front matter.
    """
    first = page.prose.lstrip()[:400].split("\n", 2)
    is_heading = first[0].startswith("# ") or (
        len(first) > 1 and re.match(r" {0,3}=+\s*$", first[1]) is not None
    )
    if (
        is_heading
        and _plain(first[0]) == _plain(page.article.title)
        and page.line_of("title") < page.article.body_line
    ):
        line = page.line_at(len(page.prose) - len(page.prose.lstrip()))
        yield page.finding(
            "title-repeated-in-body", Severity.INFO, "the text opens with the title; it is shown once", line
        )


def description_repeated(page: Page) -> Iterator[Finding]:
    """`description-repeated`, info: the first paragraph is the description.

    Source: 308 of 6,900 posts; as a preheader it would only repeat what follows.
    """
    description = _plain(page.article.description)
    start = len(page.prose) - len(page.prose.lstrip())
    opening = page.prose[start:].partition("\n\n")[0][: len(page.article.description) + 200]
    if len(description) > 20 and _plain(opening).startswith(description):
        message = "the first paragraph repeats the description; previews give way to the subtitle"
        yield page.finding("description-repeated", Severity.INFO, message, page.line_at(start))


_IMAGE = re.compile(
    r"!\[\s{0,9}\][(\[]|<img\b(?![^<>]{0,2000}\balt\s?=\s?[\"']?[^\"'\s>])[^<>]{0,2000}>", re.IGNORECASE
)


def image_without_alt(page: Page) -> Iterator[Finding]:
    """`image-without-alt`, warning: an image that says nothing where images are not shown.

    Source: WCAG 2.2, criterion 1.1.1; 1,251 of 8,489 posts with images.
    """
    for match in _IMAGE.finditer(page.prose) if "![" in page.prose or "<img" in page.prose.lower() else ():
        message = "an image without alternative text; describe it between the brackets (or in alt=)"
        yield page.finding("image-without-alt", Severity.WARNING, message, page.line_at(match.start()))


_TAG = re.compile(r"<(iframe|video|audio|script|style|object|embed|form|canvas|math)\b", re.IGNORECASE)
_MATH = re.compile(
    r"\$\$|\\\(|\\\[(?=[^\]]*\\)"
    r"|(?<![\\$\w])\$(?![\s$])[^$\n]{0,200}?[\\^_{][^$\n]{0,200}?(?<![\s\\])\$(?![\w$])"
)
_DATA = re.compile(r"\]\(\s*<?data:|\bsrc\s*=\s*[\"']?data:")
_INSTEAD = {
    "math": ("a formula", "write it in words, or put it in as an image"),
    "data": ("an image written as text (data:)", "put it in a file; Gmail and Outlook show none"),
}


def not_mailable(page: Page) -> Iterator[Finding]:
    """`not-mailable`, warning: what mail clients leave out; told once for each kind.

    Source: caniemail.com on iframe, video, form, script and data URIs; raw HTML in 6,619 posts,
    iframe or video in 433, script or style in 437, math in 1,826.
    """
    text, found = page.prose, dict[str, int]()
    for match in _TAG.finditer(text) if "<" in text else ():
        found.setdefault(match[1].lower(), match.start())
    for kind, sign, pattern in (("math", "$", _MATH), ("math", "\\", _MATH), ("data", "data:", _DATA)):
        first = pattern.search(text) if sign in text and kind not in found else None
        if first is not None:
            found[kind] = first.start()
    for kind, position in found.items():
        what, cure = _INSTEAD.get(kind, (f"<{kind}>", "put a link in its place"))
        message = f"mail cannot show {what}; {cure}"
        yield page.finding("not-mailable", Severity.WARNING, message, page.line_at(position))


# No mail client breaks such a word; so many characters fill several lines of any screen.
LONG_TOKEN = 300
_TOKEN = re.compile(f"[!-~]{{{LONG_TOKEN},}}")


def long_token(page: Page) -> Iterator[Finding]:
    """`long-token`, info: a word so long that it stretches a narrow screen.

    Source: 587 of 36,765 posts hold one of over 300 characters, the longest 283,399.
    """
    longest = max(map(len, page.prose.split()), default=0)
    for match in _TOKEN.finditer(page.prose) if longest >= LONG_TOKEN else ():
        message = (
            f"{len(match[0]):,} characters without a blank, from `{match[0][:30]}` on: too wide for a phone"
        )
        yield page.finding("long-token", Severity.INFO, message, page.line_at(match.start()))


RULES: tuple[Rule, ...] = (
    empty_body,
    refusal_text,
    placeholder,
    example_host,
    template_code,
    title_missing,
    title_repeated_in_body,
    description_repeated,
    image_without_alt,
    not_mailable,
    long_token,
)
