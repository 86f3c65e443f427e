"""How reading a webhook may end, other than in feedback."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from postroom.model import Feedback


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """A topic asks whether it may send here, or with `has_left` says that it no longer does.

    Nothing in it is a link: whoever agrees builds the request to the provider from `topic` and `token`.
    """

    topic: str
    token: str
    has_left: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """It is not to be believed, or not to be read. `is_passing`: it may be, once it is sent again (503, not 4xx).

    `reason` says what is wrong, and nothing of what was sent.
    """

    reason: str
    is_passing: bool = False


Reading: TypeAlias = tuple[Feedback, ...] | Confirmation | Rejected
