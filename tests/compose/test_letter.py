"""A letter is what its edition and delivery say, to the byte."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone
from email.message import Message as Parsed

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom import links, verp
from postroom.compose import compose
from postroom.model import DeliveryState, Mail


def test_a_letter_has_the_headers_of_a_newsletter_in_order(desk) -> None:
    token = links.token(desk.KEYS.links, "unsubscribe", desk.UUID)
    assert list(desk.head(desk.written()).items())[:-1] == [
        ("From", "The Learning Machine <news@learning.example>"),
        ("To", "Ada Lovelace <ada@example.org>"),
        ("Subject", "How a kiln works"),
        ("Date", "Sun, 22 Nov 2026 09:30:00 +0000"),
        ("Message-ID", "<20261122.7.abc@learning.example>"),
        ("List-Id", "Weekly <weekly.learning.example>"),
        ("List-Unsubscribe", f"<{desk.WEB}/u/{token}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("Precedence", "bulk"),
        ("Auto-Submitted", "auto-generated"),
        ("MIME-Version", "1.0"),
    ]


def test_the_envelope_is_one_recipient_and_where_bounces_go(desk) -> None:
    content = compose(desk.edition(), desk.delivery(), desk.KEYS).content
    assert isinstance(content, Mail)
    assert (content.mail_from, content.rcpt_to) == ("news@learning.example", "ada@example.org")
    bounces = replace(
        desk.SENDER,
        return_path="bounces@learning.example",
        reply_to="Ed <ed@learning.example>",
        sender="x@y.example",
    )
    content = compose(desk.edition(sender=bounces), desk.delivery(), desk.KEYS).content
    assert isinstance(content, Mail)
    assert content.mail_from == "bounces@learning.example"
    headers = desk.head(content.data)
    assert (headers["Reply-To"], headers["Sender"]) == ("Ed <ed@learning.example>", "x@y.example")


def test_text_and_html_come_back_as_they_were_rendered(desk) -> None:
    data = desk.written(a_delivery=desk.delivery(replace(desk.ADA, name="")))
    parsed = desk.read(data)
    assert parsed.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in parsed.walk()][1:] == ["text/plain", "text/html"]
    url = f"{desk.WEB}/u/{links.token(desk.KEYS.links, 'unsubscribe', desk.UUID)}"
    assert desk.body(data, 0) == desk.LETTER.text.replace("@@first_name|reader@@", "reader").replace(
        "@@unsubscribe_url@@", url
    )
    assert desk.body(data, 1) == desk.HTML.replace("@@first_name|reader@@", "reader")
    assert [part.defects for part in parsed.walk()] == [[], [], []]


def test_the_same_arguments_give_the_same_bytes(desk) -> None:
    assert compose(desk.edition(), desk.delivery(), desk.KEYS) == compose(
        desk.edition(), desk.delivery(), desk.KEYS
    )


def test_another_attempt_is_the_same_message(desk) -> None:
    later = desk.delivery(
        attempts=3, state=DeliveryState.QUEUED, due_at=desk.NOW + timedelta(days=1), reason="450"
    )
    assert compose(desk.edition(), later, desk.KEYS) == compose(desk.edition(), desk.delivery(), desk.KEYS)


@given(st.text(), st.text())
@settings(max_examples=200, deadline=None)
def test_every_line_is_short_ascii_and_ends_in_crlf(desk, html: str, text: str) -> None:
    data = desk.written(desk.edition(replace(desk.LETTER, html=html, text=text, subject=text[:200])))
    assert data.isascii()
    assert data.endswith(b"\r\n")
    assert data.count(b"\r\n") == data.count(b"\r") == data.count(b"\n")
    assert b"\x00" not in data
    top, _, below = data.partition(b"\r\n\r\n")
    assert max(map(len, below.split(b"\r\n"))) <= 76
    assert max(map(len, top.split(b"\r\n"))) <= 120  # the URL of List-Unsubscribe
    clean = text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
    assert desk.body(data, 0).rstrip("\n") == clean.encode("utf-8", "replace").decode().rstrip("\n")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("Mit vielen Grüßen aus der Werkstatt. " * 50, "quoted-printable"), ("日本語の記事" * 50, "base64")],
)
def test_each_part_takes_the_shorter_encoding(desk, text: str, encoding: str) -> None:
    part = desk.read(desk.written(desk.edition(replace(desk.LETTER, text=text)))).get_payload(0)
    assert isinstance(part, Parsed)
    assert part["Content-Transfer-Encoding"] == encoding
    assert part.get_payload(decode=True).decode() == text  # type: ignore[union-attr]


def test_no_text_can_end_the_part_it_is_in(desk) -> None:
    boundary = desk.read(desk.written()).get_boundary()
    data = desk.written(desk.edition(replace(desk.LETTER, text=f"--{boundary}\nx\n--{boundary}--\n")))
    assert len(desk.read(data).get_payload()) == 2
    assert desk.body(data, 0) == f"--{boundary}\nx\n--{boundary}--\n"


def test_the_date_keeps_the_zone_it_was_given(desk) -> None:
    date = desk.NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert (
        desk.head(desk.written(a_delivery=desk.delivery(date=date)))["Date"]
        == "Sun, 22 Nov 2026 15:00:00 +0530"
    )


def test_each_mail_may_have_an_address_of_its_own_that_bounces_come_back_to(desk) -> None:
    sender = replace(desk.SENDER, return_path="bounces+{token}@mail.learning.example")
    made = desk.delivery()
    content = compose(desk.edition(sender=sender), made, desk.KEYS).content
    assert isinstance(content, Mail)
    token = content.mail_from.removeprefix("bounces+").removesuffix("@mail.learning.example")
    assert verp.is_of(desk.KEYS.links, token, made.message_id)
    assert verp.number_in(token) == made.id
    plain = compose(desk.edition(), made, desk.KEYS).content
    assert isinstance(plain, Mail)
    assert content.data == plain.data


def test_a_mail_to_confirm_has_one_way_in_and_none_out(desk) -> None:
    text = replace(desk.LETTER, text="Yes: @@confirm_url@@\nNo: @@unsubscribe_url@@")
    made = desk.edition(text, greeting="confirm", one_click=False)
    data = desk.written(made)
    assert "List-Unsubscribe" not in desk.head(data)
    token = links.token(desk.KEYS.links, "confirm", desk.UUID)
    assert desk.body(data, 0) == f"Yes: {desk.WEB}/confirm/{token}\nNo: "
    assert links.read(desk.KEYS.links, "unsubscribe", token) is None


def test_no_column_of_an_audience_is_the_way_in(desk) -> None:
    text = replace(desk.LETTER, text="@@confirm_url@@")
    data = desk.written(
        desk.edition(text, greeting="confirm", one_click=False),
        desk.with_recipient(merge={"confirm_url": "https://evil.example"}),
    )
    assert "evil" not in desk.body(data, 0)
