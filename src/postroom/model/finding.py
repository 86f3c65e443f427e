"""What a check has found, and where."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

_HIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Severity(StrEnum):
    """How bad a finding is. An `error` keeps the article from going out."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong, told to the person who can mend it.

    `rule` is a stable kebab-case id. `file` is relative to the folder of config.yaml, with
    forward slashes. `line` and `column` count from 1; None where no place can be named.
    `message` says what was found, what was expected and the cure.
    """

    rule: str
    severity: Severity
    file: str
    message: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        return visible(f"{place}: {self.message}")


def visible(text: str) -> str:
    """Write a text so that no terminal acts on it: what an article holds is quoted in messages.

    Control characters but for line breaks, marks that turn the direction of writing, and lone
    surrogates are shown as their escapes.
    """
    return _HIDDEN.sub(lambda match: ascii(match[0])[1:-1], text)
