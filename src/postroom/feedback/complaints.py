"""Feedback reports (ARF, RFC 5965): somebody pressed the button for spam.

Most providers that send them hide who it was; then the Message-ID of our mail or the address that it was sent from,
both of which come back, say whom it is about.
"""

from __future__ import annotations

from typing import Final

from postroom.feedback import mime
from postroom.feedback.told import Told
from postroom.feedback.wording import address, typed_address
from postroom.model import FeedbackKind

_MEANS: Final = {
    "abuse": FeedbackKind.COMPLAINED,
    "fraud": FeedbackKind.COMPLAINED,
    "opt-out": FeedbackKind.UNSUBSCRIBED,
    "opt-out-list": FeedbackKind.UNSUBSCRIBED,
}
"""Types of RFC 5965 §7.3, and the opt-out of its drafts. `not-spam` is praise; `virus`, `other` and `auth-failure`
(RFC 6591) say nothing of what a reader wants."""

_WHOM: Final = ("Original-Rcpt-To", "Removal-Recipient")
_HIDDEN: Final = ("redacted", "undisclosed", "unknown@", "removed", "hidden")
_AT_HOTMAIL: Final = "X-HmXmrOriginalRecipient"
"""Microsoft's JMRP writes it into the mail that it sends back, which its older reports have no ARF beside."""


def is_complaint(mail: mime.Mail) -> bool:
    """Say whether a mail is a feedback report, of whatever type."""
    return _report(mail) is not None


def read(mail: mime.Mail, ours: mime.Mail | None) -> Told | None:
    """Read a report; `ours` is our mail that came back with it. None where it asks nothing of us."""
    report = _report(mail)
    kind = None if report is None else _MEANS.get(mime.header(report, "Feedback-Type").lower())
    if report is None or kind is None:
        return None
    return Told(
        kind=kind,
        address=_whom(report, ours),
        said=f"{mime.header(report, 'Feedback-Type')} reported by {mime.header(report, 'User-Agent') or 'a provider'}",
        fields=(
            mime.header(report, "Original-Mail-From"),
            "" if ours is None else mime.header(ours, "Return-Path"),
        ),
    )


def read_hotmail(mail: mime.Mail, ours: mime.Mail | None) -> Told | None:
    """Read a complaint that Microsoft passes on without a report: our mail, with a header of theirs."""
    if ours is None or not mime.header(mail, "From").lower().rstrip(">").endswith("staff@hotmail.com"):
        return None
    whom = address(mime.header(ours, _AT_HOTMAIL))
    if not whom:
        return None
    fields = (mime.header(ours, "Return-Path"),)
    return Told(kind=FeedbackKind.COMPLAINED, address=whom, said="reported at Hotmail", fields=fields)


def _report(mail: mime.Mail) -> mime.Mail | None:
    for part in mime.parts(mail):
        if part.get_content_type() == "message/feedback-report" and (held := mime.inner(part)):
            return held[0]
    return None


def _whom(report: mime.Mail, ours: mime.Mail | None) -> str:
    """Name who complained: as the report does, or to whom our mail was, unless that is hidden."""
    named = [mime.header(report, name) for name in _WHOM]
    to = "" if ours is None else mime.header(ours, "To")
    if "," not in to and not _is_hidden(to):
        named.append(to.rpartition("<")[2].rpartition(" ")[2])
    return next((whom for text in named if (whom := typed_address(text)) and not _is_hidden(text)), "")


def _is_hidden(text: str) -> bool:
    return any(word in text.lower() for word in _HIDDEN)
