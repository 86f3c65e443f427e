"""The answers to "may this go out now?"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """It may go out now; it became due at `since`."""

    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """It goes out by itself, at `until` where that is known."""

    until: datetime | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """It does not go out unless someone changes its file or a setting; `why` names which."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A person must look. `approvable` holds are frozen into a held edition that
    `outbox approve` lets go; the others end when the article is mended. `code` names the hold
    (`late`, `adopted`, `looks-moved`, `finding`, `approval`, `first-edition`, `audience-max`, `audience-growth`).
    """

    why: str
    code: str
    approvable: bool = True
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """An edition of it exists already; `state` is that edition's, `why` tells what became of it."""

    edition: str
    state: str
    why: str


Readiness: TypeAlias = Ready | Waiting | Blocked | Held | Published
