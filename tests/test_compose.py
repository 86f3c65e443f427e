"""A message is what its edition and delivery say, to the byte, and no text in it can become a header."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.header import decode_header, make_header
from email.message import Message as Parsed

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom import links
from postroom.compose import Keys, compose, parts_of
from postroom.compose.header import block, check, machine, mailbox, printable
from postroom.errors import AddressError, HeaderError
from postroom.model import (
    Content,
    Delivery,
    DeliveryState,
    Edition,
    Email,
    Mail,
    Part,
    Post,
    Recipient,
    Sender,
    Unsubscribe,
)

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
UUID = "2c4d0ded-f5cf-47e3-9396-39f118a68291"
KEYS = Keys(links=(b"k" * 32,))
WEB = "https://mail.learning.example:80"
HTML = (
    '<!DOCTYPE html>\n<html lang="en"><body><p>Dear @@first_name|reader@@, '
    + "long line. " * 300
    + "</p></body></html>\n"
)

LETTER = Email(
    subject="How a kiln works",
    preheader="Fire",
    html=HTML,
    text="Dear @@first_name|reader@@,\n\nFire is hot.\n\n-- \nLeave: @@unsubscribe_url@@\n",
    mjml="",
    language="en",
    fence="@@",
)
SENDER = Sender(
    from_="The Learning Machine <news@learning.example>",
    list_id="weekly.learning.example",
    list_name="Weekly",
)
ADA = Recipient(
    address="ada@example.org",
    identity="ada@example.org",
    domain="example.org",
    name="Ada Lovelace",
    uuid=UUID,
)


def edition(content: Content = LETTER, **changes: object) -> Edition:
    facts: dict[str, object] = {
        "key": "newsletter/article/2026/How a kiln wörks",
        "channel": "newsletter",
        "article": "kiln",
        "variant": "article",
        "title": "How a kiln works",
        "content": content,
        "content_hash": "c0ffee",
        "source_hash": "s",
        "transport": "mail",
        "transport_kind": "smtp",
        "rehearsal": False,
        "due_at": NOW,
        "created_at": NOW,
        "sender": SENDER,
        "unsubscribe": Unsubscribe(web=WEB),
        "one_click": True,
    }
    return Edition(**(facts | changes))  # type: ignore[arg-type]


def delivery(recipient: Recipient = ADA, **changes: object) -> Delivery:
    facts: dict[str, object] = {
        "id": 7,
        "edition_id": 1,
        "recipient": recipient,
        "part": 0,
        "date": NOW,
        "state": DeliveryState.SENDING,
        "message_id": "20261122.7.abc@learning.example",
        "due_at": NOW,
    }
    return Delivery(**(facts | changes))  # type: ignore[arg-type]


def written(an_edition: Edition | None = None, a_delivery: Delivery | None = None) -> bytes:
    content = compose(an_edition or edition(), a_delivery or delivery(), KEYS).content
    assert isinstance(content, Mail)
    return content.data


def read(data: bytes) -> Parsed:
    return email.message_from_bytes(data, policy=email.policy.compat32)


def head(data: bytes) -> dict[str, str]:
    """Return the headers as they stand on the wire, folds and all."""
    lines = re.split(r"\r\n(?![ \t])", data.partition(b"\r\n\r\n")[0].decode("ascii"))
    return dict(line.split(": ", 1) for line in lines)


def shown(value: str) -> str:
    return str(make_header(decode_header(value.replace("\r\n", ""))))


def body(data: bytes, at: int) -> str:
    payload = read(data).get_payload(at)
    assert isinstance(payload, Parsed)
    raw = payload.get_payload(decode=True)
    assert isinstance(raw, bytes)
    return raw.decode().replace("\r\n", "\n")


# --- the whole letter -----------------------------------------------------------------------------


def test_a_letter_has_the_headers_of_a_newsletter_in_order() -> None:
    token = links.token(KEYS.links, "unsubscribe", UUID)
    assert list(head(written()).items())[:-1] == [
        ("From", "The Learning Machine <news@learning.example>"),
        ("To", "Ada Lovelace <ada@example.org>"),
        ("Subject", "How a kiln works"),
        ("Date", "Sun, 22 Nov 2026 09:30:00 +0000"),
        ("Message-ID", "<20261122.7.abc@learning.example>"),
        ("List-Id", "Weekly <weekly.learning.example>"),
        ("List-Unsubscribe", f"<{WEB}/u/{token}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("Precedence", "bulk"),
        ("Auto-Submitted", "auto-generated"),
        ("MIME-Version", "1.0"),
    ]


def test_the_envelope_is_one_recipient_and_where_bounces_go() -> None:
    content = compose(edition(), delivery(), KEYS).content
    assert isinstance(content, Mail)
    assert (content.mail_from, content.rcpt_to) == ("news@learning.example", "ada@example.org")
    bounces = replace(
        SENDER,
        return_path="bounces@learning.example",
        reply_to="Ed <ed@learning.example>",
        sender="x@y.example",
    )
    content = compose(edition(sender=bounces), delivery(), KEYS).content
    assert isinstance(content, Mail)
    assert content.mail_from == "bounces@learning.example"
    headers = head(content.data)
    assert (headers["Reply-To"], headers["Sender"]) == ("Ed <ed@learning.example>", "x@y.example")


def test_text_and_html_come_back_as_they_were_rendered() -> None:
    data = written(a_delivery=delivery(replace(ADA, name="")))
    parsed = read(data)
    assert parsed.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in parsed.walk()][1:] == ["text/plain", "text/html"]
    url = f"{WEB}/u/{links.token(KEYS.links, 'unsubscribe', UUID)}"
    assert body(data, 0) == LETTER.text.replace("@@first_name|reader@@", "reader").replace(
        "@@unsubscribe_url@@", url
    )
    assert body(data, 1) == HTML.replace("@@first_name|reader@@", "reader")
    assert [part.defects for part in parsed.walk()] == [[], [], []]


def test_the_same_arguments_give_the_same_bytes() -> None:
    assert compose(edition(), delivery(), KEYS) == compose(edition(), delivery(), KEYS)


def test_another_attempt_is_the_same_message() -> None:
    later = delivery(attempts=3, state=DeliveryState.QUEUED, due_at=NOW + timedelta(days=1), reason="450")
    assert compose(edition(), later, KEYS) == compose(edition(), delivery(), KEYS)


@given(st.text(), st.text())
@settings(max_examples=200, deadline=None)
def test_every_line_is_short_ascii_and_ends_in_crlf(html: str, text: str) -> None:
    data = written(edition(replace(LETTER, html=html, text=text, subject=text[:200])))
    assert data.isascii()
    assert data.endswith(b"\r\n")
    assert data.count(b"\r\n") == data.count(b"\r") == data.count(b"\n")
    assert b"\x00" not in data
    top, _, below = data.partition(b"\r\n\r\n")
    assert max(map(len, below.split(b"\r\n"))) <= 76
    assert max(map(len, top.split(b"\r\n"))) <= 120  # the URL of List-Unsubscribe
    clean = text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")
    assert body(data, 0).rstrip("\n") == clean.encode("utf-8", "replace").decode().rstrip("\n")


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("Mit vielen Grüßen aus der Werkstatt. " * 50, "quoted-printable"), ("日本語の記事" * 50, "base64")],
)
def test_each_part_takes_the_shorter_encoding(text: str, encoding: str) -> None:
    part = read(written(edition(replace(LETTER, text=text)))).get_payload(0)
    assert isinstance(part, Parsed)
    assert part["Content-Transfer-Encoding"] == encoding
    assert part.get_payload(decode=True).decode() == text  # type: ignore[union-attr]


def test_no_text_can_end_the_part_it_is_in() -> None:
    boundary = read(written()).get_boundary()
    data = written(edition(replace(LETTER, text=f"--{boundary}\nx\n--{boundary}--\n")))
    assert len(read(data).get_payload()) == 2
    assert body(data, 0) == f"--{boundary}\nx\n--{boundary}--\n"


def test_the_date_keeps_the_zone_it_was_given() -> None:
    date = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert head(written(a_delivery=delivery(date=date)))["Date"] == "Sun, 22 Nov 2026 15:00:00 +0530"


# --- headers that nobody can break ----------------------------------------------------------------

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


def _sender_name(payload: str) -> Mapping[str, object]:
    return {"sender": replace(SENDER, list_name=payload)}


def _with_recipient(**changes: object) -> Delivery:
    return delivery(replace(ADA, **changes))


PLACES = {
    "subject": lambda text: written(edition(replace(LETTER, subject=text))),
    "subject, merged": lambda text: written(
        edition(replace(LETTER, subject="Hi @@name@@")), _with_recipient(name=text)
    ),
    "subject, default": lambda text: written(edition(replace(LETTER, subject=f"Hi @@nobody|{text}@@"))),
    "subject, column": lambda text: written(
        edition(replace(LETTER, subject="Hi @@town@@")), _with_recipient(merge={"town": text})
    ),
    "To, name": lambda text: written(a_delivery=_with_recipient(name=text)),
    "To, address": lambda text: written(a_delivery=_with_recipient(address=f"ada@example.org{text}")),
    "To, local part": lambda text: written(a_delivery=_with_recipient(address=f"{text}@example.org")),
    "From, name": lambda text: written(
        edition(sender=replace(SENDER, from_=f"{text} <news@learning.example>"))
    ),
    "From, address": lambda text: written(
        edition(sender=replace(SENDER, from_=f"News <news@learning.example{text}>"))
    ),
    "Reply-To": lambda text: written(
        edition(sender=replace(SENDER, reply_to=f"{text} <ed@learning.example>"))
    ),
    "Sender": lambda text: written(edition(sender=replace(SENDER, sender=f"{text} <ed@learning.example>"))),
    "return path": lambda text: written(
        edition(sender=replace(SENDER, return_path=f"b@learning.example{text}"))
    ),
    "List-Id, name": lambda text: written(edition(sender=replace(SENDER, list_name=text))),
    "List-Id": lambda text: written(edition(sender=replace(SENDER, list_id=f"weekly{text}"))),
    "Message-ID": lambda text: written(a_delivery=delivery(message_id=f"1{text}@learning.example")),
    "unsubscribe, web": lambda text: written(
        edition(unsubscribe=Unsubscribe(web=f"https://x.example/{text}"))
    ),
    "unsubscribe, url": lambda text: written(
        edition(unsubscribe=Unsubscribe(url=f"https://x.example/{text}{{email}}"))
    ),
    "unsubscribe, mailto": lambda text: written(
        edition(unsubscribe=Unsubscribe(mailto=f"leave{text}@x.example"))
    ),
}
ONLY = {
    "From", "Sender", "Reply-To", "To", "Subject", "Date", "Message-ID", "List-Id", "List-Unsubscribe",
    "List-Unsubscribe-Post", "Precedence", "Auto-Submitted", "MIME-Version", "Content-Type",
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_no_payload_anywhere_adds_a_header(place: str) -> None:
    assert len(PLACES) >= 12
    assert len(PAYLOADS) >= 40
    for payload in PAYLOADS:
        try:
            data = PLACES[place](payload)
        except (HeaderError, AddressError):
            continue  # refused: nothing is written
        for policy in (email.policy.compat32, email.policy.default, email.policy.SMTP):
            names = [name for name, _ in email.message_from_bytes(data, policy=policy).items()]
            assert set(names) <= ONLY, (payload, names)
            assert len(names) == len(set(names))
        again = email.message_from_bytes(data, policy=email.policy.compat32).as_bytes()
        assert {name for name, _ in read(again).items()} <= ONLY
        assert b"Bcc" not in re.findall(rb"(?m)^[^\s:]+", data.partition(b"\r\n\r\n")[0])


@pytest.mark.parametrize(
    "place",
    ["subject", "subject, merged", "subject, default", "subject, column", "To, name", "List-Id, name"],
)
def test_what_an_article_or_a_reader_is_called_never_blocks_the_mail(place: str) -> None:
    for payload in PAYLOADS:
        assert PLACES[place](payload)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_title_is_shown_as_it_was_written_without_its_controls(payload: str) -> None:
    assert shown(
        head(written(edition(replace(LETTER, subject=payload, fence="@@never@@"))))["Subject"]
    ) == printable(payload)


BEYOND = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=120).filter(
    lambda text: not text.isascii()
)


@settings(max_examples=2000, deadline=None)
@given(BEYOND)
def test_a_subject_beyond_ascii_loses_nothing(title: str) -> None:
    value = head(written(edition(replace(LETTER, subject=title, fence="\x00"))))["Subject"]
    assert shown(value) == printable(title)
    assert max(len(word) for word in value.split()) <= 75
    assert max(len(line) for line in f"Subject: {value}".split("\r\n")) <= 76


@settings(max_examples=2000, deadline=None)
@given(BEYOND)
def test_a_name_beyond_ascii_loses_nothing(name: str) -> None:
    value = mailbox("To", name, "ada@example.org")
    words, _, address = value.replace("\r\n", "").rpartition(" ")
    assert shown(words) == printable(name)
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


def test_a_long_unsubscribe_url_stays_whole() -> None:
    url = "https://leave.example/" + "a" * (177 - 22)
    assert len(url) == 177
    data = written(edition(unsubscribe=Unsubscribe(url=url)))
    assert b"\r\nList-Unsubscribe: <" + url.encode() + b">\r\n" in data


def test_an_international_domain_is_written_in_its_ascii_form() -> None:
    data = written(edition(sender=replace(SENDER, from_="Zoë <news@exämple.org>")))
    assert head(data)["From"].endswith("<news@xn--exmple-cua.org>")


@pytest.mark.parametrize(
    "address",
    ["zoë@example.org", "a@b@c", "a b@c.example", "a@b.example\r\nBcc: x", "<a@b.example>", "a", ""],
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(HeaderError, match="To: "):
        written(a_delivery=_with_recipient(address=address))


def test_an_edition_without_a_sender_is_told_with_its_cure() -> None:
    with pytest.raises(HeaderError, match="has no sender; give its channel a `from`"):
        written(edition(sender=None))


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


def test_a_value_for_programs_is_visible_ascii() -> None:
    for value in ("é", "a\r\nb", "=?utf-8?q?x?=", "", "\x7f"):
        with pytest.raises(HeaderError):
            machine("X", value)
    with pytest.raises(HeaderError):
        block([("X", "é")])


# --- merge fields ---------------------------------------------------------------------------------


def merged(text: str, recipient: Recipient = ADA, **changes: object) -> tuple[str, str]:
    """Fill a text as plain text and as html."""
    content = replace(LETTER, text=f"{text}\n", html=f"{text}\n")
    data = written(edition(content, **changes), delivery(recipient))
    return body(data, 0).rstrip("\n"), body(data, 1).rstrip("\n")


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("@@first_name@@", "Ada"),
        ("@@name@@", "Ada Lovelace"),
        ("@@email@@", "ada@example.org"),
        ("@@town@@", "London"),
        ("@@nothing@@", ""),
        ("@@nothing|there@@", "there"),
        ("@@first_name|there@@", "Ada"),
        ("@@web_url|https://x.example/?a=1@@", "https://x.example/?a=1"),
        ("@@Not a field@@", "@@Not a field@@"),
        ("@@", "@@"),
        ("@@name@@@@town@@", "Ada LovelaceLondon"),
        ("mail@@example", "mail@@example"),
    ],
)
def test_a_field_stands_for_its_value_or_its_default(text: str, filled: str) -> None:
    assert merged(text, replace(ADA, merge={"town": "London"})) == (filled, filled)


def test_values_are_escaped_in_html_and_bare_in_text() -> None:
    plain, html = merged("@@name@@", replace(ADA, name="<b>\"A\" & 'B'</b>\r\n x"))
    assert plain == "<b>\"A\" & 'B'</b> x"
    assert html == "&lt;b&gt;&quot;A&quot; &amp; &#x27;B&#x27;&lt;/b&gt; x"


@pytest.mark.parametrize("name", ["@@email@@", "@@unsubscribe_url@@", "@@", "@@name|@@"])
def test_a_name_that_looks_like_a_field_is_a_name(name: str) -> None:
    assert merged("a @@name@@ b", replace(ADA, name=name)) == (f"a {name} b", f"a {name} b")


def test_a_column_cannot_take_the_place_of_the_address_or_the_way_out() -> None:
    evil = {"email": "x@y.example", "unsubscribe_url": "https://evil.example"}
    plain, _ = merged("@@email@@ @@unsubscribe_url@@", replace(ADA, merge=evil))
    assert plain.startswith("ada@example.org https://mail.learning.example:80/u/")


@pytest.mark.parametrize(
    ("name", "merge", "first"),
    [
        ("Ada Lovelace", {}, "Ada"),
        ("Ada Lovelace", {"first_name": "Augusta"}, "Augusta"),
        ("Ada Lovelace", {"first_name": "  "}, "Ada"),
        ("Dr. Who", {}, ""),
        ("Lovelace, Ada", {}, ""),
        ("ACME Inc", {}, ""),
        ("Zoë", {}, "Zoë"),
        ("", {}, ""),
        ("x@y", {}, ""),
    ],
)
def test_a_first_name_is_guessed_only_where_that_is_safe(
    name: str, merge: dict[str, str], first: str
) -> None:
    assert merged("[@@first_name@@]", replace(ADA, name=name, merge=merge))[0] == f"[{first}]"


def test_another_fence_leaves_the_usual_one_alone() -> None:
    content = replace(LETTER, text="@@name@@ @@f00@@name@@f00@@\n", fence="@@f00@@")
    assert body(written(edition(content)), 0) == "@@name@@ Ada Lovelace\n"


# --- the way out ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "url"),
    [
        (
            Unsubscribe(url="https://esp.example/u?e={email}"),
            "https://esp.example/u?e=a%2Bb%26c%40example.org",
        ),
        (Unsubscribe(url="https://esp.example/ü ü<>"), "https://esp.example/%C3%BC%20%C3%BC%3C%3E"),
        (Unsubscribe(mailto="leave@x.example"), "mailto:leave@x.example?subject=unsubscribe"),
        (Unsubscribe(mailto="leave+a@x.example"), "mailto:leave%2Ba@x.example?subject=unsubscribe"),
    ],
)
def test_each_way_out_has_its_url(way: Unsubscribe, url: str) -> None:
    data = written(edition(unsubscribe=way), _with_recipient(address="a+b&c@example.org"))
    assert head(data)["List-Unsubscribe"] == f"<{url}>"
    assert url in body(data, 0)


@pytest.mark.parametrize(
    "way", [Unsubscribe(web=f"{WEB}/"), Unsubscribe(url="https://esp.example/u/{token}")]
)
def test_a_token_names_the_subscriber_and_no_address(way: Unsubscribe) -> None:
    url = head(written(edition(unsubscribe=way)))["List-Unsubscribe"][1:-1]
    assert "//u/" not in url
    assert links.read(KEYS.links, "unsubscribe", url.rpartition("/")[2]) == (UUID,)
    assert "ada" not in url


def test_the_url_of_our_own_pages_is_short_enough_for_any_library() -> None:
    assert len(head(written())["List-Unsubscribe"]) - 2 < 76


@pytest.mark.parametrize(
    ("one_click", "way"),
    [
        (False, Unsubscribe(web=WEB)),
        (True, Unsubscribe(web="http://mail.learning.example")),
        (True, Unsubscribe(mailto="leave@x.example")),
        (True, None),
    ],
)
def test_one_click_is_promised_only_where_it_works(one_click: bool, way: Unsubscribe | None) -> None:
    headers = head(written(edition(one_click=one_click, unsubscribe=way)))
    assert "List-Unsubscribe-Post" not in headers
    assert ("List-Unsubscribe" in headers) == (way is not None)


# --- posts ----------------------------------------------------------------------------------------

THREAD = Post(network="bluesky", parts=("one", "two"), language="en", first_comment="the link")


@pytest.mark.parametrize(
    ("content", "count"),
    [
        (LETTER, 1),
        (THREAD, 3),
        (replace(THREAD, first_comment=None), 2),
        (replace(THREAD, first_comment=""), 3),
    ],
)
def test_a_content_tells_how_many_deliveries_it_takes(content: Content, count: int) -> None:
    assert parts_of(content) == count


def test_each_part_of_a_post_is_a_message_of_its_own() -> None:
    parts = [
        compose(edition(THREAD), delivery(part=at, parent_id=f"urn:{at}"), KEYS).content for at in range(3)
    ]
    assert parts == [
        Part(post=THREAD, number=0, text="one", parent_id="urn:0"),
        Part(post=THREAD, number=1, text="two", parent_id="urn:1"),
        Part(post=THREAD, number=2, text="the link", is_comment=True, parent_id="urn:2"),
    ]


@pytest.mark.parametrize("part", [3, -1])
def test_a_part_that_a_post_does_not_have_is_a_mistake(part: int) -> None:
    with pytest.raises(ValueError, match=f"no part {part}"):
        compose(edition(THREAD), delivery(part=part), KEYS)


# --- names and keys -------------------------------------------------------------------------------


def test_a_name_reads_like_its_edition_and_hides_its_recipient() -> None:
    name = compose(edition(), delivery(), KEYS).name
    assert re.fullmatch(r"newsletter-article-2026-how-a-kiln-w-rks-[0-9a-f]{16}-0", name)
    assert "ada" not in name


@given(st.text(max_size=300), st.text(max_size=300), st.integers(0, 10**6))
def test_every_name_is_a_safe_file_name(key: str, identity: str, part: int) -> None:
    parts = replace(THREAD, parts=("x",) * 3, first_comment=None)
    message = compose(edition(parts, key=key), delivery(replace(ADA, identity=identity), part=part % 3), KEYS)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", message.name)
    assert len(message.name) <= 150


def test_names_and_keys_differ_for_each_delivery_and_revision() -> None:
    bob = replace(ADA, identity="bob@example.org")
    messages = [
        compose(an_edition, delivery(recipient, part=part), KEYS)
        for an_edition in (edition(THREAD), edition(THREAD, key="newsletter/article/kiln#2"))
        for recipient in (ADA, bob)
        for part in range(3)
    ]
    assert len({message.name for message in messages}) == 12
    assert len({message.idempotency_key for message in messages}) == 12
    changed = compose(edition(THREAD, content_hash="other"), delivery(), KEYS)
    assert changed.idempotency_key not in {message.idempotency_key for message in messages}


def test_keys_do_not_show_themselves() -> None:
    assert "kkk" not in repr(KEYS)
