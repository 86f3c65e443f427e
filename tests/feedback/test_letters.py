"""Letters of old servers: each address is judged by the words about it, and people are left alone."""

from __future__ import annotations

import sys

import pytest
from feedback_mails import bytes_of, letter

from postroom.feedback import letters, mime
from postroom.feedback.told import Told
from postroom.model import FeedbackKind

BOUNCED, DEFERRED = FeedbackKind.BOUNCED, FeedbackKind.DEFERRED
QMAIL = (
    "Hi. This is the qmail-send program at mx.readers.example.\n"
    "I'm afraid I wasn't able to deliver your message to the following addresses.\n\n"
)


def read(mail: bytes) -> list[Told]:
    parsed = mime.parse(mail)
    assert parsed is not None
    return letters.read(mail, parsed)


def test_flufl_bounce_is_here_for_the_tests() -> None:
    assert letters.knows_dialects()


def test_each_address_has_its_own_words() -> None:
    body = QMAIL + (
        "<ada@readers.example>:\n192.0.2.1 does not like recipient.\n"
        "Remote host said: 550 5.1.1 user unknown\nGiving up on 192.0.2.1.\n\n"
        "<bob@readers.example>:\n192.0.2.1 failed after I sent the message.\n"
        "Remote host said: 552 5.2.2 mailbox full\n\n"
        "--- Below this line is a copy of the message.\n\nReceived: by us\n"
    )
    assert [(told.address, told.kind, told.status) for told in read(letter(body))] == [
        ("ada@readers.example", BOUNCED, "5.1.1"),
        ("bob@readers.example", DEFERRED, "5.2.2"),
    ]


def test_the_copy_of_our_mail_is_not_listened_to() -> None:
    body = (
        QMAIL
        + "<ada@readers.example>:\nIt did not work.\n\n--- Below this line is a copy.\n\n550 5.1.1 user unknown\n"
    )
    (told,) = read(letter(body))
    assert told.kind is DEFERRED
    assert "550" not in told.said


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Sorry, no mailbox here by that name. (#5.1.1)", BOUNCED),
        ("Sorry, I couldn't find any host named readers.example. (#5.1.2)", BOUNCED),
        ("Remote host said: 550 5.7.1 Message blocked as spam", DEFERRED),
        ("Recipient's mailbox is full, message returned to sender. (#5.2.2)", DEFERRED),
        ("I'm not going to try again; this message has been in the queue too long.", DEFERRED),
    ],
)
def test_words_decide(words: str, kind: FeedbackKind) -> None:
    (told,) = read(letter(f"{QMAIL}<ada@readers.example>:\n{words}\n\n--- Below this line is a copy\n"))
    assert told.kind is kind


def test_failed_recipients_in_a_header_are_enough() -> None:
    headers = (
        "From: Mail Delivery System <Mailer-Daemon@mx.example>\nX-Failed-Recipients: ada@readers.example\n"
        "Auto-Submitted: auto-replied\nSubject: Mail delivery failed\n"
    )
    body = (
        "A message that you sent could not be delivered.\n\n  ada@readers.example\n    Unrouteable address\n"
    )
    (told,) = read(letter(body, headers))
    assert (told.address, told.kind) == ("ada@readers.example", BOUNCED)


def test_a_letter_of_a_person_is_no_bounce() -> None:
    mail = bytes_of(
        f"From: Bob <bob@readers.example>\nSubject: Hello\n\n{QMAIL}<ada@readers.example>:\nno mailbox by that name\n"
    )
    assert read(mail) == []


@pytest.mark.parametrize(
    "subject",
    [
        "Out of office",
        "AUTO: Hello",
        "Automatic reply: Hello",
        "Re: I am on vacation",
        "Please confirm your message",
    ],
)
def test_answers_are_known_by_their_subject(subject: str) -> None:
    parsed = mime.parse(bytes_of(f"From: MAILER-DAEMON@x.example\nSubject: {subject}\n\nHi\n"))
    assert parsed is not None
    assert letters.is_answer(parsed)


@pytest.mark.parametrize(
    "subject", ["failure notice", "Undeliverable: Hello", "Mail delivery failed: returning message to sender"]
)
def test_a_bounce_is_no_answer_though_no_person_wrote_it(subject: str) -> None:
    parsed = mime.parse(
        bytes_of(f"From: MAILER-DAEMON@x.example\nAuto-Submitted: auto-replied\nSubject: {subject}\n\nHi\n")
    )
    assert parsed is not None
    assert not letters.is_answer(parsed)


def test_the_text_of_html_is_read() -> None:
    parsed = mime.parse(
        bytes_of(
            "Content-Type: text/html\n\n<p>No mailbox &lt;ada@readers.example&gt;<br>here <b>by</b> that name</p>"
        )
    )
    assert parsed is not None
    assert letters.prose(parsed).split() == [
        "No",
        "mailbox",
        "<ada@readers.example>",
        "here",
        "by",
        "that",
        "name",
    ]


def test_without_the_extra_only_plain_letters_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "flufl.bounce", None)
    assert not letters.knows_dialects()
    assert (
        read(letter(f"{QMAIL}<ada@readers.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n")) == []
    )
    (told,) = read(letter(f"{QMAIL}<ada@readers.example>: no mailbox here by that name\n"))
    assert told.address == "ada@readers.example"


def test_a_letter_in_no_known_dialect_is_read_where_it_is_plain() -> None:
    told = read(letter("You sent mail to ada@readers.example. That's not a valid user here.\n"))
    assert [(one.address, one.kind) for one in told] == [("ada@readers.example", BOUNCED)]
    assert read(letter("You sent mail to ada@readers.example. We did not like it.\n")) == []
    assert read(letter("Mail of bob@readers.example to ada@readers.example: user unknown\n")) == []


def test_what_sendmail_names_as_the_reason_outweighs_its_transcript() -> None:
    body = (
        "   ----- The following addresses had permanent fatal errors -----\n<ada@readers.example>\n"
        "    (reason: 553 Sender Policy Framework\n  (SPF) fail)\n   ----- Transcript of session follows -----\n"
        "550 5.1.1 <ada@readers.example>... User unknown\n"
    )
    (told,) = read(letter(body, "From: MAILER-DAEMON@x.example\nSubject: Returned mail: see transcript\n"))
    assert (told.kind, told.said) == (DEFERRED, "553 Sender Policy Framework\n  (SPF) fail")


@pytest.mark.parametrize("sender", ["", "From:\n", "From: <>\n", "From: Mail Delivery System\n"])
def test_a_letter_of_nobody_is_read(sender: str, caplog: pytest.LogCaptureFixture) -> None:
    body = f"{QMAIL}<ada@readers.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n"
    (told,) = read(letter(body, f"{sender}Subject: failure notice\n"))
    assert (told.address, told.status) == ("ada@readers.example", "5.1.1")
    assert caplog.records == []
