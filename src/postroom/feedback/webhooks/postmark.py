"""Bounces, complaints and changes of subscription that Postmark tells.

Postmark signs nothing: who knows the user and password in the URL of the webhook is believed
(postmarkapp.com/developer/ webhooks/webhooks-overview, read 2026-11-23). Fields and bounce types:
postmarkapp.com/developer/webhooks/bounce-webhook, …/spam-complaint-webhook, …/subscription-change-webhook and
postmarkapp.com/developer/api/bounce-api#bounce-types, same date.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from postroom.feedback import verdict
from postroom.feedback.webhooks.answers import Reading, Rejected
from postroom.feedback.webhooks.request import (
    Object,
    Unreadable,
    body_object,
    header,
    optional_text,
    text,
    whole,
)
from postroom.feedback.wording import MAX_ID, address, iso_moment, line
from postroom.model import Feedback, FeedbackKind

SOURCE: Final = "postmark"

_BOUNCES: Final[Mapping[str, FeedbackKind | None]] = {
    "HardBounce": FeedbackKind.BOUNCED,
    "BadEmailAddress": FeedbackKind.BOUNCED,
    "SpamComplaint": FeedbackKind.COMPLAINED,
    "Unsubscribe": FeedbackKind.UNSUBSCRIBED,
    "Subscribe": None,
    "AutoResponder": None,
    "AddressChange": None,
    "OpenRelayTest": None,
    "ChallengeVerification": None,
    "TemplateRenderingFailed": None,
}
"""What a type means to us. The rest (Transient, DnsError, SpamNotification, SoftBounce, VirusNotification, Unknown,
ManuallyDeactivated, Unconfirmed, Blocked, SMTPApiError, InboundError, DMARCPolicy, and what is new) is `deferred`."""

_SUPPRESSIONS: Final = {
    "HardBounce": FeedbackKind.BOUNCED,
    "SpamComplaint": FeedbackKind.COMPLAINED,
    "ManualSuppression": FeedbackKind.UNSUBSCRIBED,
}
_NO_MAIL: Final = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The user and password that stand in the URL of the webhook."""

    username: str
    password: str = field(repr=False)


def read(body: bytes, headers: Mapping[str, str], settings: Settings, now: datetime) -> Reading:
    """Read a request of Postmark: feedback, () for records that are none, or why it is rejected."""
    try:
        _authenticate(headers, settings)
        record = body_object(body, headers)
        match text(record, "RecordType"):
            case "Bounce" | "SpamComplaint":
                return _bounce(record, now)
            case "SubscriptionChange":
                return _change(record, now)
            case _:
                return ()
    except Unreadable as error:
        return Rejected(reason=str(error), is_passing=error.is_passing)


def _authenticate(headers: Mapping[str, str], settings: Settings) -> None:
    """Compare user and password (RFC 7617) in a time that tells nothing of them."""
    if not settings.username or not settings.password:
        raise Unreadable("no user and password are set for the webhook")
    given = header(headers, "authorization") or ""
    scheme, _, credentials = given.partition(" ")
    expected = base64.b64encode(f"{settings.username}:{settings.password}".encode())
    is_theirs = hmac.compare_digest(credentials.strip().encode("utf-8", "replace"), expected)
    if scheme.lower() != "basic" or not is_theirs:
        raise Unreadable("user or password is wrong")


def _bounce(record: Object, now: datetime) -> tuple[Feedback, ...]:
    kind = "SpamComplaint" if text(record, "RecordType") == "SpamComplaint" else text(record, "Type")
    said = optional_text(record, "Details") or optional_text(record, "Description")
    judged = _BOUNCES.get(kind, FeedbackKind.DEFERRED)
    if kind == "HardBounce":
        judged = verdict.judge("", said) or FeedbackKind.BOUNCED
    if judged is None:
        return ()
    return (
        Feedback(
            kind=judged,
            source=SOURCE,
            event=f"bounce-{whole(record, 'ID')}",
            address=address(text(record, "Email")),
            remote_id=_remote_id(record),
            status=verdict.exact("", said),
            reason=line(f"{kind}: {said}"),
            at=iso_moment(optional_text(record, "BouncedAt"), now),
        ),
    )


def _change(record: Object, now: datetime) -> tuple[Feedback, ...]:
    """Read that somebody is no longer to be written to. That they are again is for them to say, to us."""
    suppressed = record.get("SuppressSending")
    if not isinstance(suppressed, bool):
        raise Unreadable("SuppressSending is neither true nor false")
    why = optional_text(record, "SuppressionReason")
    kind = _SUPPRESSIONS.get(why)
    if not suppressed or kind is None:
        return ()
    whom, when = text(record, "Recipient"), text(record, "ChangedAt")
    stream = optional_text(record, "MessageStream")
    return (
        Feedback(
            kind=kind,
            source=SOURCE,
            event="change-"
            + hashlib.sha256("\n".join((whom, when, stream, why)).encode("utf-8", "replace")).hexdigest(),
            address=address(whom),
            remote_id=_remote_id(record),
            reason=line(f"{why} by {optional_text(record, 'Origin') or 'nobody named'}"),
            at=iso_moment(when, now),
        ),
    )


def _remote_id(record: Object) -> str:
    given = line(optional_text(record, "MessageID"), MAX_ID)
    return "" if given == _NO_MAIL else given
