"""A token says what we signed, to us alone."""

from __future__ import annotations

import base64
import hashlib
import hmac
import statistics
import time
from uuid import UUID

import itsdangerous
import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom import links

KEY, OLD_KEY = b"k" * 32, b"o" * 32
SUBSCRIBER = "0192d0ed-f5cf-77e3-9396-39f118a68291"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def of_version_7(bits: int) -> str:
    return str(UUID(int=bits & ~(0xF << 76 | 3 << 62) | 7 << 76 | 2 << 62))


people = st.integers(0, 2**128 - 1).map(of_version_7)
small = st.integers(0, 70).map(str)
part = st.one_of(
    st.text(max_size=50), people, small, st.uuids().map(str), st.uuids().map(lambda uuid: uuid.hex)
)
parts = st.one_of(st.lists(part), st.tuples(people, small).map(list))


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
    data = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    assert signer.get_signature(data[:-16]) == base64.urlsafe_b64encode(data[-16:]).rstrip(b"=")


def test_tokens_do_not_change_once_they_are_mailed() -> None:
    random = "2c4d0ded-f5cf-47e3-9396-39f118a68291"
    written = {
        (SUBSCRIBER,): "AZLQ7fXPB-MTljnxGKaCkZrywBbcdiM-G098fSwFQ5g",
        (SUBSCRIBER, "1"): "AZLQ7fXPB-NTljnxGKaCkccwscVc3HC1gLUV1zY14iw",
        (SUBSCRIBER, "64"): "_gGS0O31z3fjk5Y58RimgpECNjT8WwlVnmhT_mSpNfdGvFVF",
        (random,): "_ixNDe31z0fjk5Y58RimgpHYo5_9XRudeEii8CVZwI-S",
        ("a",): "AWH9_f39_f39_f39_f39_f3xSsT1oh5d0S0yq3uVLjta",
        ("a", random.replace("-", ""), random.upper()): (
            "AWH_LE0N7fXPR-OTljnxGKaCkSQyQzREMERFRC1GNUNGLTQ3RTMtOTM5Ni0zOUYxMThBNjgyOTHPTK7vr5fDYQOmU33bzAmT"
        ),
    }
    assert {given: links.token((KEY,), "unsubscribe", *given) for given in written} == written


def test_a_signature_has_128_bits() -> None:
    token = links.token((KEY,), "unsubscribe", SUBSCRIBER, "1")
    assert len(token) == 43  # 16 bytes for a person and their list, 16 for the signature
    whole = hmac.new(links._signer((KEY,), "unsubscribe").derive_key(), digestmod=hashlib.sha256)
    data = base64.urlsafe_b64decode(token + "=")
    whole.update(data[:16])
    assert data[16:] == whole.digest()[:16]


def test_an_unsubscribe_url_stays_under_76_characters() -> None:
    base = "https://mail.learning.example"
    assert len(base) == 29
    assert len(f"{base}/u/{links.token((KEY,), 'unsubscribe', SUBSCRIBER, '63')}") < 76


def test_a_token_fits_into_a_url_as_it_is() -> None:
    token = links.token((KEY,), "unsubscribe", SUBSCRIBER)
    assert set(token) <= set(LETTERS)


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


@pytest.mark.parametrize("given", [(SUBSCRIBER,), (SUBSCRIBER, "1"), (SUBSCRIBER, "64"), ("a",), ()])
def test_no_single_change_of_a_token_is_accepted(given: tuple[str, ...]) -> None:
    token = links.token((KEY,), "unsubscribe", *given)
    for at in range(len(token)):
        for other in ("", *LETTERS, "=", ".", "+", "/", " ", "\n"):
            changed = token[:at] + other + token[at + 1 :]
            assert changed == token or links.read((KEY,), "unsubscribe", changed) is None
            longer = token[:at] + other + token[at:]
            assert longer == token or links.read((KEY,), "unsubscribe", longer) is None
    for added in ("=", "==", "\n", " ", "A"):
        assert links.read((KEY,), "unsubscribe", token + added) is None


def test_forged_and_true_signatures_take_the_same_time() -> None:
    true = links.token((KEY,), "unsubscribe", SUBSCRIBER, "1")
    data = bytearray(base64.urlsafe_b64decode(true + "="))

    def forged(at: int) -> str:
        changed = bytearray(data)
        changed[16 + at] ^= 1
        return base64.urlsafe_b64encode(bytes(changed)).decode().rstrip("=")

    tokens = [true, forged(0), forged(15)]
    taken: list[list[int]] = [[] for _ in tokens]
    for _ in range(2_000):
        for times, token in zip(taken, tokens, strict=True):
            began = time.perf_counter_ns()
            links.read((KEY,), "unsubscribe", token)
            times.append(time.perf_counter_ns() - began)
    medians = [statistics.median(times) for times in taken]
    assert max(medians) - min(medians) < 1_000_000


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
