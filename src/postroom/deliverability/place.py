"""Where config.yaml names what was looked at: it writes the findings about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from postroom.deliverability.lookup import Failed, Kind
from postroom.model import Finding, Severity

UNANSWERED: Final = "dns-unanswered"
"""The rule of what the DNS did not answer: it says nothing about the domain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A setting (`channels.newsletter.from`), and its line in `file`."""

    file: str
    setting: str
    line: int | None = None

    def error(self, rule: str, message: str) -> Finding:
        """Write that receivers will refuse or distrust mail."""
        return self._finding(rule, Severity.ERROR, message)

    def warning(self, rule: str, message: str) -> Finding:
        """Write that something is weak, or could not be looked at."""
        return self._finding(rule, Severity.WARNING, message)

    def info(self, rule: str, message: str) -> Finding:
        """Write what a person should know and may leave."""
        return self._finding(rule, Severity.INFO, message)

    def unanswered(self, name: str, kind: Kind, failed: Failed) -> Finding:
        """Write that the DNS did not answer."""
        return self.warning(
            UNANSWERED, f"{kind} of {name} could not be looked at: {failed.why}; ask again later"
        )

    def _finding(self, rule: str, severity: Severity, message: str) -> Finding:
        return Finding(
            rule=rule,
            severity=severity,
            file=self.file,
            line=self.line,
            message=f"{self.setting}: {message}",
        )


def record(name: str, kind: Kind, value: str) -> str:
    """Write a DNS record as a zone file has it, to be published."""
    return f"`{name}. {kind} {quoted(value) if kind == 'TXT' else value}`"


def quoted(text: str) -> str:
    """Write a TXT record's value in strings of at most 255 characters (RFC 1035 §3.3.14)."""
    return " ".join(f'"{text[at : at + 255]}"' for at in range(0, max(len(text), 1), 255))
