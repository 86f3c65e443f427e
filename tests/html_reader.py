"""Reads HTML back, as tests look at it."""

from __future__ import annotations

from html.parser import HTMLParser


class Reader(HTMLParser):
    """A document read back: its elements with their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Keep text."""
        self.text += data

    @property
    def tags(self) -> list[str]:
        """The names of all elements."""
        return [tag for tag, _ in self.elements]

    @property
    def links(self) -> list[str]:
        """Where it leads."""
        return [target for _, attributes in self.elements if (target := attributes.get("href"))]

    def all(self, name: str) -> list[dict[str, str | None]]:
        """The attributes of every element with a name."""
        return [attributes for tag, attributes in self.elements if tag == name]

    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        """All but the text and the values of attributes."""
        return [(tag, tuple(attributes)) for tag, attributes in self.elements]
