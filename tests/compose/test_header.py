"""No text in a letter can become a header, and none is lost."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.compose.header import block, check, machine, mailbox, personal
from postroom.compose.wording import printable
from postroom.errors import AddressError, HeaderError
from postroom.model import Unsubscribe

PAYLOADS = [
    "a\r\nBcc: evil@x.example", "a\nBcc: evil@x.example", "a\rBcc: evil@x.example", "a\r\n\r\n<script>",
    "a\n\nbody", "a\r\n Bcc: folded", "a\n\tBcc: folded", "a\x00b", "a\x0bBcc: x@y", "a\x0cBcc: x@y",
    "a\x1cBcc: x@y", "a\x1dBcc: x@y", "a\x1eBcc: x@y", "a\x85Bcc: x@y", "a\u2028Bcc: x@y",
    "a\u2029Bcc: x@y", "a\x7fb", "a\x9bb", "=?utf-8?q?hi=0ABcc=3A_evil=40x?= tail",
    "=?utf-8?q?hi=0D=0ABcc=3A_evil=40x?=", "=?utf-8?b?DQpCY2M6IGV2aWxAeA==?=", "=?utf-8?q?=00?=",
    "=?utf-7?q?+AAoA-Bcc?=", "=?us-ascii?q?a=0Ab?= =?utf-8?q?c?=", "=?x?q?y?=", "=?utf-8?q?x", "=?=",
    "?==?utf-8?q?=0A?=", "\ud800half", "half\udfff", '"quoted" <a@b.example>', "a <evil@x.example>, b",
    "a, b; c: d", "(comment)\\", '\\"\r\nBcc: x@y', "é\r\nBcc: x@y", "日本\nBcc: x@y", "👋\u202eBcc",
    "x" * 3000, "é" * 3000, " \t lead and trail \t ", "", "\r\n", "@@name@@\r\nBcc: x", "%0d%0aBcc:%20x",
    "&#13;&#10;Bcc: x", "Content-Type: text/html",
]  # fmt: skip


def sender(desk, **changes: object) -> dict[str, object]:
    return {"sender": replace(desk.SENDER, **changes)}


def written_with(desk, place: str, payload: str) -> bytes:
    """Write a letter that has the payload in one place: of the edition, the delivery or the recipient."""
    changes = PLACES[place](desk, payload)
    of_recipient = {name: changes.pop(name) for name in ("name", "merge", "address") if name in changes}
    of_delivery = {name: changes.pop(name) for name in ("message_id",) if name in changes}
    delivery = desk.delivery(replace(desk.ADA, **of_recipient), **of_delivery)
    return desk.written(desk.edition(**changes), delivery)


PLACES = {
    "subject": lambda desk, text: {"content": replace(desk.LETTER, subject=text)},
    "subject, default": lambda desk, text: {"content": replace(desk.LETTER, subject=f"Hi @@nobody|{text}@@")},
    "subject, merged": lambda desk, text: (
        {"content": replace(desk.LETTER, subject="Hi @@name@@")} | {"name": text}
    ),
    "subject, column": lambda desk, text: {
        "content": replace(desk.LETTER, subject="Hi @@town@@"),
        "merge": {"town": text},
    },
    "To, name": lambda desk, text: {"name": text},
    "To, address": lambda desk, text: {"address": f"ada@example.org{text}"},
    "To, local part": lambda desk, text: {"address": f"{text}@example.org"},
    "From, name": lambda desk, text: sender(desk, from_=f"{text} <news@learning.example>"),
    "From, address": lambda desk, text: sender(desk, from_=f"News <news@learning.example{text}>"),
    "Reply-To": lambda desk, text: sender(desk, reply_to=f"{text} <ed@learning.example>"),
    "Sender": lambda desk, text: sender(desk, sender=f"{text} <ed@learning.example>"),
    "return path": lambda desk, text: sender(desk, return_path=f"b@learning.example{text}"),
    "List-Id, name": lambda desk, text: sender(desk, list_name=text),
    "List-Id": lambda desk, text: sender(desk, list_id=f"weekly{text}"),
    "Message-ID": lambda desk, text: {"message_id": f"1{text}@learning.example"},
    "unsubscribe, web": lambda desk, text: {"unsubscribe": Unsubscribe(web=f"https://x.example/{text}")},
    "unsubscribe, url": lambda desk, text: {
        "unsubscribe": Unsubscribe(url=f"https://x.example/{text}{{email}}")
    },
    "unsubscribe, mailto": lambda desk, text: {"unsubscribe": Unsubscribe(mailto=f"leave{text}@x.example")},
}
ONLY = {
    "From", "Sender", "Reply-To", "To", "Subject", "Date", "Message-ID", "List-Id", "List-Unsubscribe",
    "List-Unsubscribe-Post", "Precedence", "Auto-Submitted", "MIME-Version", "Content-Type",
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_no_payload_anywhere_adds_a_header(desk, place: str) -> None:
    assert len(PLACES) >= 12
    assert len(PAYLOADS) >= 40
    for payload in PAYLOADS:
        try:
            data = written_with(desk, place, payload)
        except (HeaderError, AddressError):
            continue  # refused: nothing is written
        for policy in (email.policy.compat32, email.policy.default, email.policy.SMTP):
            names = [name for name, _ in email.message_from_bytes(data, policy=policy).items()]
            assert set(names) <= ONLY, (payload, names)
            assert len(names) == len(set(names))
        again = email.message_from_bytes(data, policy=email.policy.compat32).as_bytes()
        assert {name for name, _ in desk.read(again).items()} <= ONLY
        assert b"Bcc" not in re.findall(rb"(?m)^[^\s:]+", data.partition(b"\r\n\r\n")[0])


@pytest.mark.parametrize(
    "place",
    ["subject", "subject, merged", "subject, default", "subject, column", "To, name", "List-Id, name"],
)
def test_what_an_article_or_a_reader_is_called_never_blocks_the_mail(desk, place: str) -> None:
    for payload in PAYLOADS:
        assert written_with(desk, place, payload)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_title_is_shown_as_it_was_written_without_its_controls(desk, payload: str) -> None:
    assert desk.shown(
        desk.head(desk.written(desk.edition(replace(desk.LETTER, subject=payload, fence="@@never@@"))))[
            "Subject"
        ]
    ) == printable(payload)


BEYOND = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=120).filter(
    lambda text: not text.isascii()
)


@settings(max_examples=2000, deadline=None)
@given(BEYOND)
def test_a_subject_beyond_ascii_loses_nothing(desk, title: str) -> None:
    value = desk.head(desk.written(desk.edition(replace(desk.LETTER, subject=title, fence="\x00"))))[
        "Subject"
    ]
    assert desk.shown(value) == printable(title)
    assert max(len(word) for word in value.split()) <= 75
    assert max(len(line) for line in f"Subject: {value}".split("\r\n")) <= 76


@settings(max_examples=2000, deadline=None)
@given(BEYOND)
def test_a_name_beyond_ascii_loses_nothing(desk, name: str) -> None:
    value = mailbox("To", name, "ada@example.org")
    words, _, address = value.replace("\r\n", "").rpartition(" ")
    assert desk.shown(words) == printable(name)
    assert address == "<ada@example.org>"
    assert max(len(line) for line in f"To: {value}".split("\r\n")) <= 76


@settings(max_examples=500, deadline=None)
@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=200))
def test_an_ascii_name_loses_nothing_either(name: str) -> None:
    parsed = email.message_from_bytes(
        f"To: {mailbox('To', name, 'a@b.example')}\r\n\r\n".encode(), policy=email.policy.SMTP
    )
    (address,) = parsed["To"].addresses
    assert (address.display_name, address.addr_spec) == (printable(name), "a@b.example")


def test_a_long_unsubscribe_url_stays_whole(desk) -> None:
    url = "https://leave.example/" + "a" * (177 - 22)
    assert len(url) == 177
    data = desk.written(desk.edition(unsubscribe=Unsubscribe(url=url)))
    assert b"\r\nList-Unsubscribe: <" + url.encode() + b">\r\n" in data


def test_an_international_domain_is_written_in_its_ascii_form(desk) -> None:
    data = desk.written(desk.edition(sender=replace(desk.SENDER, from_="Zoë <news@exämple.org>")))
    assert desk.head(data)["From"].endswith("<news@xn--exmple-cua.org>")


@pytest.mark.parametrize(
    "address",
    ["zoë@example.org", "a@b@c", "a b@c.example", "a@b.example\r\nBcc: x", "<a@b.example>", "a", ""],
)
def test_an_address_that_is_none_is_refused(desk, address: str) -> None:
    with pytest.raises(HeaderError, match="To: "):
        desk.written(a_delivery=desk.with_recipient(address=address))


def test_an_edition_without_a_sender_is_told_with_its_cure(desk) -> None:
    with pytest.raises(HeaderError, match="has no sender; give its channel a `from`"):
        desk.written(desk.edition(sender=None))


@pytest.mark.parametrize(
    ("block_of", "names"),
    [
        (b"A: 1\r\nBcc: 2\r\n", ["A"]),
        (b"A: 1\r\n\r\nbody\r\n", ["A"]),
        (b"A: 1\nB: 2\r\n", ["A", "B"]),
        (b"A: " + b"x" * 999 + b"\r\n", ["A"]),
        (b"A: =?utf-8?q?hi=0ABcc?=\r\n", ["A"]),
        (b"A 1\r\n", ["A"]),
        (b"B: 1\r\nA: 2\r\n", ["A", "B"]),
    ],
)
def test_the_last_check_finds_what_the_writing_let_through(block_of: bytes, names: list[str]) -> None:
    with pytest.raises(HeaderError):
        check(block_of, names)


@pytest.mark.parametrize("place", ["to", "subject", "date", "message_id"])
@pytest.mark.parametrize(
    "evil",
    [
        "a\r\nBcc: x@y.example", "a\r\n\r\nx", "a\nb", "a\rb", "a\x00b", "a\x0bb", "a\x7fb", "é", "a\r\n \r\nb",
        "a\r\n b: c\r\nBcc: d", "=?utf-8?q?a=0AB?=", "=?utf-8?b?Cg==?=", "=?utf-8?q?=C2=85?=", "=?utf-8?q?=FF?=",
        "=?utf-7?q?a?=", "=?x", "x" * 999,
    ],
)  # fmt: skip
def test_what_is_one_recipients_cannot_smuggle_a_line_or_a_control(place: str, evil: str) -> None:
    values = {"to": "a@b.example", "subject": "Fire", "date": "Sun, 22 Nov 2026", "message_id": "1@b.example"}
    assert personal(**values).count(b"\r\n") == 4
    if place == "date" and "=?" in evil:
        return  # written by us alone, and never decoded
    with pytest.raises(HeaderError):
        personal(**{**values, place: evil})


def test_a_value_for_programs_is_visible_ascii() -> None:
    for value in ("é", "a\r\nb", "=?utf-8?q?x?=", "", "\x7f"):
        with pytest.raises(HeaderError):
            machine("X", value)
    with pytest.raises(HeaderError):
        block([("X", "é")])
