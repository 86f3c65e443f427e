"""A mail is taken apart in bounds: what a report needs is kept, what would take long is not."""

from __future__ import annotations

import pytest
from feedback_mails import bytes_of, report
from hypothesis import given
from hypothesis import strategies as st

from postroom.feedback import mime


def parsed(mail: bytes) -> mime.Mail:
    read = mime.parse(mail)
    assert read is not None
    return read


@pytest.mark.parametrize("mail", [b"", b"\r\n \r\n", b"\0\0"])
def test_nothing_is_no_mail(mail: bytes) -> None:
    assert mime.parse(mail) is None


def nested(depth: int) -> bytes:
    heads = "".join(f'Content-Type: multipart/mixed; boundary="b{n}"\n\n--b{n}\n' for n in range(depth))
    return bytes_of(heads + "Content-Type: text/plain\n\ndeep\n")


def test_a_mail_may_be_nested_as_reports_are_and_no_deeper() -> None:
    assert [mime.text(part) for part in mime.parts(parsed(nested(10)))][-1].strip() == "deep"
    assert mime.parse(nested(25)) is None


def test_lines_and_length_are_cut() -> None:
    whole = parsed(bytes_of("Subject: x\n\n" + "a" * 5_000 + "\n" + "b\n" * 400_000))
    text = mime.text(whole)
    assert len(text.split("\n")[0]) == 1_000
    assert len(text) <= 32_768


def test_no_more_parts_are_looked_at_than_sixty() -> None:
    parts = "".join(f"--b\nContent-Type: text/plain\n\n{n}\n" for n in range(500))
    whole = parsed(bytes_of(f'Content-Type: multipart/mixed; boundary="b"\n\n{parts}'))
    assert len(list(mime.parts(whole))) == 60


def test_parts_come_in_the_order_they_stand_in() -> None:
    kinds = [part.get_content_type() for part in mime.parts(parsed(report()))]
    assert kinds == ["multipart/report", "text/plain", "message/delivery-status", "text/rfc822-headers"]


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r"])
def test_any_end_of_line_will_do(end: bytes) -> None:
    whole = parsed(report().replace(b"\r\n", end))
    assert mime.header(whole, "Subject") == "Undelivered Mail Returned to Sender"
    assert len(list(mime.parts(whole))) == 4


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n =?utf-8?q?_aus?=", "Grüße aus"),
        ("Subject: two\n  lines", "two lines"),
        ("Subject: =?x-klingon?q?=ff?=", "=?x-klingon?q?=ff?="),
        ("Subject: =?utf-8?b?!!!?=", None),
        ("X: y", ""),
    ],
)
def test_a_header_is_one_line(given: str, read: str | None) -> None:
    line = mime.header(parsed(bytes_of(given + "\n\n")), "Subject")
    assert "\n" not in line
    assert read is None or line == read


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        ("text/plain; charset=utf-8", "Grüße".encode(), "Grüße"),
        ("text/plain; charset=iso-8859-1", "Grüße".encode("latin-1"), "Grüße"),
        ("text/plain; charset=punycode", b"Gre-xka6b", "Gre-xka6b"),
        ("text/plain; charset=iso-8859-99", b"a", "a"),
        ("text/plain", b"\xff", "\ufffd"),
        ("text/html", b"<p>a<br>b &lt;c@d.example&gt; <e@f.example>", "a\nb <c@d.example> e@f.example"),
    ],
)
def test_a_text_is_decoded_as_well_as_it_can_be(kind: str, body: bytes, text: str) -> None:
    assert mime.text(parsed(f"Content-Type: {kind}\r\n\r\n".encode() + body)).strip() == text


@given(st.binary(max_size=1_500))
def test_anything_has_parts_with_text(mail: bytes) -> None:
    whole = mime.parse(mail)
    for part in [] if whole is None else mime.parts(whole):
        assert isinstance(mime.text(part), str)
        assert isinstance(mime.plain_bytes(part), bytes)
        assert "\n" not in mime.header(part, "Subject")
