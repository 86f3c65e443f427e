"""What one mail tells about one recipient, before it is known which of our mails it is about."""

from __future__ import annotations

from dataclasses import dataclass

from postroom.model import FeedbackKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What became of one recipient; "" is not known. `said` are the other side's words, of any length.

    `fields` are texts that may hold the address that our mail was sent from.
    """

    kind: FeedbackKind
    address: str
    status: str = ""
    said: str = ""
    fields: tuple[str, ...] = ()
