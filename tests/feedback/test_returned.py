"""What came back of our mail, in any shape, names the mail and whom it was for."""

from __future__ import annotations

import pytest
from feedback_mails import OURS, bytes_of, report
from hypothesis import given
from hypothesis import strategies as st

from postroom.feedback import mime, returned


def parsed(mail: bytes) -> mime.Mail:
    read = mime.parse(mail)
    assert read is not None
    return read


@pytest.mark.parametrize(
    "returned_as",
    [
        "text/rfc822-headers",
        "Text/RFC822-Headers; charset=utf-8",
        "message/rfc822-headers",
        "message/global-headers",
        "message/rfc822",
    ],
)
def test_our_mail_is_found_in_each_shape(returned_as: str) -> None:
    ours = returned.original(parsed(report(returned=f"Content-Type: {returned_as}\n\n{OURS}\nHello\n")))
    assert ours is not None
    assert mime.header(ours, "Message-ID") == "<e7.42@learning.example>"


def test_a_mail_without_ours_has_none() -> None:
    assert returned.original(parsed(bytes_of("Subject: x\n\nMessage-ID: <a@b>\n"))) is None


@pytest.mark.parametrize("before", ["Message-ID: ", "> Message-Id: ", "  MESSAGE-ID:  "])
def test_a_letter_may_quote_our_message_id(before: str) -> None:
    mail = parsed(bytes_of("Subject: failure\nIn-Reply-To: <other@b.example>\n\nx\n"))
    assert returned.its_message_id(mail, None, f"It failed.\n{before}<a@b.example>\n") == "a@b.example"
    assert returned.its_message_id(mail, None, "It failed.\n") == "other@b.example"


def test_the_first_token_wins_and_strangers_fields_come_last() -> None:
    mail = parsed(
        bytes_of(
            "Delivered-To: x@y.example\nDelivered-To: bounces+one@y.example\nTo: bounces+two@y.example\n\nx\n"
        )
    )
    assert returned.its_token(mail, "bounces+three@y.example") == "one"
    assert returned.its_token(parsed(b"Subject: x\r\n\r\nx"), "", "bounces+three@y.example") == "three"
    assert returned.its_token(parsed(b"Subject: x\r\n\r\nx")) == ""


@given(st.binary(max_size=800))
def test_anything_names_a_mail_or_none(mail: bytes) -> None:
    whole = mime.parse(mail)
    if whole is not None:
        ours = returned.original(whole)
        assert " " not in returned.its_message_id(whole, ours)
        assert isinstance(returned.its_token(whole), str)
