"""The Markdown that articles are written in: CommonMark and what editors expect on top of it."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from postroom.render.rawhtml import media_as_links, unshown_in

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_core import StateCore
    from markdown_it.token import Token

MAX_NESTING = 100
"""Blocks within blocks that are read. markdown-it drops what lies deeper; its own default is 20, which a
list of ten levels reaches. libxml2 loses everything below 254 elements, the mail around it included.
"""

_BARE_URL = re.compile(r"\bhttps?://[^\s<>\"`|]*[^\s<>\"`|.,;:!?'*_~\]}…»”’]", re.IGNORECASE)
_CHECKBOX = '<input class="task-list-item-checkbox"'


@cache
def reader() -> MarkdownIt:
    """Build the parser once: tables, footnotes, task and definition lists, strikethrough, bare URLs as links.

    Typographer and linkify stay off: what an author wrote is what people read.
    """
    from markdown_it import MarkdownIt
    from mdit_py_plugins.deflist import deflist_plugin
    from mdit_py_plugins.footnote import footnote_plugin
    from mdit_py_plugins.tasklists import tasklists_plugin

    markdown = MarkdownIt("commonmark", {"html": True, "maxNesting": MAX_NESTING})
    markdown.enable(["table", "strikethrough"])
    markdown.use(footnote_plugin).use(deflist_plugin).use(tasklists_plugin)
    markdown.core.ruler.push("checkboxes", _draw_checkboxes)
    markdown.core.ruler.push("media", _link_media)
    markdown.core.ruler.push("bare_urls", _link_bare_urls)
    return markdown


def _inlines(state: StateCore) -> list[Token]:
    return [token for token in state.tokens if token.type == "inline" and token.children]


def _draw_checkboxes(state: StateCore) -> None:
    """Turn the plugin's form fields, which mail must not hold, into characters."""
    for inline in _inlines(state):
        for child in inline.children or []:
            if child.type == "html_inline" and child.content.startswith(_CHECKBOX):
                child.type = "text"
                child.content = "☑" if "checked=" in child.content else "☐"


def _link_media(state: StateCore) -> None:
    """Turn films and frames, which no mail can show, into links to them; note which they were."""
    for token in state.tokens:
        for piece in (token, *(token.children or ())):
            if piece.type in ("html_block", "html_inline"):
                token.meta["unshown"] = [*token.meta.get("unshown", ()), *unshown_in(piece.content)]
                piece.content = media_as_links(piece.content)


def _link_bare_urls(state: StateCore) -> None:
    for inline in _inlines(state):
        if "://" in inline.content:
            inline.children = _linked(inline.children or [])


def _linked(children: list[Token]) -> list[Token]:
    result: list[Token] = []
    depth = 0
    for token in children:
        depth += _opens_link(token)
        result.extend(_split_at_urls(token) if token.type == "text" and depth <= 0 else [token])
    return result


def _opens_link(token: Token) -> int:
    """Tell how a token changes the depth of links: Markdown's own, and `<a>` in raw HTML."""
    if token.type in ("link_open", "link_close"):
        return token.nesting
    if token.type == "html_inline":
        tag = token.content[:3].lower()
        return 1 if tag in ("<a ", "<a>", "<a\n") else -1 if tag == "</a" else 0
    return 0


def _split_at_urls(token: Token) -> list[Token]:
    parts: list[Token] = []
    end = 0
    for match in _BARE_URL.finditer(token.content):
        start, stop = match.start(), match.start() + len(_balanced(match.group()))
        href = _safe(match.string[start:stop])
        if href is not None:
            parts += [_text(token, token.content[end:start]), *_link(token, href, match.string[start:stop])]
            end = stop
    return [
        part for part in (*parts, _text(token, token.content[end:])) if part.type != "text" or part.content
    ]


def _balanced(url: str) -> str:
    """Leave a closing bracket outside that was opened before the URL: `(see https://…/a_(b))`."""
    while url.endswith(")") and url.count(")") > url.count("("):
        url = url[:-1].rstrip(".,;:!?'")
    return url


def _safe(url: str) -> str | None:
    href = reader().normalizeLink(url)
    return href if reader().validateLink(href) else None


def _text(token: Token, content: str) -> Token:
    return token.copy(content=content)


def _link(token: Token, href: str, shown: str) -> list[Token]:
    from markdown_it.token import Token

    level = token.level
    start = Token("link_open", "a", 1, attrs={"href": href}, level=level, markup="autolink", info="auto")
    end = Token("link_close", "a", -1, level=level, markup="autolink", info="auto")
    return [start, Token("text", "", 0, content=shown, level=level + 1), end]
