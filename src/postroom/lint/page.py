"""An article as its rules see it: facts, body, and the body as readers see it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from postroom.model import Article, Finding, Severity


@dataclass(frozen=True, slots=True)
class Page:
    """An article under inspection. `prose` is its body with code and comments blanked out."""

    article: Article
    body: str
    prose: str
    fields: frozenset[str] | None

    def line_at(self, position: int) -> int:
        """Tell the line of the file for a position in the body."""
        return self.article.body_line + self.body.count("\n", 0, position)

    def line_of(self, key: str) -> int:
        """Tell the line of a front matter key; 1 where it stands nowhere."""
        return self.article.lines.get(key, 1)

    def finding(self, rule: str, severity: Severity, message: str, line: int) -> Finding:
        """Make a finding in this article's file."""
        return Finding(rule=rule, severity=severity, file=self.article.file, line=line, message=message)

    def texts(self) -> Iterator[tuple[str, int]]:
        """Give each text that readers see, and the line where it begins."""
        article = self.article
        yield article.title, self.line_of("title")
        yield article.subtitle, self.line_of("subtitle")
        yield article.description, self.line_of("description")
        yield article.cta, self.line_of("cta")
        for part in article.email.values():
            yield part, self.line_of("email")
        yield self.prose, article.body_line
