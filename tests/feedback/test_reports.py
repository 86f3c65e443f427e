"""A delivery status tells of each recipient, in all the ways that servers write it."""

from __future__ import annotations

import base64
import quopri

import pytest
from feedback_mails import STATUS, report

from postroom.feedback import mime, reports
from postroom.feedback.told import Told
from postroom.model import FeedbackKind

BOUNCED, DEFERRED = FeedbackKind.BOUNCED, FeedbackKind.DEFERRED


def read(mail: bytes) -> list[Told]:
    parsed = mime.parse(mail)
    assert parsed is not None
    told = reports.read(parsed)
    assert told is not None
    return told


def one(mail: bytes) -> Told:
    (told,) = read(mail)
    return told


def test_whom_we_wrote_to_is_named_not_where_it_was_forwarded() -> None:
    assert one(report()).address == "ada@readers.example"
    without = STATUS.replace("Original-Recipient: rfc822;ada@readers.example\n", "")
    assert one(report(without)).address == "ada.lovelace@elsewhere.example"


@pytest.mark.parametrize(
    ("fields", "kind", "status"),
    [
        ("Action: failed\nStatus: 5.1.1\n", BOUNCED, "5.1.1"),
        ("Action: failed\nStatus: 5.7.1\nDiagnostic-Code: smtp; 550 5.7.1 spam\n", DEFERRED, "5.7.1"),
        ("Action: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 550 user unknown\n", BOUNCED, "5.0.0"),
        ("Action: failed\nStatus: 5.0.0\nDiagnostic-Code: X-Notes; no such user\n", BOUNCED, "5.0.0"),
        ("Action: failed\nStatus: 5.0.0\n", DEFERRED, "5.0.0"),
        ("Action: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 full\n", DEFERRED, "5.2.2"),
        ("Action: failed\nStatus: 4.4.7\nDiagnostic-Code: smtp; 550 5.1.1 user unknown\n", DEFERRED, "4.4.7"),
        ("Action: failed\nDiagnostic-Code: smtp; 550 5.1.1 no\n", BOUNCED, "5.1.1"),
        ("Action: delayed\nStatus: 5.1.1\n", DEFERRED, "5.1.1"),
        ("Status: 5.1.1\n", BOUNCED, "5.1.1"),
        ("Action: failed (permanent)\nStatus: 5.1.1 (bad mailbox)\n", BOUNCED, "5.1.1"),
        ("Action: failed\nStatus: nonsense\n", DEFERRED, ""),
    ],
)
def test_code_action_and_words_are_judged_together(fields: str, kind: FeedbackKind, status: str) -> None:
    told = one(report(f"Final-Recipient: rfc822; ada@readers.example\n{fields}"))
    assert (told.kind, told.status, told.address) == (kind, status, "ada@readers.example")


def test_where_the_fields_say_nothing_the_letter_does() -> None:
    silent = "Final-Recipient: rfc822; ada@readers.example\nAction: failed\nStatus: 5.0.0\n"
    told = one(report(silent, letter="ada@readers.example: the recipient does not exist.\n"))
    assert told.kind is BOUNCED
    assert "does not exist" in told.said
    assert one(report(silent, letter="Something went wrong.\n")).kind is DEFERRED


def test_a_letter_is_about_nobody_where_several_are_named() -> None:
    silent = "Final-Recipient: rfc822; ada@readers.example\nAction: failed\nStatus: 5.0.0\n"
    told = read(report(silent, silent.replace("ada", "bob"), letter="ada@readers.example: user unknown\n"))
    assert [one.kind for one in told] == [DEFERRED, DEFERRED]


def test_a_success_without_action_is_no_news() -> None:
    assert read(report("Final-Recipient: rfc822; ada@readers.example\nStatus: 2.0.0\n")) == []


@pytest.mark.parametrize(
    "kind", ["message/global-delivery-status", "text/delivery-status", "Message/Delivery-Status"]
)
def test_a_status_is_known_by_any_of_its_types(kind: str) -> None:
    assert one(report(status_type=kind)).kind is BOUNCED


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_an_encoded_status_is_decoded(encoding: str) -> None:
    raw = f"Reporting-MTA: dns; x\n\n{STATUS}".encode()
    body = (base64.encodebytes(raw) if encoding == "base64" else quopri.encodestring(raw)).decode()
    mail = report(status_type=f"message/delivery-status\nContent-Transfer-Encoding: {encoding}")
    told = one(mail[: mail.index(b"Reporting-MTA")] + body.encode() + b"\r\n--B0UND--\r\n")
    assert (told.kind, told.address) == (BOUNCED, "ada@readers.example")


def test_a_status_that_names_nobody_is_none() -> None:
    parsed = mime.parse(report("Remote-MTA: dns; x\n"))
    assert parsed is not None
    assert reports.read(parsed) is None


def test_no_more_recipients_are_read_than_a_hundred() -> None:
    assert len(read(report(*(STATUS.replace("ada", f"ada{n}") for n in range(150))))) == 100
