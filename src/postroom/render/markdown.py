"""Read an article's body. What comes out can be told as HTML for mail, as plain text, or walked by a post."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from postroom.model import Asset, ImageRef, Severity
from postroom.render.dialect import MAX_NESTING, reader
from postroom.render.rawhtml import MAX_RAW_DEPTH, as_named, depth_of, pictures_in

if TYPE_CHECKING:
    from markdown_it.token import Token
    from markdown_it.tree import SyntaxTreeNode

MAX_CHARS = 1_000_000
"""The longest body that is read: the largest of 36,765 published posts that were counted has 851 KB."""

COLUMN = 536
"""Width of the text in a mail of 600 CSS pixels, margins taken off; pictures are shown no wider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a body. `line` counts from 1 within the body."""

    rule: str
    severity: Severity
    message: str
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Document:
    """A body, read. `images` come in order; `faults` hold what could not be read as written."""

    tokens: tuple[Token, ...]
    images: tuple[ImageRef, ...] = ()
    faults: tuple[Fault, ...] = ()
    raw_html: bool = True

    @property
    def root(self) -> SyntaxTreeNode:
        """The tokens as a tree."""
        from markdown_it.tree import SyntaxTreeNode

        return SyntaxTreeNode(self.tokens)

    def html(self, images: Mapping[str, Asset], *, base: str = "", column: int = COLUMN) -> str:
        """Render sanitised HTML. Relative links start at `base`, a URL; pictures are at most `column` CSS
        pixels wide. A picture missing from `images` leaves its alt text.
        """
        from postroom.render.prose import html_of

        return html_of(self.tokens, images, base=base, column=column, raw_html=self.raw_html)

    def text(self, *, base: str = "", width: int = 74, fence: str = "@@") -> str:
        """Render plain text of `width` columns; URLs stand in a numbered list at the end. What stands
        between two `fence`s is not wrapped.
        """
        from postroom.render.plaintext import text_of

        return text_of(self.root, base=base, width=width, fence=fence)

    def opening(self) -> str:
        """Tell the text of the first paragraph, without markup; empty if there is none."""
        return next((text for kind, text, _ in _blocks(self.tokens) if kind == "paragraph_open"), "")

    def without_opening(self, *told: str) -> Document:
        """Leave out the heading 1 and the first paragraph where they only repeat one of `told`."""
        known = {_plain(text) for text in told if text.strip()}
        tokens = self.tokens
        for kind in ("heading_open", "paragraph_open"):
            first = next(_blocks(tokens), None)
            if first and first[0] == kind and _plain(first[1]) in known:
                tokens = tokens[first[2] :]
        return replace(self, tokens=tokens)

    def merged(self, fence: str) -> Document:
        """Write merge fields (`{{first_name|there}}`, outside code) as tokens between `fence`s."""
        from postroom.render.merge import merge_tokens

        return replace(self, tokens=tuple(merge_tokens(self.tokens, fence)))


def parse(body: str) -> Document:
    """Read a body. Never fails: one that is too long or too deep comes back with a fault."""
    if len(body) > MAX_CHARS:
        return Document(tokens=(), faults=(_too_long(len(body)),))
    tokens = tuple(reader().parse(body))
    raw_depth, raw_line = depth_of(tokens)
    deep = (_too_deep(raw_line),) if raw_depth > MAX_RAW_DEPTH else ()
    return Document(
        tokens=tokens,
        images=tuple(_images(tokens)),
        faults=(*deep, *_faults(tokens)),
        raw_html=not deep,
    )


def _faults(tokens: Sequence[Token]) -> Iterator[Fault]:
    deep = next((token for token in tokens if token.level >= MAX_NESTING - 1), None)
    if deep:
        yield _too_deep(_line(deep))
    told: set[str] = set()
    for token in tokens:
        names = {str(name) for name in token.meta.get("unshown", ())} - told
        told |= names
        if names:
            yield _unshown(sorted(names), _line(token))


def _unshown(names: Sequence[str], line: int | None) -> Fault:
    elements = ", ".join(f"<{name}>" for name in names)
    message = f"a mail cannot show {elements}: films become links, the rest is left out. Use text"
    return Fault(rule="html-not-shown", severity=Severity.WARNING, message=message, line=line)


def _too_long(chars: int) -> Fault:
    message = f"the body has {chars:,} characters; at most {MAX_CHARS:,} can be published. Split the article"
    return Fault(rule="body-too-long", severity=Severity.ERROR, message=message, line=1)


def _too_deep(line: int | None) -> Fault:
    message = (
        f"lists, quotes or HTML are nested more than {MAX_RAW_DEPTH} levels deep here, and mail clients lose "
        "what lies deeper. Flatten them, and close every HTML tag"
    )
    return Fault(rule="nested-too-deep", severity=Severity.ERROR, message=message, line=line)


def _line(token: Token) -> int | None:
    return token.map[0] + 1 if token.map else None


def _images(tokens: Sequence[Token]) -> Iterator[ImageRef]:
    for token in tokens:
        line = _line(token)
        if token.type == "html_block":
            yield from (ImageRef(src=src, alt=alt, line=line) for src, alt in pictures_in(token.content))
        for child in token.children or []:
            if child.type in ("softbreak", "hardbreak") and line:
                line += 1
            yield from _inline_images(child, line)


def _inline_images(token: Token, line: int | None) -> Iterator[ImageRef]:
    if token.type == "image":
        yield ImageRef(src=as_named(str(token.attrs.get("src", ""))), alt=token.content, line=line)
    if token.type == "html_inline":
        yield from (ImageRef(src=src, alt=alt, line=line) for src, alt in pictures_in(token.content))


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _blocks(tokens: Sequence[Token]) -> Iterator[tuple[str, str, int]]:
    """Tell kind, text and end of each heading 1 and top-level paragraph."""
    for index, token in enumerate(tokens[:-2]):
        heading = token.type == "heading_open" and token.tag == "h1"
        if token.level == 0 and (heading or token.type == "paragraph_open"):
            yield token.type, inline_text(tokens[index + 1]), index + 3


def inline_text(token: Token) -> str:
    """Tell the words of an inline token (or its child), without markup and line ends."""
    if token.children is not None and token.type == "inline":
        return "".join(inline_text(child) for child in token.children)
    if token.type in ("softbreak", "hardbreak"):
        return " "
    return token.content if token.type in ("text", "code_inline", "image") else ""
