"""What comes back after a mail went out: bounces, complaints and wishes to be left alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum


class FeedbackKind(StrEnum):
    """What came back. `bounced`: the mailbox or its domain is bad for good. `deferred`: it is not, or nobody
    says so: full, greylisted, refused by policy or reputation. `complained`: called spam. `unsubscribed`: asked out.
    """

    BOUNCED = "bounced"
    DEFERRED = "deferred"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """One thing that came back about one recipient of one mail; "" stands for what is not known.

    `address` is as mail is written to it. `message_id` is that of our mail, without brackets; `remote_id` what the
    provider calls that mail. `token` is what stands after `bounces+` in the address that the mail was sent from,
    unverified. `status` is an RFC 3463 code such as `5.1.1`. `reason` is one printable line of at most 500
    characters. `at` is when it happened, as the other side tells, never later than it was read. `source` is `mailbox`,
    `ses`, `postmark` or `mailgun`. `event` is the same whenever the same event is told again.
    """

    kind: FeedbackKind
    source: str
    event: str
    address: str = ""
    message_id: str = ""
    remote_id: str = ""
    token: str = ""
    status: str = ""
    reason: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """After how many mails an address is given up: that `bounced`, or were `deferred` for good `within` a period."""

    bounced: int = 1
    deferred: int = 5
    within: timedelta = timedelta(days=30)
