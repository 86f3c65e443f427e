"""A feedback report is a complaint where a person pressed the button, and names them where the provider does."""

from __future__ import annotations

import pytest
from feedback_mails import OURS, bytes_of, complaint, report

from postroom.feedback import complaints, mime, returned
from postroom.feedback.told import Told
from postroom.model import FeedbackKind


def read(mail: bytes) -> Told | None:
    parsed = mime.parse(mail)
    assert parsed is not None
    return complaints.read(parsed, returned.original(parsed))


def told(mail: bytes) -> Told:
    read_ = read(mail)
    assert read_ is not None
    return read_


@pytest.mark.parametrize(
    ("kind", "means"),
    [
        ("abuse", FeedbackKind.COMPLAINED),
        ("Abuse", FeedbackKind.COMPLAINED),
        ("fraud", FeedbackKind.COMPLAINED),
        ("opt-out", FeedbackKind.UNSUBSCRIBED),
    ],
)
def test_who_wants_no_more_is_heard(kind: str, means: FeedbackKind) -> None:
    assert told(complaint(kind=kind)).kind is means


@pytest.mark.parametrize("kind", ["not-spam", "virus", "other", "auth-failure", "dkim", ""])
def test_what_nobody_complains_of_is_no_complaint(kind: str) -> None:
    assert read(complaint(kind=kind)) is None
    parsed = mime.parse(complaint(kind=kind))
    assert parsed is not None
    assert complaints.is_complaint(parsed)


def test_a_report_of_delivery_is_no_complaint() -> None:
    assert read(report()) is None


@pytest.mark.parametrize(
    ("fields", "to", "whom"),
    [
        ("Original-Rcpt-To: <ada@readers.example>\n", "bob@readers.example", "ada@readers.example"),
        ("Original-Rcpt-To: rfc822; ada@readers.example\n", "", "ada@readers.example"),
        ("Removal-Recipient: ada@readers.example\n", "", "ada@readers.example"),
        ("", "Ada <ada@readers.example>", "ada@readers.example"),
        ("", "ada@readers.example", "ada@readers.example"),
        ("Original-Rcpt-To: <redacted@readers.example>\n", "redacted-address@provider.example", ""),
        ("Original-Rcpt-To: redacted\n", "undisclosed recipients:;", ""),
        ("", "ada@readers.example, bob@readers.example", ""),
        ("Original-Rcpt-To: [REDACTED]\n", "[REDACTED]", ""),
        ("", '"REDACTED" <postmaster@provider.example>', ""),
        ("Redacted-Address: redacted\nRedacted-Address: redacted@\n", "redacted@provider.example", ""),
    ],
)
def test_whoever_is_hidden_has_no_address(fields: str, to: str, whom: str) -> None:
    ours = OURS.replace("Ada <ada@readers.example>", to)
    assert told(complaint(fields, returned=ours)).address == whom


def test_a_hidden_complaint_still_has_our_token_and_message_id() -> None:
    mail = complaint("Original-Rcpt-To: redacted\n", returned=OURS.replace("ada@", "redacted@"))
    assert told(mail).fields == (
        "<bounces+mailfrom@mail.learning.example>",
        "<bounces+fromours@mail.learning.example>",
    )
    parsed = mime.parse(mail)
    assert parsed is not None
    assert returned.its_message_id(parsed, returned.original(parsed)) == "e7.42@learning.example"


JMRP = """\
From: {sender}
Subject: complaint about message from 192.0.2.1
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="b"

--b
Content-Type: message/rfc822

X-HmXmrOriginalRecipient: <ada@readers.example>
{ours}
Hello
--b--
"""


def test_a_complaint_of_hotmail_needs_no_report() -> None:
    parsed = mime.parse(bytes_of(JMRP.format(sender="staff@hotmail.com", ours=OURS)))
    assert parsed is not None
    passed_on = complaints.read_hotmail(parsed, returned.original(parsed))
    assert passed_on is not None
    assert (passed_on.kind, passed_on.address) == (FeedbackKind.COMPLAINED, "ada@readers.example")


def test_others_do_not_complain_for_hotmail() -> None:
    parsed = mime.parse(bytes_of(JMRP.format(sender="Bob <bob@readers.example>", ours=OURS)))
    assert parsed is not None
    assert complaints.read_hotmail(parsed, returned.original(parsed)) is None
