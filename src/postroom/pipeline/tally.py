"""What a delivery run did, in numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from postroom.model import Deferred, Outcome, Refused, Sent, Unknown


@dataclass(slots=True)
class Tally:
    """What a delivery run did, by kind of outcome; `reasons` tells the last of each kind."""

    sent: int = 0
    deferred: int = 0
    refused: int = 0
    unknown: int = 0
    reasons: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return any(self.counts().values())

    def counts(self) -> dict[str, int]:
        """Tell the numbers by kind of outcome."""
        return {
            "sent": self.sent,
            "deferred": self.deferred,
            "refused": self.refused,
            "unknown": self.unknown,
        }

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Count outcomes."""
        for outcome in outcomes:
            match outcome:
                case Sent():
                    self.sent += 1
                case Deferred(reason=reason):
                    self.deferred += 1
                    self.reasons["deferred"] = reason
                case Refused(reason=reason):
                    self.refused += 1
                    self.reasons["refused"] = reason
                case Unknown(reason=reason):
                    self.unknown += 1
                    self.reasons["unknown"] = reason
