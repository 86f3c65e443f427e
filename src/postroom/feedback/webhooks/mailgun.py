"""Failures, complaints and unsubscribes that Mailgun tells.

Mailgun signs a time and a token, and not the event beside them
(documentation.mailgun.com/docs/mailgun/user-manual/webhooks/ securing-webhooks, read 2026-11-23). Whoever sees
one request could send another event with its signature. So the token is what a repeat is recognised by, not the
event's own id: heard once, it buys nothing more. Events:
documentation.mailgun.com/docs/mailgun/user-manual/events/event-structure, same date.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from postroom.feedback import verdict
from postroom.feedback.webhooks.answers import Reading, Rejected
from postroom.feedback.webhooks.request import (
    Object,
    Unreadable,
    body_object,
    inner,
    optional_text,
    refuse_other_times,
    text,
)
from postroom.feedback.wording import address, line, message_id, token
from postroom.model import Feedback, FeedbackKind

SOURCE: Final = "mailgun"

MAX_AGE: Final = timedelta(hours=9)
"""Mailgun tries a webhook for 8 hours (user manual, Webhooks, read 2026-11-23), maybe with the first signature."""

_TIMESTAMP: Final = re.compile(r"\d{9,11}", re.ASCII)
_TOKEN: Final = re.compile(r"[0-9A-Za-z_-]{16,128}", re.ASCII)
_SIGNATURE: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SUPPRESSED: Final = {
    "suppress-bounce": FeedbackKind.BOUNCED,
    "suppress-complaint": FeedbackKind.COMPLAINED,
    "suppress-unsubscribe": FeedbackKind.UNSUBSCRIBED,
}
"""Reasons for which Mailgun did not even try: what was heard of this address before (codes 605 to 607)."""

_SAID: Final = {"complained": FeedbackKind.COMPLAINED, "unsubscribed": FeedbackKind.UNSUBSCRIBED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The HTTP webhook signing key of the account (no API key), and how old a signature may be."""

    signing_key: bytes = field(repr=False)
    max_age: timedelta = MAX_AGE


def read(body: bytes, headers: Mapping[str, str], settings: Settings, now: datetime) -> Reading:
    """Read a request of Mailgun: feedback, () for events that are none, or why it is rejected.

    All that counts stands in the body; `headers` only must not say its type or length twice.
    """
    try:
        request = body_object(body, headers)
        once = _signed(inner(request, "signature"), settings, now)
        event = inner(request, "event-data")
        return _feedback(event, once, now)
    except Unreadable as error:
        return Rejected(reason=str(error), is_passing=error.is_passing)


def _signed(signature: Object, settings: Settings, now: datetime) -> str:
    """Return the token of a signature that is ours and recent. Raises Unreadable for any other."""
    stamp, once = _digits(signature), text(signature, "token")
    given = (text(signature, "signature"), optional_text(signature, "parent-signature"))
    if not settings.signing_key:
        raise Unreadable("no signing key is set for the webhook")
    if not _TIMESTAMP.fullmatch(stamp) or not _TOKEN.fullmatch(once):
        raise Unreadable("the timestamp or the token is none")
    expected = hmac.new(settings.signing_key, (stamp + once).encode("ascii"), hashlib.sha256).hexdigest()
    # A subaccount signs with its own key; the account that owns it, beside that, with `parent-signature`.
    are_right = [
        _SIGNATURE.fullmatch(one) is not None and hmac.compare_digest(one, expected) for one in given
    ]
    if not any(are_right):
        raise Unreadable("the signature is wrong")
    refuse_other_times(datetime.fromtimestamp(int(stamp), UTC), now, settings.max_age)
    return once


def _digits(signature: Object) -> str:
    """Return the timestamp as it was signed; the manual calls it a number and shows a text."""
    stamp = signature.get("timestamp")
    return (
        str(stamp) if isinstance(stamp, int) and not isinstance(stamp, bool) else text(signature, "timestamp")
    )


def _feedback(event: Object, once: str, now: datetime) -> tuple[Feedback, ...]:
    name = text(event, "event")
    if name != "failed" and name not in _SAID:
        return ()
    status = inner(event, "delivery-status")
    said = f"{optional_text(status, 'message')} {optional_text(status, 'description')}".strip()
    code = optional_text(status, "enhanced-code")
    whose = message_id(optional_text(inner(inner(event, "message"), "headers"), "message-id"))
    return (
        Feedback(
            kind=_SAID[name] if name in _SAID else _failure(event, status, said),
            source=SOURCE,
            event=once,
            address=address(text(event, "recipient")),
            message_id=whose,
            remote_id=whose,
            token=token(optional_text(inner(event, "envelope"), "sender")),
            status=verdict.exact(code, said),
            reason=line(said or optional_text(event, "reason") or name),
            at=_at(event.get("timestamp"), now),
        ),
    )


def _failure(event: Object, status: Object, said: str) -> FeedbackKind:
    """Judge a failure: by what Mailgun heard before, by the other side's answer, then by what Mailgun makes of it."""
    if text(event, "severity") != "permanent":
        return FeedbackKind.DEFERRED
    known = _SUPPRESSED.get(optional_text(event, "reason"))
    if known is not None:
        return known
    judged = verdict.judge(optional_text(status, "enhanced-code"), said)
    is_hard = optional_text(status, "bounce-type") == "hard"
    return judged or (FeedbackKind.BOUNCED if is_hard else FeedbackKind.DEFERRED)


def _at(seconds: object, now: datetime) -> datetime | None:
    """Read seconds since 1970; what lies after `now` is `now`."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < 10_000_000_000:
        return None
    return min(datetime.fromtimestamp(seconds, UTC), now)
