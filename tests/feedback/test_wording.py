"""Whatever strangers write becomes a printable line, an address, an id, a moment, or nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.address import normalise
from postroom.feedback import wording

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@given(st.text(max_size=2_000))
def test_a_reason_is_one_short_printable_line(text: str) -> None:
    line = wording.line(text)
    assert len(line) <= 500
    assert line == line.strip()
    assert line.isprintable() or not line.isascii()
    assert not set(line) & set("\r\n\t\0\x7f\u2028\u202e\ud800")
    line.encode()


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("rfc822; ada@readers.example", "ada@readers.example"),
        ("RFC822;<Ada@Readers.Example>", "Ada@readers.example"),
        ("rfc822; ada@readers.example (Ada)", "ada@readers.example"),
        ("rfc822;ada+40readers.example", "ada@readers.example"),
        ("ada@readers.example", "ada@readers.example"),
        ("LOCAL; ada", ""),
        ("rfc822; ada@readers@example", ""),
        ("rfc822; ada@b\u00fccher.example", "ada@xn--bcher-kva.example"),
        ("x400; /c=gb/admd= /", ""),
        ("", ""),
        ("rfc822; " + "a" * 300 + "@readers.example", ""),
    ],
)
def test_the_address_in_a_field_is_found(given: str, read: str) -> None:
    assert wording.typed_address(given) == read


@given(st.text(max_size=300) | st.from_regex(r"rfc822; ?[a-z+<@.]{1,20}", fullmatch=True))
def test_an_address_is_one_that_mail_can_be_written_to(text: str) -> None:
    read = wording.typed_address(text)
    assert read == "" or normalise(read).address == read


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("<e7.42@learning.example>", "e7.42@learning.example"),
        ("  <a@b> <c@d>", "a@b"),
        ("e7.42@learning.example", "e7.42@learning.example"),
        ("", ""),
        ("<a\u202eb@c>", ""),
        ("<" + "a" * 2_000 + "@b>", ""),
    ],
)
def test_a_message_id_loses_its_brackets(given: str, read: str) -> None:
    assert wording.message_id(given) == read


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("bounces+AbC_-9.x@mail.learning.example", "AbC_-9.x"),
        ("<Bounces+abc@mail.learning.example>", "abc"),
        ('"bounces+abc@mail.learning.example" <x@y.example>', "abc"),
        ("rebounces+abc@mail.learning.example", ""),
        ("bounces@mail.learning.example", ""),
        ("bounces+a b@mail.learning.example", ""),
        ("bounces+" + "a" * 201 + "@mail.learning.example", ""),
    ],
)
def test_a_token_is_what_stands_after_bounces(given: str, read: str) -> None:
    assert wording.token(given) == read


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("Mon, 23 Nov 2026 12:30:00 +0100", datetime(2026, 11, 23, 11, 30, tzinfo=UTC)),
        ("Mon, 23 Nov 2026 11:30:00 -0000", datetime(2026, 11, 23, 11, 30, tzinfo=UTC)),
        ("Fri, 1 Jan 2038 00:00:00 +0000", NOW),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_date_is_never_later_than_now(given: str, read: datetime | None) -> None:
    assert wording.moment(given, NOW) == read


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("2026-11-23T11:33:54.9070259Z", datetime(2026, 11, 23, 11, 33, 54, 907025, tzinfo=UTC)),
        ("2026-11-23T04:24:21.000-05:00", datetime(2026, 11, 23, 9, 24, 21, tzinfo=UTC)),
        ("2026-11-24", NOW),
        ("0001-01-01T00:00:00+14:00", None),
        ("soon", None),
    ],
)
def test_a_date_of_a_provider_is_never_later_than_now(given: str, read: datetime | None) -> None:
    assert wording.iso_moment(given, NOW) == read


@given(st.text(max_size=120))
def test_any_text_is_a_date_or_none(text: str) -> None:
    for read in (wording.moment(text, NOW), wording.iso_moment(text, NOW)):
        assert read is None or read <= NOW
