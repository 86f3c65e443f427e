"""Tokens of bounce addresses: each is good for one mail, in any case, and nobody else can make one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom import verp

KEYS = (b"k" * 32,)
numbers = st.integers(1, 2**59)
message_ids = st.builds(
    lambda digits, number: f"{digits}.{number}@example.org",
    st.text("0123456789abcdef", min_size=24, max_size=24),
    numbers,
)


@given(numbers, message_ids)
def test_a_token_tells_its_mail_whatever_becomes_of_its_case(number: int, message_id: str) -> None:
    made = verp.token(KEYS, number, message_id)
    for back in (made, made.lower(), made.upper()):
        assert verp.number_in(back) == number
        assert verp.is_of(KEYS, back, message_id)


@given(numbers, message_ids)
def test_a_bounce_address_is_short_enough_for_every_server(number: int, message_id: str) -> None:
    assert len(verp.PREFIX + verp.token(KEYS, number, message_id)) <= 64


@given(numbers, message_ids, message_ids)
def test_a_token_is_good_for_no_other_mail(number: int, one: str, other: str) -> None:
    assert verp.is_of(KEYS, verp.token(KEYS, number, one), other) == (one == other)


@given(numbers, message_ids, st.integers(0, 31), st.sampled_from("0123456789abcdef"))
def test_no_digit_of_the_signature_may_be_another(number: int, message_id: str, at: int, digit: str) -> None:
    made = verp.token(KEYS, number, message_id)
    head, _, mac = made.partition("-")
    altered = f"{head}-{mac[:at]}{digit}{mac[at + 1 :]}"
    assert verp.is_of(KEYS, altered, message_id) == (altered == made)


@given(st.text(max_size=80))
def test_what_is_no_token_names_no_mail(text: str) -> None:
    if verp.number_in(text) is None:
        assert not verp.is_of(KEYS, text, "a@b")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "1",
        "1-",
        f"1-{'a' * 31}",
        f"1-{'a' * 33}",
        f"g-{'a' * 32}",
        f"{'f' * 16}-{'a' * 32}",
        f"1-{'a' * 32}\n",
        f"１-{'a' * 32}",
    ],
)
def test_a_text_of_another_shape_is_no_token(text: str) -> None:
    assert verp.number_in(text) is None
    assert not verp.is_of(KEYS, text, "a@b")


def test_all_keys_are_believed_and_the_first_signs() -> None:
    old, new = b"o" * 32, b"n" * 32
    made = verp.token((old,), 7, "a.7@example.org")
    assert verp.is_of((new, old), made, "a.7@example.org")
    assert not verp.is_of((new,), made, "a.7@example.org")
    assert verp.token((new, old), 7, "a.7@example.org") != made


def test_without_keys_nothing_is_believed() -> None:
    assert not verp.is_of((), verp.token(KEYS, 7, "a.7@example.org"), "a.7@example.org")
