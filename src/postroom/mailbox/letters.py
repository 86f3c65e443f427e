"""A mail in a mailbox, and what every mailbox can do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail that is unread. `key` is what its mailbox calls it while it is open.

    `data` is its front, or None where it cannot be read; then `fault` says why.
    """

    key: str
    data: bytes | None
    fault: str = ""


class Mailbox(Protocol):
    """A mailbox that is open. Whatever it does may raise MailboxError."""

    def unread(self) -> Iterator[Letter]:
        """Yield what is unread, the eldest first; marking what was yielded in between is allowed."""

    def mark(self, keys: Sequence[str], *, flagged: bool = False) -> None:
        """Mark mails as read; `flagged` ones for a person to look at, too."""

    def close(self) -> None:
        """Let go of it."""
