"""Read an article's body as plain passages: what a post may be drawn from, with all markup gone.

Code, tables, raw HTML, footnotes, pictures and struck-out words are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import regex

from postroom.lint.characters import clean
from postroom.lint.sentences import ends_sentence, is_question, split

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode

_SILENT = frozenset({"s", "image", "footnote_ref", "footnote_anchor"})
_CJK = r"[\p{Han}\p{Hiragana}\p{Katakana}\u3000-\u303f\uff00-\uffef]"
_BREAK_IN_CJK = regex.compile(rf"(?<={_CJK})\n(?={_CJK})")
_BLANKS = regex.compile(r"[ \n]+")
_DASHES = {" --- ": " — ", " -- ": " – "}


class Kind(StrEnum):
    """What a passage is."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ITEM = "item"
    QUOTE = "quote"
    GAP = "gap"  # code, a table, a picture, raw HTML: something that a post cannot show


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """One block of text. `heading` is that of its section, empty before the first; `list_number` tells
    the items of one list from those of the next. `stress` is what a bold beginning says. `section` counts
    the headings of the highest level that the body uses: a section and its subsections share one.
    """

    kind: Kind
    text: str
    sentences: tuple[str, ...] = ()
    heading: str = ""
    list_number: int = 0
    section: int = 0
    stress: str = ""


def passages_of(root: SyntaxTreeNode, *, title: str, language: str) -> tuple[Passage, ...]:
    """Read the tree of a body in order. A heading that only repeats `title` is left out."""
    reader = _Reader(title=title, language=language)
    return tuple(reader.read(root))


def plain(text: str) -> str:
    """Write inline text on one line, its characters cleaned."""
    text = _BREAK_IN_CJK.sub("", text)
    for typed, meant in _DASHES.items():
        text = text.replace(typed, meant)
    return _BLANKS.sub(" ", clean(text)).strip()


class _Reader:
    """Walks a tree once, remembering the section and the list that it is in."""

    def __init__(self, *, title: str, language: str) -> None:
        self._title = title.casefold()
        self._language = language
        self._heading = ""
        self._lists = 0
        self._sections = 0
        self._top = 6

    def read(self, root: SyntaxTreeNode) -> Iterator[Passage]:
        """Tell the passages of a tree in order."""
        self._top = min((int(node.tag[1]) for node in root.children if self._is_section(node)), default=6)
        for node in root.children:
            match node.type:
                case "heading":
                    yield from self._heading_of(node)
                case "paragraph":
                    yield self._paragraph(node)
                case "blockquote":
                    yield from self._quote(node)
                case "bullet_list" | "ordered_list":
                    yield from self._items(node)
                case "hr" | "footnote_block":
                    pass
                case _:
                    yield self._passage(Kind.GAP, "")

    def _is_section(self, node: SyntaxTreeNode) -> bool:
        return node.type == "heading" and plain(_words(node)).casefold() not in ("", self._title)

    def _heading_of(self, node: SyntaxTreeNode) -> Iterator[Passage]:
        if self._is_section(node):
            self._heading = plain(_words(node))
            self._sections += int(node.tag[1]) <= self._top
            yield self._passage(Kind.HEADING, self._heading)

    def _paragraph(self, node: SyntaxTreeNode) -> Passage:
        """Read a paragraph. One that is bold as a whole, and no statement, is meant as a heading."""
        text, stress = plain(_words(node)), plain(_stress(node))
        if text and stress == text and (is_question(text) or not ends_sentence(text)):
            self._heading = text
            return self._passage(Kind.HEADING, text)
        return replace(self._passage(Kind.PARAGRAPH, text), stress=stress)

    def _quote(self, node: SyntaxTreeNode) -> Iterator[Passage]:
        texts = [plain(_words(child)) for child in node.children if child.type == "paragraph"]
        if any(texts):
            yield self._passage(Kind.QUOTE, " ".join(filter(None, texts)))

    def _items(self, node: SyntaxTreeNode) -> Iterator[Passage]:
        self._lists += 1
        for item in node.children:
            first = next((child for child in item.children if child.type == "paragraph"), None)
            text = plain(_words(first)) if first else ""
            if text:
                yield self._passage(Kind.ITEM, text.lstrip("☐☑ "), self._lists)

    def _passage(self, kind: Kind, text: str, list_number: int = 0) -> Passage:
        return Passage(
            kind=kind if text else Kind.GAP,
            text=text,
            sentences=split(text, self._language),
            heading=self._heading,
            list_number=list_number,
            section=self._sections,
        )


def _stress(node: SyntaxTreeNode) -> str:
    """Tell the bold words that a paragraph begins with."""
    inline = node.children[0].children if node.children else []
    first = next((child for child in inline if child.type != "text" or child.content.strip()), None)
    return _words(first) if first is not None and first.type == "strong" else ""


def _words(node: SyntaxTreeNode) -> str:
    if node.type in _SILENT:
        return ""
    if node.type in ("softbreak", "hardbreak"):
        return "\n"
    if node.type == "html_inline":
        return "\n" if node.content[:3].lower() == "<br" else ""
    if node.type in ("text", "code_inline"):
        return node.content
    return "".join(_words(child) for child in node.children)
