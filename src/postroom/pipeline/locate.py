"""Find the line of an article that a finding about its mail is about: the mail itself has none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from postroom.model import Article, Finding

# Template code that is no merge field, as `lint.email` finds it.
_CODE = re.compile(r"\{\{(?!\s*[a-z][a-z0-9_]*\s*(?:\|[^{}\r\n]*)?\}\})|\{%|<%|\*\|[A-Z_]+\|\*")


def line_of_field(article: Article, name: str) -> int | None:
    """Find where a merge field is first asked for; None where the article does not, as its template does."""
    found = _lines(article, re.compile(rf"\{{\{{\s*{re.escape(name)}\b"))
    return found[0] if found else None


def located(article: Article, findings: Iterable[Finding]) -> Iterator[Finding]:
    """Give findings of template code their line, where only one comes into question."""
    for finding in findings:
        if finding.rule == "email-template-code" and finding.line is None:
            lines = _lines(article, _CODE)
            yield replace(finding, line=lines[0]) if len(lines) == 1 else finding
        else:
            yield finding


def _lines(article: Article, pattern: re.Pattern[str]) -> list[int]:
    text = article.source.read_text(encoding="utf-8", errors="replace")
    return [number for number, line in enumerate(text.splitlines(), start=1) if pattern.search(line)]
