"""A mail in the mailbox for bounces gives what it says about mails of ours, whoever wrote it and however."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from feedback_mails import NOW, OURS, STATUS, bytes_of, complaint, letter, report
from hypothesis import given
from hypothesis import strategies as st

from postroom.feedback import bounces
from postroom.model import Feedback, FeedbackKind

BOUNCED, DEFERRED, COMPLAINED = FeedbackKind.BOUNCED, FeedbackKind.DEFERRED, FeedbackKind.COMPLAINED


def read(mail: bytes) -> tuple[Feedback, ...]:
    return bounces.read(mail, NOW)


def one(mail: bytes) -> Feedback:
    (feedback,) = read(mail)
    return feedback


def test_a_report_is_read_whole() -> None:
    feedback = one(report())
    assert feedback == Feedback(
        kind=BOUNCED,
        source="mailbox",
        event=feedback.event,
        address="ada@readers.example",
        message_id="e7.42@learning.example",
        token="tok_en",
        status="5.1.1",
        reason="550 5.1.1 <ada@readers.example>: Recipient address rejected: User unknown",
        at=datetime(2026, 11, 23, 11, 30, tzinfo=UTC),
    )


def test_a_complaint_is_read_whole() -> None:
    feedback = one(complaint())
    assert replace(feedback, event="") == Feedback(
        kind=COMPLAINED,
        source="mailbox",
        event="",
        address="ada@readers.example",
        message_id="e7.42@learning.example",
        token="mailfrom",
        reason="abuse reported by SomeGenerator/1.0",
        at=datetime(2026, 11, 23, 11, 30, tzinfo=UTC),
    )


def test_a_letter_is_read_whole() -> None:
    said = (
        "Hi. This is the qmail-send program at mx.readers.example.\nI wasn't able to deliver your message.\n"
    )
    why = "Sorry, no mailbox here by that name. (#5.1.1)"
    body = f"{said}\n<ada@readers.example>:\n{why}\n\n--- Below this line is a copy of the message.\n\n{OURS}"
    feedback = one(letter(body))
    assert (feedback.kind, feedback.address, feedback.status) == (BOUNCED, "ada@readers.example", "5.1.1")
    assert (feedback.message_id, feedback.token) == ("e7.42@learning.example", "tok_en")
    assert "no mailbox here by that name" in feedback.reason


def test_the_same_mail_read_twice_is_the_same_event() -> None:
    assert read(report()) == read(report())
    assert one(report()).event != one(report(STATUS.replace("5.1.1", "5.1.2"))).event


def test_each_recipient_is_an_event_of_its_own() -> None:
    full = STATUS.replace("ada@", "bob@").replace("5.1.1", "5.2.2").replace("User unknown", "mailbox full")
    delayed = STATUS.replace("ada@", "cyd@").replace("failed", "delayed").replace("5.1.1", "4.4.1")
    delivered = STATUS.replace("ada@", "dan@").replace("failed", "relayed").replace("5.1.1", "2.0.0")
    told = read(report(STATUS, full, delayed, delivered))
    assert [(feedback.address, feedback.kind) for feedback in told] == [
        ("ada@readers.example", BOUNCED),
        ("bob@readers.example", DEFERRED),
        ("cyd@readers.example", DEFERRED),
    ]
    assert len({feedback.event for feedback in told}) == 3


AWAY = "Hello,\n\nI am out of the office until Monday. <ada@readers.example> is an unknown user to me.\n"


@pytest.mark.parametrize(
    "headers",
    [
        "From: Ada <ada@readers.example>\nSubject: Out of Office: Hello\n",
        "From: Ada <ada@readers.example>\nSubject: Automatic reply: Hello\nAuto-Submitted: auto-replied\n",
        "From: Ada <ada@readers.example>\nSubject: Re: Hello\nAuto-Submitted: auto-replied\n",
        "From: Ada <ada@readers.example>\nSubject: Hello\nX-Autoreply: yes\n",
        "From: Ada <ada@readers.example>\nSubject: =?utf-8?q?R=C3=A9ponse_automatique_=3A_Hello?=\n",
        "From: Ada <ada@readers.example>\nSubject: Abwesenheitsnotiz\nPrecedence: auto_reply\n",
        "From: Spam Arrest <no-reply@spamarrest.example>\nSubject: Re: Hello (verification required)\n",
        "From: ada@readers.example\nSubject: Please confirm your message (TMDA)\n",
    ],
)
def test_an_answer_for_a_person_is_no_bounce(headers: str) -> None:
    assert read(letter(AWAY, headers)) == ()
    said = "<ada@readers.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n"
    assert read(letter("Hi. This is the qmail-send program at x.\n\n" + said, headers)) == ()


def test_a_person_who_quotes_a_bounce_does_not_bounce() -> None:
    quoted = "> Hi. This is the qmail-send program at x.\n> <ada@readers.example>:\n> no mailbox here by that name\n"
    mail = bytes_of(
        f"From: Bob <bob@readers.example>\nSubject: Re: failure notice\nTo: news@learning.example\n\nLook:\n{quoted}"
    )
    assert read(mail) == ()


@pytest.mark.parametrize("action", ["delayed", "Delayed", "delayed (will retry)"])
def test_a_warning_of_delay_is_never_a_bounce(action: str) -> None:
    assert one(report(STATUS.replace("failed", action))).kind is DEFERRED


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded", "EXPANDED"])
def test_who_got_the_mail_is_no_news(action: str) -> None:
    assert read(report(STATUS.replace("failed", action))) == ()


def test_a_token_is_looked_for_in_each_place_in_turn() -> None:
    assert one(report()).token == "tok_en"
    assert one(report(headers="X-Original-To: bounces+xorig@mail.learning.example\n")).token == "xorig"
    assert one(report(headers="")).token == "to"
    bare = report(headers="").replace(b"bounces+to@", b"bounces@")
    assert one(bare).token == "fromours"
    assert one(bare.replace(b"rfc822;ada@", b"rfc822;bounces+orcpt@")).token == "orcpt"


@pytest.mark.parametrize(
    "returned",
    [
        "Content-Type: text/rfc822-headers\n\n" + OURS,
        "Content-Type: message/rfc822\n\n" + OURS + "\nHello, world\n",
        "Content-Type: message/global-headers\n\n" + OURS,
        "Content-Type: message/rfc822\nX: y\n\nmessage-id:\n <e7.42@learning.example>\nTo: x\n\nHello\n",
    ],
)
def test_our_mail_is_known_by_what_came_back_of_it(returned: str) -> None:
    assert one(report(returned=returned)).message_id == "e7.42@learning.example"


def test_our_mail_is_known_by_what_the_report_answers() -> None:
    answers = "Delivered-To: bounces+t@mail.learning.example\nIn-Reply-To: <e9@learning.example>\n"
    assert (
        one(report(headers=answers, returned="Content-Type: text/plain\n\nNo copy.\n")).message_id
        == "e9@learning.example"
    )
    assert one(report(returned="Content-Type: text/plain\n\nNo copy.\n")).message_id == ""


PARTS = "".join(f"--b\nContent-Type: text/plain\n\npart {number}\n" for number in range(10_000))
NESTED = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(2_000))
ENCLOSED = "Content-Type: message/rfc822\n\n" * 5_000
HOSTILE = {
    "nothing": b"",
    "blanks": b"\r\n" * 400_000,
    "NULs": b"\0" * 500_000,
    "NULs in a report": report().replace(b" ", b"\0 "),
    "ten thousand parts": bytes_of(f'Content-Type: multipart/mixed; boundary="b"\n\n{PARTS}'),
    "nested parts": bytes_of(NESTED),
    "enclosed mails": bytes_of(ENCLOSED),
    "a header bomb": b"".join(b"X-%d: %s\r\n" % (n, b"a" * 50) for n in range(50_000)) + b"\r\n",
    "one endless header": b"Subject: " + b"=?utf-8?q?a?= " * 60_000 + b"\r\n\r\n",
    "an endless type": b"Content-Type: multipart/report" + b";a=b" * 200_000 + b"\r\n\r\n",
    "a folded type": b"Content-Type: multipart/report" + b"\r\n ;a=b" * 150_000 + b"\r\n\r\n",
    "many recipients": b"To: " + b"bounces+,@a, " * 80_000 + b"\r\n\r\n",
    "a status without end": report(STATUS + "\n" * 500_000),
    "statuses without end": report(*(STATUS for _ in range(4_000))),
    "a line without end": report(letter="x" * 900_000),
    "an unknown charset": report().replace(b"us-ascii", b"x-klingon-42"),
    "a slow charset": report(letter="a-" * 10_000).replace(b"us-ascii", b"punycode"),
    "a codec that is none": report().replace(b"us-ascii", b"zlib"),
    "a broken charset": report().replace(b"charset=us-ascii", b"charset*=\xff'\xfe'%ff%"),
    "a broken encoding": report().replace(
        b"charset=us-ascii", b"charset=utf-8\r\nContent-Transfer-Encoding: base64"
    ),
    "a broken subject": report().replace(b"Undelivered Mail", b"=?utf-8?b?////?= =?x?q?=ff?= \xff\xfe"),
    "no boundary": report().replace(b'boundary="B0UND"', b""),
    "a boundary of nothing": report().replace(b'"B0UND"', b'""'),
    "over a megabyte": report() + b"x" * 3_000_000,
    "brackets": bytes_of("From: MAILER-DAEMON@x\nSubject: failure\n\n" + "<" * 60_000 + "@" * 60_000),
    "addresses": bytes_of(
        "From: MAILER-DAEMON@x\nSubject: failure\n\n" + "<a@b.example>: user unknown\n" * 20_000
    ),
    "html": bytes_of(
        "From: MAILER-DAEMON@x\nSubject: failure\nContent-Type: text/html\n\n" + "<p <a " * 100_000
    ),
    "CR alone": report().replace(b"\r\n", b"\r"),
    "random bytes": bytes(range(256)) * 4_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_mail_is_read_within_a_second(name: str) -> None:
    began = time.process_time()
    told = read(HOSTILE[name])
    assert time.process_time() - began < 1
    assert all(feedback.source == "mailbox" for feedback in told)


@pytest.mark.parametrize(
    "name",
    [
        "NULs in a report",
        "an unknown charset",
        "a codec that is none",
        "a broken subject",
        "over a megabyte",
        "CR alone",
        "a broken encoding",
    ],
)
def test_a_report_that_is_only_damaged_is_still_read(name: str) -> None:
    assert one(HOSTILE[name]).kind is BOUNCED


@given(st.binary(max_size=2_000))
def test_any_bytes_are_read(mail: bytes) -> None:
    assert isinstance(read(mail), tuple)


WHOLE = (
    report(),
    complaint(),
    letter("<ada@readers.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n"),
)
PIECES = [
    b"\r\n\r\n", b"\0", b"\xff\xfe", b"=?", b"?=", b"--B0UND", b"charset=", b";", b"<", b"@", b'boundary="', b"\r\n ",
    b"(", b"Content-Type: message/rfc822\r\n\r\n", b"Content-Type: message/delivery-status\r\n\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
]  # fmt: skip


@given(
    st.sampled_from(WHOLE),
    st.lists(st.tuples(st.integers(0, 1_500), st.integers(0, 30), st.sampled_from(PIECES)), max_size=6),
)
def test_a_damaged_report_is_read(mail: bytes, damages: list[tuple[int, int, bytes]]) -> None:
    for place, length, piece in damages:
        mail = mail[:place] + piece + mail[place + length :]
    for feedback in read(mail):
        assert len(feedback.reason) <= 500
        assert feedback.reason.isprintable() or not feedback.reason.isascii()
        assert feedback.at is None or feedback.at <= NOW
        assert feedback.event
