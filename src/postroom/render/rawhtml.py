"""Raw HTML inside Markdown: how deep it nests, which pictures it shows, and what it says in plain text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from html import escape, unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from markdown_it.token import Token

MAX_RAW_DEPTH = 50
"""Elements within elements that an article's own HTML may open. Each may stand for four (a table, its
body, row and cell), and libxml2 silently drops everything deeper than 254.
"""

SILENT = frozenset(
    ["script", "style", "svg", "math", "iframe", "object", "template", "noscript", "textarea", "select"]
)
"""Elements whose content is no text for readers."""

UNSHOWN = SILENT | {"form", "video", "audio", "embed", "canvas", "input", "button"}
"""Elements that a mail cannot show; authors should know."""

# Every repetition has a bound: a body may hold a megabyte of tags that nobody closed.
_MEDIA = re.compile(
    r"<(iframe|video|audio)\b[^<>]{0,2000}>(?:.{0,2000}?</\1\s*>)?|<embed\b[^<>]{0,2000}>",
    re.IGNORECASE | re.DOTALL,
)
_SOURCE = re.compile(r"\bsrc\s*=\s*(?:\"((?:https?:)?//[^\"]+)\"|'((?:https?:)?//[^']+)')", re.IGNORECASE)
_TAG = re.compile(
    r"<(/?)([a-z][a-z0-9]{0,20})\b(?:[^<>\"']{1,500}+|\"[^\"]{0,4000}\"|'[^']{0,4000}'){0,40}+(/?)>",
    re.IGNORECASE,
)
_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
_UNCLOSED = frozenset(["p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option"])
_BLOCK = frozenset(
    "address article aside blockquote dd details div dl dt figure figcaption footer h1 h2 h3 h4 h5 h6 "  # noqa: SIM905
    "header hr li main nav ol p pre section summary table tr ul".split()
)


def depth_of(tokens: Sequence[Token]) -> tuple[int, int | None]:
    """Tell how many elements of raw HTML are open at once at most, and on which line of the body that is."""
    depth, deepest, line = 0, 0, None
    for token in tokens:
        for piece in (token, *(token.children or ())):
            if piece.type not in ("html_block", "html_inline"):
                continue
            for change in _steps(piece.content):
                depth = max(0, depth + change)
                if depth > deepest:
                    deepest, line = depth, token.map[0] + 1 if token.map else None
    return deepest, line


def _steps(html: str) -> Iterator[int]:
    for close, name, alone in _TAG.findall(html):
        tag = name.lower()
        if tag not in _VOID and tag not in _UNCLOSED and not (alone and tag in ("svg", "path")):
            yield -1 if close else 1


def as_named(src: str) -> str:
    """Undo the percent-encoding that the parser gave a path; a URL stays as it is."""
    return src if ":" in src.split("/")[0] or src.startswith("//") else unquote(src)


def picture_in(img: str) -> tuple[str, str]:
    """Tell source and alt text of one `<img>`; both are empty if it has no source."""
    return next(iter(pictures_in(img)), ("", ""))


def media_as_links(html: str) -> str:
    """Replace frames, films and sounds by links to what they show."""
    return _MEDIA.sub(_media_link, html)


def _media_link(match: re.Match[str]) -> str:
    url = _SOURCE.search(match[0])
    if not url:
        return ""
    address = unescape(url[1] or url[2])
    address = "https:" + address if address.startswith("//") else address
    host = urlsplit(address).hostname or "the web"
    return f'<a href="{escape(address)}">Open on {escape(host.removeprefix("www."))}</a>'


def unshown_in(html: str) -> list[str]:
    """Name the elements of raw HTML that a mail cannot show."""
    return sorted({name.lower() for close, name, _ in _TAG.findall(html) if not close} & UNSHOWN)


def without_tags(html: str) -> str:
    """Tell what raw HTML says, as one line."""
    words = Words(lambda _url: "")
    return " ".join(words.take(html).split())


def pictures_in(html: str) -> list[tuple[str, str]]:
    """List source and alt text of each `<img>`."""
    if "<img" not in html.lower():
        return []
    listener = _Pictures()
    listener.feed(html)
    return listener.found


class _Pictures(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "img" and named.get("src"):
            self.found.append((named["src"] or "", named.get("alt") or ""))


class Words(HTMLParser):
    """Collect what raw HTML says, piece by piece: feed it Markdown's inline HTML as it comes.

    `cite` gives the mark for a link's URL (such as ` [3]`).
    """

    def __init__(self, cite: Callable[[str], str]) -> None:
        super().__init__(convert_charrefs=True)
        self._cite = cite
        self._links: list[str] = []
        self._silent: list[str] = []
        self._said: list[str] = []

    def take(self, html: str) -> str:
        """Feed a piece and take what it says; block elements begin a new line."""
        self.feed(html)
        said, self._said = "".join(self._said), []
        return said

    @property
    def is_silent(self) -> bool:
        """Whether a script or the like is open, so that text is not for readers."""
        return bool(self._silent)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line, a link or silence."""
        named = dict(attrs)
        if tag in SILENT:
            self._silent.append(tag)
        elif tag == "a":
            self._links.append(named.get("href") or "")
        elif tag == "img" and named.get("alt"):
            self._said.append(f"[Image: {named['alt']}]")
        elif tag == "br" or tag in _BLOCK:
            self._said.append("\n- " if tag == "li" else "\n")

    def handle_endtag(self, tag: str) -> None:
        """End them."""
        if self._silent and self._silent[-1] == tag:
            self._silent.pop()
        elif tag == "a" and self._links:
            self._said.append(self._cite(self._links.pop()))
        elif tag in _BLOCK:
            self._said.append("\n")

    def handle_data(self, data: str) -> None:
        """Keep what is said aloud."""
        if not self._silent:
            self._said.append(data)
