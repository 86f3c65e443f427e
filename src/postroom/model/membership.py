"""A person's place on a list: whether they want mail, since when, and how they said so."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from postroom.model.lean import lean
from postroom.model.ledger import Recipient


class MembershipState(StrEnum):
    """Where somebody stands on a list; only who is `confirmed` gets mail.

    `unconfirmed`: they have not agreed, or not yet. `unsubscribed`: they left. `bounced`: mail to them
    comes back. `complained`: they called a mail spam.
    """

    UNCONFIRMED = "unconfirmed"
    CONFIRMED = "confirmed"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


@lean
class Consent:
    """How somebody agreed to get mail, as far as it is known.

    `at` is aware (UTC); `how` is told in words ("sign-up form"); `source` is an IP address or a URL.
    """

    at: datetime | None = None
    how: str = ""
    source: str = ""


@lean
class Member:
    """Somebody on a list, as a file or a form tells it. `language` is a BCP 47 tag, or empty. `ended_at` (UTC) is when
    they left, or mail to them was given up, as far as it is known.
    """

    recipient: Recipient
    state: MembershipState
    language: str = ""
    tags: tuple[str, ...] = ()
    consent: Consent | None = None
    ended_at: datetime | None = None
