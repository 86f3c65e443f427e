"""Read a mail's HTML once, for all rules that look into it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
_CODE = frozenset({"code", "pre", "kbd", "samp"})


@dataclass(slots=True)
class MailHtml:
    """What a mail holds: its images by attribute, its links with their words, its texts outside code, the
    bytes in its style blocks, and how deep its elements nest.
    """

    images: list[dict[str, str]] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    style_bytes: int = 0
    depth: int = 0


def read(html: str) -> MailHtml:
    """Read HTML."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.seen


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen = MailHtml()
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if tag == "img":
            self.seen.images.append(named)
        elif tag == "a" and "href" in named:
            self.seen.links.append((named["href"], ""))
        if tag not in _VOID:
            self._open.append(tag)
            self.seen.depth = max(self.seen.depth, len(self._open))

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if "style" in self._open:
            self.seen.style_bytes += len(data.encode())
            return
        if "a" in self._open and self.seen.links:
            target, words = self.seen.links[-1]
            self.seen.links[-1] = (target, words + data)
        if not _CODE & set(self._open):
            self.seen.texts.append(data)
