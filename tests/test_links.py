"""A token says what we signed, to us alone."""

from __future__ import annotations

import hashlib
from uuid import UUID

import itsdangerous
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom import links

KEY, OLD_KEY = b"k" * 32, b"o" * 32
SUBSCRIBER = "2c4d0ded-f5cf-47e3-9396-39f118a68291"

parts = st.lists(st.one_of(st.text(max_size=50), st.uuids().map(str), st.uuids().map(lambda uuid: uuid.hex)))


@given(parts)
def test_a_token_gives_back_its_parts(given_parts: list[str]) -> None:
    token = links.token((KEY,), "unsubscribe", *given_parts)
    assert links.read((KEY,), "unsubscribe", token) == tuple(given_parts)


@given(st.binary(min_size=1, max_size=200), st.text(max_size=40), parts)
def test_a_token_is_what_itsdangerous_would_sign(key: bytes, purpose: str, given_parts: list[str]) -> None:
    token = links.token((key, OLD_KEY), purpose, *given_parts)
    signer = itsdangerous.Signer(
        [OLD_KEY, key],
        salt=b"postroom " + purpose.encode(),
        key_derivation="hmac",
        digest_method=hashlib.sha256,
        algorithm=links._ShortHMAC(hashlib.sha256),
    )
    assert token.encode() == signer.sign(token.rpartition(".")[0])


def test_tokens_have_not_changed_since_the_first_of_them_were_mailed() -> None:
    assert links.token((KEY,), "unsubscribe", SUBSCRIBER) == "_ixNDe31z0fjk5Y58RimgpE.BIwM8kW_HnT8SfES"
    assert (
        links.token((KEY,), "confirm", "a", SUBSCRIBER.replace("-", ""), SUBSCRIBER.upper())
        == "AWH_LE0N7fXPR-OTljnxGKaCkSQyQzREMERFRC1GNUNGLTQ3RTMtOTM5Ni0zOUYxMThBNjgyOTE.WaMaCDR2MOcBHhSX"
    )


def test_an_unsubscribe_url_stays_under_76_characters() -> None:
    base = "https://mail.learning.example:80"
    assert len(base) == 32
    assert len(f"{base}/u/{links.token((KEY,), 'unsubscribe', SUBSCRIBER)}") < 76


def test_a_token_fits_into_a_url_as_it_is() -> None:
    token = links.token((KEY,), "unsubscribe", SUBSCRIBER)
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.")


def test_a_token_is_the_same_every_time() -> None:
    assert links.token((KEY,), "confirm", "a") == links.token((KEY,), "confirm", "a")


def test_a_token_is_good_for_one_purpose() -> None:
    assert links.read((KEY,), "confirm", links.token((KEY,), "unsubscribe", SUBSCRIBER)) is None


def test_the_first_key_signs_and_every_key_reads() -> None:
    old = links.token((OLD_KEY,), "unsubscribe", SUBSCRIBER)
    assert links.token((KEY, OLD_KEY), "unsubscribe", SUBSCRIBER) == links.token(
        (KEY,), "unsubscribe", SUBSCRIBER
    )
    assert links.read((KEY, OLD_KEY), "unsubscribe", old) == (SUBSCRIBER,)
    assert links.read((KEY,), "unsubscribe", old) is None


def test_no_single_change_of_a_token_is_accepted() -> None:
    token = links.token((KEY,), "unsubscribe", SUBSCRIBER)
    for at, character in enumerate(token):
        for other in "Aa0_.":
            if other != character:
                changed = token[:at] + other + token[at + 1 :]
                assert links.read((KEY,), "unsubscribe", changed) is None


@pytest.mark.parametrize("token", ["", ".", "a.b", "ü.ü", "\x00", "a" * 5000, "..", " "])
def test_what_is_no_token_reads_as_none(token: str) -> None:
    assert links.read((KEY,), "unsubscribe", token) is None


@given(st.text())
def test_no_text_makes_reading_fail(text: str) -> None:
    assert links.read((KEY,), "unsubscribe", text) is None


def test_without_a_key_nothing_is_signed_and_nothing_is_believed() -> None:
    with pytest.raises(ValueError, match="without a key"):
        links.token((), "unsubscribe", SUBSCRIBER)
    assert links.read((), "unsubscribe", links.token((KEY,), "unsubscribe", SUBSCRIBER)) is None


def test_a_part_that_would_not_fit_is_said_so() -> None:
    with pytest.raises(ValueError, match="240 bytes"):
        links.token((KEY,), "unsubscribe", "é" * 120)


def test_a_uuid_in_another_spelling_comes_back_as_it_was_spelled() -> None:
    for spelling in (SUBSCRIBER.upper(), UUID(SUBSCRIBER).urn, f"{{{SUBSCRIBER}}}"):
        assert links.read((KEY,), "p", links.token((KEY,), "p", spelling)) == (spelling,)
