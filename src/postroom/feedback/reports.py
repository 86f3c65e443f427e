"""Delivery status notifications (RFC 3464): what a server reports about each recipient, field by field."""

from __future__ import annotations

import re
from email import message_from_bytes
from typing import Final

from postroom.feedback import mime, verdict
from postroom.feedback.told import Told
from postroom.feedback.wording import typed_address
from postroom.model import FeedbackKind

_STATUS_PARTS: Final = frozenset(
    f"{kind}-status"
    for kind in ("message/delivery", "message/global-delivery", "message/xdelivery", "text/delivery")
)
_RECIPIENT: Final = ("Final-Recipient", "Original-Recipient", "X-Actual-Recipient")
_MAX_RECIPIENTS: Final = 100
_ENCODED: Final = frozenset({"base64", "quoted-printable"})
_WORD: Final = re.compile(r"[a-z]+")


def read(mail: mime.Mail) -> list[Told] | None:
    """Read what a notification says about each recipient but those who got the mail; None if it names nobody."""
    groups = [
        group
        for part in mime.parts(mail)
        if part.get_content_type() in _STATUS_PARTS
        for group in _blocks(part)
    ]
    named = [group for group in groups if any(name in group for name in _RECIPIENT)]
    blocks = named or [group for group in groups if "Action" in group]
    if not blocks:
        return None
    told = _told(mail)
    reports = [_report(block, told if len(blocks) == 1 else "") for block in blocks[:_MAX_RECIPIENTS]]
    return list(dict.fromkeys(report for report in reports if report is not None))


def _blocks(part: mime.Mail) -> list[mime.Mail]:
    """Return the groups of fields in a status; its parser takes them for mails, unless they are encoded."""
    encoding = mime.header(part, "Content-Transfer-Encoding").lower()
    if part.get_content_type() == "message/delivery-status" and encoding not in _ENCODED:
        return mime.inner(part)
    raw = mime.plain_bytes(part)
    if part.is_multipart() and encoding in _ENCODED:
        raw = _decoded(raw, encoding)
    groups = raw.strip().replace(b"\r\n", b"\n").split(b"\n\n")
    return [message_from_bytes(group) for group in groups[:_MAX_RECIPIENTS]]


def _decoded(raw: bytes, encoding: str) -> bytes:
    wrapped = message_from_bytes(b"Content-Transfer-Encoding: " + encoding.encode() + b"\n\n" + raw.strip())
    return mime.plain_bytes(wrapped)


def _report(block: mime.Mail, told: str) -> Told | None:
    action = _WORD.match(mime.header(block, "Action").lower())
    given = mime.header(block, "Status")
    said = mime.header(block, "Diagnostic-Code").partition(";")[2].strip() or mime.header(
        block, "Diagnostic-Code"
    )
    kind = _kind(action[0] if action else "", given, said, told)
    if kind is None:
        return None
    original, final = mime.header(block, "Original-Recipient"), mime.header(block, "Final-Recipient")
    return Told(
        kind=kind,
        address=typed_address(original)
        or typed_address(final)
        or typed_address(mime.header(block, "X-Actual-Recipient")),
        status=verdict.exact(given, said),
        said=said or told,
        fields=(original,),
    )


def _kind(action: str, status: str, said: str, told: str) -> FeedbackKind | None:
    """Judge a recipient: who got it is no news; who may still get it is not lost."""
    if action in {"delivered", "relayed", "expanded"} or (not action and status.startswith("2.")):
        return None
    if action == "delayed":
        return FeedbackKind.DEFERRED
    judged = verdict.judge(status, said)
    if judged is None and told:
        judged = verdict.judge(status, told)
    return judged or FeedbackKind.DEFERRED


def _told(mail: mime.Mail) -> str:
    """Return what the report tells a person, where its fields say nothing."""
    for part in mime.parts(mail):
        if part.get_content_maintype() == "text" and part.get_content_type() not in _STATUS_PARTS:
            return mime.text(part)[:4_000]
    return ""
