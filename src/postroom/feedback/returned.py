"""Which of our mails a report is about: the Message-ID and the token in what was sent back."""

from __future__ import annotations

import re
from email import message_from_string
from typing import Final

from postroom.feedback import mime
from postroom.feedback.wording import message_id, token

_WHOLE: Final = frozenset({"message/rfc822", "message/global"})
_HEADERS: Final = frozenset(
    {"text/rfc822-headers", "text/rfc822-header", "message/global-headers", "message/rfc822-headers"}
)
_TO_US: Final = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To")
_QUOTED: Final = re.compile(r"^[>\s]{0,8}message-id:\s{0,8}(<[^<>\s]{1,995}>)", re.IGNORECASE | re.MULTILINE)
_MAX_SAME: Final = 8


def original(mail: mime.Mail) -> mime.Mail | None:
    """Find our mail, or its headers, among the parts of a report."""
    for part in mime.parts(mail):
        kind = part.get_content_type()
        if kind in _WHOLE and (held := mime.inner(part)):
            return held[0]
        if kind in _HEADERS:
            return message_from_string(mime.plain_bytes(part).decode("ascii", "replace").lstrip())
    return None


def its_message_id(mail: mime.Mail, ours: mime.Mail | None, prose: str = "") -> str:
    """Return the Message-ID of our mail: from its headers, from the text that quotes it, or what the report answers."""
    if ours is not None and (found := message_id(mime.header(ours, "Message-ID"))):
        return found
    quoted = _QUOTED.search(prose)
    if quoted:
        return message_id(quoted[1])
    return message_id(mime.header(mail, "In-Reply-To")) or message_id(mime.header(mail, "References"))


def its_token(mail: mime.Mail, *fields: str) -> str:
    """Return the token of the address that the report was sent to, or of one of the report's `fields`."""
    to_us = (str(value)[:2_000] for name in _TO_US for value in mail.get_all(name, [])[:_MAX_SAME])
    return next((found for text in (*to_us, *fields) if (found := token(text))), "")
