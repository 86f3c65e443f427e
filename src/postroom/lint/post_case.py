"""What a rule about posts is given to judge, and how it tells what it found."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from postroom.lint.networks import Network
from postroom.model import Article, Finding, Post, Severity

URL = re.compile(r"https?://[^\s<>\"“”]+", re.IGNORECASE)
_TAG_LINE = re.compile(r"(?:^|\n)(#[^\s#]+(?: #[^\s#]+)*)\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One post of one article, as a variant of it on a network."""

    post: Post
    variant: str
    article: Article
    network: Network

    @property
    def text(self) -> str:
        """The post's whole text, its parts one after the other."""
        return "\n\n".join(self.post.parts)

    @property
    def body(self) -> str:
        """The text without the line of hashtags that closes it."""
        return _TAG_LINE.sub("", self.text).rstrip("\n")

    @property
    def message(self) -> str:
        """The body without a link that closes it."""
        return URL.sub("", self.body).rstrip()

    @property
    def lines(self) -> list[str]:
        """The text's lines, blank ones too."""
        return self.text.split("\n")

    @property
    def cure(self) -> str:
        """The front matter to write or change when a drawn text will not do."""
        setting = f"social.{self.network.kind}.{self.variant}"
        if self.given(self.variant):
            return f"change `{setting}` in the front matter"
        return f"add `{setting}` to the front matter"

    def given(self, key: str) -> bool:
        """Whether the front matter gives this text of the network itself."""
        return bool(self.article.social.get(self.network.kind, {}).get(key))

    def error(self, rule: str, message: str, *keys: str) -> Finding:
        """State a fault that keeps the post back; `keys` are the front matter keys to look at."""
        return self._finding(rule, Severity.ERROR, message, keys)

    def warning(self, rule: str, message: str, *keys: str) -> Finding:
        """State a fault that an editor may live with."""
        return self._finding(rule, Severity.WARNING, message, keys)

    def _finding(self, rule: str, severity: Severity, message: str, keys: tuple[str, ...]) -> Finding:
        return Finding(
            rule=rule,
            severity=severity,
            file=self.article.file,
            line=self._line(*keys),
            message=f"{self.network.label} {self.variant}: {message}",
        )

    def _line(self, *keys: str) -> int | None:
        kind, lines = self.network.kind, self.article.lines
        usual = (f"social.{kind}.{self.variant}", f"social.{kind}", "social")
        return next((lines[key] for key in (*keys, *usual) if key in lines), None)


Rule: TypeAlias = Callable[[Case], Iterator[Finding]]
