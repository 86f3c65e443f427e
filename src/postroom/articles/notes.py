"""Write down what was noticed while one article is read. Knows nothing of files or formats."""

from __future__ import annotations

from postroom.errors import ArticleError
from postroom.model import Finding, Severity


class Notes:
    """The findings of one file, in the order in which they were noticed.

    `file` is how people know the file; `lines` maps a front matter key to its line.
    """

    __slots__ = ("file", "findings", "lines")

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[str, int] = {}
        self.findings: list[Finding] = []

    def error(self, rule: str, message: str, line: int | None = 1) -> None:
        """Note something that keeps the article from going out."""
        self._add(rule, Severity.ERROR, message, line)

    def warning(self, rule: str, message: str, line: int | None = 1) -> None:
        """Note something that the editor should mend, though the article may go out."""
        self._add(rule, Severity.WARNING, message, line)

    def info(self, rule: str, message: str, line: int | None = 1) -> None:
        """Note something that may be meant."""
        self._add(rule, Severity.INFO, message, line)

    def _add(self, rule: str, severity: Severity, message: str, line: int | None) -> None:
        finding = Finding(rule=rule, severity=severity, file=self.file, line=line, message=message)
        self.findings.append(finding)

    def refusal(self, rule: str, message: str, line: int | None = 1) -> ArticleError:
        """Make the error that says why no article can be had from this file."""
        severity = Severity.ERROR
        return ArticleError(Finding(rule=rule, severity=severity, file=self.file, line=line, message=message))
