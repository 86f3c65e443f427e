"""Mails in the mailbox that bounces return to: reports, complaints, letters of servers. Answers of people are none."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Final

from postroom.feedback import complaints, letters, mime, reports, returned
from postroom.feedback.told import Told
from postroom.feedback.wording import line, moment
from postroom.model import Feedback

SOURCE: Final = "mailbox"


def read(mail: bytes, now: datetime) -> tuple[Feedback, ...]:
    """Read what a mail says about mails of ours; () if it says nothing.

    `mail` may be anything, of any length; only its front is read. `now` is aware. Without the extra `feedback`,
    most letters that are no reports give (), see `letters.knows_dialects`. Whether the mail is about a mail of ours
    at all is for the caller to find out: anyone can write to a mailbox.
    """
    parsed = mime.parse(mail)
    if parsed is None:
        return ()
    ours = returned.original(parsed)
    told = _told(mail, parsed, ours)
    if not told:
        return ()
    event = hashlib.sha256(mail[: mime.MAX_BYTES]).hexdigest()
    about = returned.its_message_id(parsed, ours, letters.prose(parsed))
    at = moment(mime.header(parsed, "Date"), now)
    sent_from = "" if ours is None else mime.header(ours, "Return-Path")
    return tuple(
        Feedback(
            kind=one.kind,
            source=SOURCE,
            event=event if number == 0 else f"{event}/{number}",
            address=one.address,
            message_id=about,
            token=returned.its_token(parsed, *one.fields, sent_from),
            status=one.status,
            reason=line(one.said),
            at=at,
        )
        for number, one in enumerate(told)
    )


def _told(raw: bytes, mail: mime.Mail, ours: mime.Mail | None) -> list[Told]:
    """Read a mail as what it is: a complaint, a report, or a letter."""
    if complaints.is_complaint(mail):
        complaint = complaints.read(mail, ours)
        return [] if complaint is None else [complaint]
    report = reports.read(mail)
    if report is not None:
        return report
    passed_on = complaints.read_hotmail(mail, ours)
    return letters.read(raw, mail) if passed_on is None else [passed_on]
