"""A published DKIM key is read as a verifier reads it, and held against the one that signs."""

from __future__ import annotations

import base64
from functools import lru_cache

import dkim as verifier
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from dns_zone import SERVFAIL, zone
from hypothesis import given
from hypothesis import strategies as st

from postroom.deliverability import dkim
from postroom.deliverability.place import Place

NAME = "news2026._domainkey.learning.example"
PLACE = Place(file="config.yaml", setting="transports.mail.dkim", line=30)


def pem(kind: str = "rsa", bits: int = 2048, number: int = 1) -> bytes:
    return made(kind, bits, number)


@lru_cache(maxsize=8)
def made(kind: str, bits: int, number: int) -> bytes:
    match kind:
        case "rsa":
            key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
        case "ed25519":
            key = ed25519.Ed25519PrivateKey.generate()
        case _:
            key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public(kind: str = "rsa", bits: int = 2048, number: int = 1) -> str:
    half = dkim.public_half(pem(kind, bits, number))
    assert half is not None
    data = (
        half
        if isinstance(half, bytes)
        else half.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    )
    return base64.b64encode(data).decode()


def pkcs1() -> str:
    half = dkim.public_half(pem())
    assert isinstance(half, rsa.RSAPublicKey)
    return base64.b64encode(half.public_bytes(Encoding.DER, PublicFormat.PKCS1)).decode()


def signing(key: bytes | None) -> dkim.Signing:
    return dkim.Signing(domain="learning.example", selector="news2026", place=PLACE, pem=key)


def found(*texts: str, key: bytes | None = None) -> list[tuple[str, str, str]]:
    names = {NAME: {"TXT": [*texts]}}
    findings = dkim.inspect([signing(pem() if key is None else key)], zone(names))
    return [(each.rule, str(each.severity), each.message) for each in findings]


@pytest.mark.parametrize(
    ("record", "rules"),
    [
        ("v=DKIM1; k=rsa; p={key}", []),
        ("v=DKIM1; p={key}", []),
        ("p={key}", []),
        ("k=rsa; p={key}", []),
        ("v=DKIM1; k=RSA; p={key};", []),
        ("v=DKIM1; p={pkcs1}", []),
        ("v=DKIM1; h=sha256; s=email; t=; n=hello; p={key}", []),
        ("v=DKIM1; h=sha1:sha256; s=*; p={key}", []),
        ("v=DKIM1; s=tlsrpt:email; p={key}", []),
        ("v=DKIM1; x=unknown; p={key}", []),
        ("v=DKIM1; p=", ["dkim-revoked error"]),
        ("v=DKIM1; k=rsa; p=;", ["dkim-revoked error"]),
        ("v=DKIM1; k=rsa", ["dkim-syntax error"]),
        ("k=rsa; v=DKIM1; p={key}", ["dkim-syntax error"]),
        ("v=DKIM2; p={key}", ["dkim-syntax error"]),
        ("v=dkim1; p={key}", ["dkim-syntax error"]),
        ("v=DKIM1; p={key}; p={key}", ["dkim-syntax error"]),
        ('"v=DKIM1; p={key}"', ["dkim-syntax error"]),
        ("v=DKIM1\\; p={key}", ["dkim-syntax error"]),
        ("v=DKIM1 k=rsa p={key}", ["dkim-syntax error"]),
        ("v=DKIM1; p={cut}", ["dkim-syntax error"]),
        ("v=DKIM1; p=not base64!", ["dkim-syntax error"]),
        ("v=DKIM1; p=-----BEGIN PUBLIC KEY-----{key}", ["dkim-syntax error"]),
        ("v=DKIM1; k=dsa; p={key}", ["dkim-syntax error"]),
        ("v=DKIM1; k=ed25519; p={key}", ["dkim-syntax error"]),
        ("v=DKIM1; p={elliptic}", ["dkim-syntax error"]),
        ("some other text", ["dkim-syntax error"]),
        ("v=DKIM1; k=ed25519; p={edwards}", ["dkim-other-key error"]),
        ("v=DKIM1; p={other}", ["dkim-other-key error"]),
        ("v=DKIM1; h=sha1; p={key}", ["dkim-hash error"]),
        ("v=DKIM1; s=tlsrpt; p={key}", ["dkim-service error"]),
        ("v=DKIM1; t=y; p={key}", ["dkim-testing warning"]),
        ("v=DKIM1; t=s; p={key}", ["dkim-strict info"]),
        ("v=DKIM1; t=y:s; p={key}", ["dkim-testing warning", "dkim-strict info"]),
        ("v=DKIM1; t=z; p={key}", ["dkim-flags info"]),
    ],
)
def test_each_record_is_judged(record: str, rules: list[str]) -> None:
    elliptic = ec.generate_private_key(ec.SECP256R1()).public_key()
    text = record.format(
        key=public(),
        pkcs1=pkcs1(),
        cut=public()[:120],
        other=public(number=2),
        edwards=public("ed25519"),
        elliptic=base64.b64encode(
            elliptic.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        ).decode(),
    )
    assert [f"{rule} {severity}" for rule, severity, _ in found(text)] == rules


def test_without_a_record_the_one_that_verifies_is_shown() -> None:
    ((rule, severity, message),) = found()
    assert (rule, severity) == ("dkim-missing", "error")
    shown = message.rpartition("publish ")[2]
    assert shown.startswith(f'`{NAME}. TXT "v=DKIM1; k=rsa; p=')
    text = "".join(shown.strip("`").split('"')[1::2])
    assert found(text) == []


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_what_is_shown_verifies_what_is_signed(kind: str) -> None:
    shown = dkim.record_of(signing(pem(kind)))
    text = "".join(shown.strip("`").split('"')[1::2]).encode()
    key = pem(kind)
    if kind == "ed25519":
        body = base64.b64decode("".join(key.decode().splitlines()[1:-1]))
        key = base64.b64encode(body[-32:])
    mail = b"From: news@learning.example\r\nSubject: Hello\r\n\r\nGood morning.\r\n"
    algorithm = b"rsa-sha256" if kind == "rsa" else b"ed25519-sha256"
    header = verifier.sign(mail, b"news2026", b"learning.example", key, signature_algorithm=algorithm)
    assert verifier.verify(header + mail, dnsfunc=lambda name, timeout=5: text)


def test_a_key_of_ed25519_is_held_against_its_private_half() -> None:
    text = f"v=DKIM1; k=ed25519; p={public('ed25519')}"
    assert found(text, key=pem("ed25519")) == []
    short = base64.b64encode(b"x" * 31).decode()
    ((rule, _, message),) = found(f"v=DKIM1; k=ed25519; p={short}", key=pem("ed25519"))
    assert rule == "dkim-syntax"
    assert "32 bytes, and p= has 31" in message


def test_short_keys_are_told_by_their_bits() -> None:
    text = f"v=DKIM1; p={public(bits=1024)}"
    ((rule, severity, message),) = found(text, key=pem(bits=1024))
    assert (rule, severity) == ("dkim-shortish", "warning")
    assert "1024 bits" in message


SHORT = base64.b64encode(
    rsa.RSAPublicNumbers(65537, (1 << 767) | 1)
    .public_key()
    .public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()
"""A public key of 768 bits."""


def test_keys_that_no_receiver_takes_are_wrong() -> None:
    rules = [rule for rule, _, _ in found(f"v=DKIM1; p={SHORT}")]
    assert rules == ["dkim-short", "dkim-other-key"]


def test_two_records_are_wrong() -> None:
    ((rule, _, _),) = found(f"v=DKIM1; p={public()}", "v=DKIM1; p=")
    assert rule == "dkim-many"


def test_silence_says_nothing() -> None:
    (finding,) = dkim.inspect([signing(pem())], zone({NAME: {"TXT": SERVFAIL}}))
    assert (finding.rule, finding.severity) == ("dns-unanswered", "warning")


@pytest.mark.parametrize("key", [b"", b"rubbish", pem("elliptic")])
def test_a_key_that_cannot_sign_is_told_elsewhere(key: bytes) -> None:
    assert dkim.public_half(key) is None
    assert found(f"v=DKIM1; p={public()}", key=key) == []
    ((_, _, message),) = found(key=key)
    assert f"the TXT record of {NAME}" in message


def test_a_private_key_is_never_shown() -> None:
    secret = signing(pem())
    assert "PRIVATE" not in repr(secret)
    assert "PRIVATE" not in str(found())


@given(st.lists(st.binary(max_size=400), min_size=1, max_size=2), st.sampled_from(["", "v=DKIM1; p="]))
def test_any_bytes_give_findings(texts: list[bytes], begin: str) -> None:
    assert found(*(begin + each.decode("latin-1") for each in texts))


@given(st.binary(max_size=300))
def test_any_key_gives_findings(data: bytes) -> None:
    encoded = base64.b64encode(data).decode()
    assert found(f"v=DKIM1; p={encoded}")
    assert found(f"v=DKIM1; k=ed25519; p={encoded}")
