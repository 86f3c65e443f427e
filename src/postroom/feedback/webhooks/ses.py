"""Bounces, complaints and unsubscribes of Amazon SES, which come through Amazon SNS.

Shapes and meanings: `Amazon SNS notification contents for Amazon SES` and `Contents of event data that Amazon SES
publishes to Amazon SNS` in the SES Developer Guide (docs.aws.amazon.com/ses/latest/dg/notification-contents.html, read
2026-11-23). Both forms are read: notifications of an identity (`notificationType`) and published events (`eventType`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from postroom.feedback import verdict
from postroom.feedback.webhooks import sns
from postroom.feedback.webhooks.answers import Confirmation, Reading, Rejected
from postroom.feedback.webhooks.request import Object, Unreadable, inner, objects, optional_text, parse, text
from postroom.feedback.wording import MAX_ID, address, iso_moment, line, message_id, token
from postroom.model import Feedback, FeedbackKind

SOURCE: Final = "ses"
Settings: TypeAlias = sns.Trust

_GONE: Final = frozenset({"NoEmail", "Suppressed", "OnAccountSuppressionList"})
"""Subtypes of a permanent bounce that name a bad address: it does not exist, or bounced hard before."""

_NO_COMPLAINTS: Final = frozenset({"not-spam", "auth-failure", "virus"})
_OF_RECIPIENT: Final = {"Bounce": "bouncedRecipients", "DeliveryDelay": "delayedRecipients"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What an event says of one recipient."""

    kind: FeedbackKind
    address: str = ""
    status: str = ""
    reason: str = ""


def read(body: bytes, headers: Mapping[str, str], settings: Settings, now: datetime) -> Reading:
    """Read a request of SNS: feedback of SES, a confirmation that is asked for, or why it is rejected."""
    try:
        message = sns.read(body, headers, settings, now)
        match text(message, "Type"):
            case "Notification":
                return _notification(message, now)
            case other:
                return Confirmation(
                    topic=text(message, "TopicArn"),
                    token=sns.confirmation_token(message),
                    has_left=other == "UnsubscribeConfirmation",
                )
    except Unreadable as error:
        return Rejected(reason=str(error), is_passing=error.is_passing)


def _notification(message: Object, now: datetime) -> tuple[Feedback, ...]:
    said = text(message, "Message").strip()
    if not said.startswith("{"):
        return ()  # `Successfully validated SNS topic for Amazon SES event publishing.`
    event = parse(said)
    kind = optional_text(event, "eventType") or optional_text(event, "notificationType")
    about = inner(event, kind[:1].lower() + kind[1:])
    mail = inner(event, "mail")
    told = list(_told(kind, about, mail))
    name = line(optional_text(about, "feedbackId") or text(message, "MessageId"), MAX_ID)
    stamp = optional_text(about, "timestamp") or text(message, "Timestamp")
    return tuple(
        Feedback(
            kind=one.kind,
            source=SOURCE,
            event=name if number == 0 else f"{name}/{number}",
            address=one.address,
            message_id=_message_id(mail),
            remote_id=line(optional_text(mail, "messageId"), MAX_ID),
            token=token(optional_text(mail, "source")),
            status=one.status,
            reason=line(one.reason),
            at=iso_moment(stamp, now),
        )
        for number, one in enumerate(told)
    )


def _told(kind: str, about: Object, mail: Object) -> Iterator[_Told]:
    match kind:
        case "Bounce" | "DeliveryDelay":
            yield from _failures(kind, about)
        case "Complaint":
            yield from _complaint(about)
        case "Subscription":
            yield from _departure(about, mail)


def _failures(kind: str, about: Object) -> Iterator[_Told]:
    """Read who did not get a mail; a delay is never more than that."""
    how, why = optional_text(about, "bounceType"), optional_text(about, "bounceSubType")
    for one in objects(about, _OF_RECIPIENT[kind]):
        status, said = optional_text(one, "status"), optional_text(one, "diagnosticCode")
        judged = verdict.judge(status, said)
        if kind == "DeliveryDelay" or how == "Transient" or optional_text(one, "action").lower() == "delayed":
            judged = FeedbackKind.DEFERRED
        elif how == "Permanent":
            judged = FeedbackKind.BOUNCED if why in _GONE else judged or FeedbackKind.BOUNCED
        yield _Told(
            kind=judged or FeedbackKind.DEFERRED,
            address=address(text(one, "emailAddress")),
            status=verdict.exact(status, said),
            reason=said.partition(";")[2] or said or f"{how} {why} {optional_text(about, 'delayType')}",
        )


def _complaint(about: Object) -> Iterator[_Told]:
    """Read who complained. SES lists everybody who may have, so of several nobody is named."""
    how = optional_text(about, "complaintFeedbackType")
    if how in _NO_COMPLAINTS:
        return
    people = objects(about, "complainedRecipients")
    whom = address(text(people[0], "emailAddress")) if len(people) == 1 else ""
    by = optional_text(about, "userAgent") or optional_text(about, "complaintSubType")
    yield _Told(
        kind=FeedbackKind.COMPLAINED,
        address=whom,
        reason=f"{how or 'abuse'} reported by {by or 'a provider'}",
    )


def _departure(about: Object, mail: Object) -> Iterator[_Told]:
    """Read who left the list that SES keeps; who left one topic of it has not left us."""
    if inner(about, "newTopicPreferences").get("unsubscribeAll") is not True:
        return
    to = mail.get("destination")
    whom = address(to[0]) if isinstance(to, list) and len(to) == 1 and isinstance(to[0], str) else ""
    yield _Told(
        kind=FeedbackKind.UNSUBSCRIBED,
        address=whom,
        reason="unsubscribed from the contact list of Amazon SES",
    )


def _message_id(mail: Object) -> str:
    """Return the Message-ID that we gave; SES writes one of its own over it, and tells ours if asked for headers."""
    common = message_id(optional_text(inner(mail, "commonHeaders"), "messageId"))
    if common:
        return common
    named = (one for one in objects(mail, "headers") if optional_text(one, "name").lower() == "message-id")
    return next((message_id(optional_text(one, "value")) for one in named), "")
