"""An article's body as plain text: the mail's other half, told from the same tree as its HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from postroom.render.rawhtml import Words
from postroom.render.tables import aligned
from postroom.render.wrap import columns, wrapped

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode

MIN_WIDTH = 24
"""Columns that remain however deep a list or quote lies."""


def text_of(root: SyntaxTreeNode, *, base: str, width: int, fence: str) -> str:
    """Render a tree as text of `width` columns, with its links numbered and listed at the end."""
    return _Writer(base, fence).document(root, width)


def underlined(title: str, width: int, line: str = "-", fence: str = "@@") -> list[str]:
    """Write a heading with a line under it."""
    lines = wrapped(title, width, fence)
    return [*lines, line * min(width, max(map(columns, lines)))]


class _Writer:
    """Writes one document and remembers its links."""

    def __init__(self, base: str, fence: str) -> None:
        self._base = base
        self._fence = fence
        self._links: list[str] = []

    def document(self, root: SyntaxTreeNode, width: int) -> str:
        lines = self._stack(root.children, width)
        if self._links:
            listed = [f"[{number}] {url}" for number, url in enumerate(self._links, 1)]
            lines += ["", *underlined("Links", width), "", *listed]
        return "\n".join(line.rstrip() for line in lines).strip("\n")

    def _stack(self, nodes: Iterable[SyntaxTreeNode], width: int, gap: bool = True) -> list[str]:
        """Set blocks one under another, an empty line between them."""
        lines: list[str] = []
        for node in nodes:
            block = self._block(node, max(width, MIN_WIDTH))
            lines += ["", *block] if lines and block and gap else block
        return lines

    def _block(self, node: SyntaxTreeNode, width: int) -> list[str]:
        write = _BLOCKS.get(node.type)
        return write(self, node, width) if write else self._stack(node.children, width)

    def _heading(self, node: SyntaxTreeNode, width: int) -> list[str]:
        return underlined(self._inline(node.children), width, "=" if node.tag == "h1" else "-", self._fence)

    def _words(self, node: SyntaxTreeNode, width: int) -> list[str]:
        return wrapped(self._inline(node.children), width, self._fence)

    def _code(self, node: SyntaxTreeNode, _width: int) -> list[str]:
        return ["    " + line for line in node.content.rstrip("\n").split("\n")]

    def _quote(self, node: SyntaxTreeNode, width: int) -> list[str]:
        return ["> " + line for line in self._stack(node.children, width - 2)]

    def _rule(self, _node: SyntaxTreeNode, width: int) -> list[str]:
        return ["* * *".center(width).rstrip()]

    def _notes(self, node: SyntaxTreeNode, width: int) -> list[str]:
        return [*underlined("Notes", width), "", *self._stack(node.children, width)]

    def _note(self, node: SyntaxTreeNode, width: int) -> list[str]:
        label = f"({_number(node)}) "
        return _hanging(label, self._stack(node.children, width - len(label)) or [""])

    def _definitions(self, node: SyntaxTreeNode, width: int) -> list[str]:
        return self._stack(node.children, width, gap=False)

    def _definition(self, node: SyntaxTreeNode, width: int) -> list[str]:
        return ["    " + line for line in self._stack(node.children, width - 4)]

    def _list(self, node: SyntaxTreeNode, width: int) -> list[str]:
        loose = any(_is_loose(child) for item in node.children for child in item.children)
        number = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
        lines: list[str] = []
        for item in node.children:
            label = "- " if number is None else f"{number}. "
            number = None if number is None else number + 1
            body = self._stack(item.children, width - len(label), gap=loose) or [""]
            lines += ["", *_hanging(label, body)] if lines and loose else _hanging(label, body)
        return lines

    def _table(self, node: SyntaxTreeNode, width: int) -> list[str]:
        rows = [
            [" ".join(self._inline(cell.children).split()) for cell in row.children]
            for part in node.children
            for row in part.children
        ]
        head = node.children[0].children[0].children
        right = [str(cell.attrs.get("style", "")).endswith("right") for cell in head]
        return aligned(rows, right, width, self._fence)

    def _raw(self, node: SyntaxTreeNode, width: int) -> list[str]:
        said = Words(self._cite).take(node.content)
        parts = [" ".join(part.split()) for part in said.split("\n")]
        return [line for part in parts if part for line in wrapped(part, width, self._fence)]

    def _inline(self, nodes: Sequence[SyntaxTreeNode]) -> str:
        words = Words(self._cite)
        return "".join(self._piece(node, words) for node in nodes).strip()

    def _piece(self, node: SyntaxTreeNode, words: Words) -> str:
        if node.type == "html_inline":
            return words.take(node.content)
        if words.is_silent or node.type in _LITERAL:
            return "" if words.is_silent else node.content
        said = "".join(self._piece(child, words) for child in node.children)
        match node.type:
            case "link":
                return self._linked(said, str(node.attrs.get("href", "")))
            case "image":
                return f"[Image: {said}]" if said else ""
            case "footnote_ref":
                return f" ({_number(node)})"
        return _MARKS.get(node.type, "{}").format(said)

    def _linked(self, said: str, href: str) -> str:
        """Write a link's text and its number; one that shows its own address needs none."""
        shown = said.strip()
        if href in (shown, f"mailto:{shown}", f"http://{shown}", f"https://{shown}") or not shown:
            return said or href
        return said + self._cite(href)

    def _cite(self, href: str) -> str:
        if not href or href.startswith("#"):
            return ""
        url = href if href.startswith("@@") else urljoin(self._base, href)
        if url not in self._links:
            self._links.append(url)
        return f" [{self._links.index(url) + 1}]"


def _hanging(label: str, lines: list[str]) -> list[str]:
    rest = " " * len(label)
    return [label + lines[0], *(rest + line if line else line for line in lines[1:])]


def _number(note: SyntaxTreeNode) -> int:
    return int(note.meta["id"]) + 1


def _is_loose(child: SyntaxTreeNode) -> bool:
    return child.type == "paragraph" and not child.hidden


_LITERAL = frozenset({"text", "code_inline"})
_MARKS = {"softbreak": " ", "hardbreak": "\n", "footnote_anchor": "", "s": "~{}~"}
_BLOCKS: dict[str, Callable[[_Writer, SyntaxTreeNode, int], list[str]]] = {
    "heading": _Writer._heading,
    "paragraph": _Writer._words,
    "dt": _Writer._words,
    "inline": _Writer._words,
    "fence": _Writer._code,
    "code_block": _Writer._code,
    "blockquote": _Writer._quote,
    "bullet_list": _Writer._list,
    "ordered_list": _Writer._list,
    "hr": _Writer._rule,
    "table": _Writer._table,
    "html_block": _Writer._raw,
    "dl": _Writer._definitions,
    "dd": _Writer._definition,
    "footnote_block": _Writer._notes,
    "footnote": _Writer._note,
}
