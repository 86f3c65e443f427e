"""Rules for what was left in an article by mistake: refusals, blanks, stand-ins, a site's own code.

Sources: the faults counted in 36,765 published posts of 71 sites. Each rule is one function.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from postroom.lint.page import Page
from postroom.lint.phrases import BLANK, EXAMPLE_HOST, FILLER, FILLER_WORDS, REFUSING_OPENING, REFUSING_TITLE
from postroom.model import Finding, Severity

# A refusal opens its text; further down, the same words are quoted from someone.
_OPENING_LENGTH = 400


def refusal_text(page: Page) -> Iterator[Finding]:
    """`refusal-text`, error: a refusal or an error saved as if it were an article.

    Source: titles such as "Content required" in published feeds; the wordings are in `phrases`.
    """
    title = page.article.title.replace("\u2019", "'")
    if REFUSING_TITLE.match(title):
        message = f"the title `{title[:80]}` is a refusal or an error; replace the article, or remove it"
        yield page.finding("refusal-text", Severity.ERROR, message, page.line_of("title"))
    start = len(page.body) - len(page.body.lstrip())
    opening = re.sub(r"\A#[^\n]*\n\s*", "", page.body[start : start + _OPENING_LENGTH]).replace("\u2019", "'")
    if match := REFUSING_OPENING.match(opening):
        found = " ".join(match[0].split())[:80]
        message = f"the text opens with `{found}`: a refusal or an error, not an article"
        yield page.finding("refusal-text", Severity.ERROR, message, page.line_at(start))


def placeholder(page: Page) -> Iterator[Finding]:
    """Find what nobody filled in (`placeholder`, error): `[Your Name]`, lorem ipsum, TODO.

    Markdown links, footnotes, reference links, task lists and code are no placeholders.
    Source: published feeds with `[placeholder]` in names and texts.
    """
    for author in page.article.authors:
        if re.search(r"\[[^\]]*\]|<[^@>]*>|\{\{", author):
            message = f"the author `{author[:60]}` was never filled in; write the name, or remove the key"
            yield page.finding("placeholder", Severity.ERROR, message, page.line_of("author"))
    for text, line in page.texts():
        for match in BLANK.finditer(text) if "[" in text else ():
            if not _is_markdown(text, match):
                yield _left_over(page, match, text, line)
        for match in FILLER.finditer(text) if any(map(text.__contains__, FILLER_WORDS)) else ():
            yield _left_over(page, match, text, line)


def _left_over(page: Page, match: re.Match[str], text: str, line: int) -> Finding:
    message = f"`{match[0].strip()[:60]}` was left in; write what belongs there"
    return page.finding("placeholder", Severity.ERROR, message, line + text.count("\n", 0, match.start()))


def _is_markdown(text: str, match: re.Match[str]) -> bool:
    """Tell whether a bracket is a link, an image, a reference or its definition."""
    before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
    if before in ("!", "]", "\\") or after in ("(", "[", ":"):
        return True
    return re.search(r"^ {0,3}" + re.escape(match[0]) + ":", text, re.MULTILINE | re.IGNORECASE) is not None


_HOST = re.compile(r"//(?:[^\s/@\"'<>]*@)?([\w.-]+)")


def example_host(page: Page) -> Iterator[Finding]:
    """`example-host`, warning: a link or an image that was never filled in.

    Source: RFC 2606, section 3 (example.com, .net, .org), and hosts of stand-in images.
    """
    image = page.article.image
    texts = ((image.src if image else "", page.line_of("heroImage")), (page.prose, page.article.body_line))
    for text, line in texts:
        for match in _HOST.finditer(text) if "//" in text else ():
            if EXAMPLE_HOST.match(match[1]):
                yield _unfilled(page, match[1], line + text.count("\n", 0, match.start()))


def _unfilled(page: Page, host: str, line: int) -> Finding:
    message = f"`{host}` stands for another address; put the real one in, or remove the link"
    return page.finding("example-host", Severity.WARNING, message, line)


_MERGE_FIELD = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*(?:\|[^{}|]*)?\}\}\Z")
_TEMPLATE_CODE = re.compile(
    r"""
      \{\{(?:[^{}\n]|\{[^{}\n]*\}){0,300}\}\}     # Liquid, Jinja, Hugo shortcodes, merge fields
    | \{%[^%]{0,300}%\}                           # Liquid and Jinja tags
    | <%[^%]{0,300}%>                             # ERB, EJS
    | ^import\s[^\n]{0,200}\sfrom\s+["'][^"'\n]+["']                       # MDX
    | ^export\s+(?:const|default|function)\b[^\n]{0,80}
    | (?<![\w<])<[A-Z][a-z]\w*(?:\.\w+)*(?:\s[^<>]{0,300})?/>              # <Chart data={x} />
    | (?<![\w<])<[A-Z][a-z]\w*(?:\.\w+)*\s+\w+=[^<>]{0,300}>               # <Tabs group="os">
    | </[A-Z][a-z]\w*(?:\.\w+)*>
    | \{(?:props|frontmatter|Astro|page|site)\.[\w.]{1,80}\}
    | \[(?:caption|gallery|embed|video|audio|playlist)\b[^\]\n]{0,200}\](?!\()  # WordPress shortcodes
    """,
    re.VERBOSE | re.MULTILINE,
)
# One of these stands in every text that the pattern matches: quick to look for.
_TEMPLATE_SIGNS = ("{", "<", "port ", "[caption", "[gallery", "[embed", "[video", "[audio", "[playlist")


def template_code(page: Page) -> Iterator[Finding]:
    """`template-code`, error: code of a site generator that readers would see as it is.

    Merge fields (`{{first_name|there}}`) are allowed; so is everything inside code.
    Source: Liquid in 4,177 of 36,765 posts, Hugo shortcodes in 2,014, MDX components in 437.
    """
    for text, line in page.texts():
        matches = _TEMPLATE_CODE.finditer(text) if any(map(text.__contains__, _TEMPLATE_SIGNS)) else iter(())
        told: set[int] = set()
        for match in matches:
            at = line + text.count("\n", 0, match.start())
            if at not in told and (message := _objection(match[0], text, page.fields)):
                told.add(at)
                yield page.finding("template-code", Severity.ERROR, message, at)


def _objection(code: str, text: str, fields: frozenset[str] | None) -> str:
    """Say what is wrong with a piece of template code; "" for a merge field within a text. A field
    that is the whole text (`title: {{ title }}`) was never filled in.
    """
    shown = " ".join(code.split())[:60]
    field = _MERGE_FIELD.match(code)
    if field is None or code == text.strip():
        return f"`{shown}` is a site generator's code, and readers would see it so; write out what it makes"
    if fields is None or field[1] in fields:
        return ""
    near = difflib.get_close_matches(field[1], sorted(fields), 1)
    hint = f'did you mean "{near[0]}"?' if near else f"known: {', '.join(sorted(fields))}"
    return f"`{shown}`: no such merge field; {hint}"
