"""Lists of tags are read as RFC 6376 §3.2 writes them, and what is no list says why."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.deliverability.tags import Malformed, parse


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("v=DKIM1; p=abc", {"v": "DKIM1", "p": "abc"}),
        ("v=DKIM1;p=abc;", {"v": "DKIM1", "p": "abc"}),
        (" v = DKIM1 ;\r\n\tp = a b c ; ", {"v": "DKIM1", "p": "a b c"}),
        ("p=", {"p": ""}),
        ("v=DKIM1 p", {"v": "DKIM1 p"}),
        ("p=abc==", {"p": "abc=="}),
        ("rua=mailto:a@b.example?x=1", {"rua": "mailto:a@b.example?x=1"}),
        ("", {}),
    ],
)
def test_tags_are_read_in_order(text: str, tags: dict[str, str]) -> None:
    assert dict(parse(text)) == tags
    assert [*parse(text)] == [*tags]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("v=DKIM1; p=a; p=b", "p= stands there twice"),
        ("v=DKIM1; p", "is no tag"),
        ("v=DKIM1;; p=a", "is no tag"),
        ("1v=DKIM1", "is no tag"),
        ("v=DKIM1\\; p=a", "backslash"),
        ('"v=DKIM1; p=a"', "quotation marks"),
        ("v=DKIM1; p=\x80", "0x80"),
        ("v=DKIM1; p=\x00", "0x00"),
    ],
)
def test_what_is_no_list_says_why(text: str, why: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse(text)
    assert why in str(caught.value)


@given(st.binary(max_size=600))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(Malformed):
        tags = parse(data.decode("latin-1"))
        assert all(name.isascii() and value == value.strip() for name, value in tags.items())
