"""Signed letters verify with a verifier that is not ours, and altered ones do not."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from postroom.compose import Keys, Signer, compose
from postroom.errors import HeaderError, SigningError
from postroom.model import Mail

PEM = serialization.Encoding.PEM
PKCS8 = serialization.PrivateFormat.PKCS8
OPEN = serialization.NoEncryption()
NAMES = [
    "Ada Lovelace",
    "Zoë Müller",
    "王小明",
    'Dr. "Who", Jr.',
    "",
    "=?x",
    "é" * 120,
    "👩‍🔬 From .",
    "x " * 60,
    "a@b",
]

SHORT = b"""\
-----BEGIN PRIVATE KEY-----
MIIBVQIBADANBgkqhkiG9w0BAQEFAASCAT8wggE7AgEAAkEAw2OiEphiBNeLeCZN
CQQc8m9Ym34nmKJLfHPQKLlZh8cQOWT4nd72cwUlVRSF+q7BEd5B6AO/mcSu3uLf
ctNN5QIDAQABAkBbJ61iPYNlPOYNbNj9vtR+amINUQLKG9VZv3I6vZY+WFjHPFkW
wtac62g6INHxOrPF2is26Y2skj/9P7K1T8iBAiEA5IFsu/xb3rzngJHv00HeSTTn
O/WRk94Ue83h0vfLM+ECIQDa5iLz0dUaAfCwQxjO3v04mgH5b/T95AeBxF63Woya
hQIgSp8hfTpqXhDeoRQHd7v49Xs7UE9fnSRXGB8h8h1N1MECIQCpoEabjBHHypMZ
85So0jGFiApZocFGcUrD60i+asOkBQIhAITcWjvN+t4uWgTI5TfHCjBoyzJz1Zvh
Pbb4+sIcTVtG
-----END PRIVATE KEY-----
"""  # made for this test alone


def pem_of(key) -> bytes:
    return key.private_bytes(PEM, PKCS8, OPEN)


@pytest.fixture(scope="module")
def keyring() -> SimpleNamespace:
    """A signer of each kind, and a DNS that knows their public halves."""
    rsa_key, ed_key = rsa.generate_private_key(65537, 2048), ed25519.Ed25519PrivateKey.generate()
    spki = rsa_key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    raw = ed_key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    records = {
        b"r1._domainkey.learning.example.": b"v=DKIM1; k=rsa; p=" + dkim.base64.b64encode(spki),
        b"e1._domainkey.learning.example.": b"v=DKIM1; k=ed25519; p=" + dkim.base64.b64encode(raw),
    }
    return SimpleNamespace(
        rsa=Signer.from_pem(pem_of(rsa_key), domain="learning.example", selector="r1"),
        ed=Signer.from_pem(pem_of(ed_key), domain="Learning.Example", selector="e1"),
        look_up=lambda name, timeout=5: records.get(name),
    )


def signed(desk, *signers: Signer, delivery=None, **changes: object) -> bytes:
    keys = Keys(links=desk.KEYS.links, dkim=signers)
    content = compose(desk.edition(**changes), delivery or desk.delivery(), keys).content
    assert isinstance(content, Mail)
    return content.data


def verifies(data: bytes, look_up, at: int = 0) -> bool:
    try:
        return dkim.DKIM(data).verify(idx=at, dnsfunc=look_up)
    except dkim.DKIMException:
        return False


def test_a_thousand_odd_letters_verify_with_both_algorithms(desk, keyring) -> None:
    source = random.Random(7)
    for number in range(1_000):
        name = source.choice(NAMES)
        subject = source.choice(
            [
                "How a kiln works",
                "@@name|you@@ " * 12,
                "Wie ein Töpferofen brennt. " * 6,
                "窯" * 90,
                "x" * 300,
            ]
        )
        text = f"Dear @@name|reader@@,\n\n{'fire ' * source.randrange(60)}\n" + "\n" * source.randrange(4)
        content = replace(desk.LETTER, subject=subject, text=text)
        delivery = desk.delivery(replace(desk.ADA, name=name), date=desk.NOW - timedelta(minutes=number))
        data = signed(desk, keyring.rsa, keyring.ed, delivery=delivery, content=content)
        assert data.startswith(b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple;\r\n")
        assert data.count(b"DKIM-Signature: ") == 2
        assert verifies(data, keyring.look_up, 0)
        assert verifies(data, keyring.look_up, 1)
        assert max(map(len, data.partition(b"\r\nFrom:")[0].split(b"\r\n"))) <= 78


CHANGES = [
    (b"Fire is hot", b"Fire is not"),
    (b"--\r\n", b"--\r\n\r\n<script>"),
    (b"Subject: How", b"Subject: Who"),
    (b"\r\nFrom: The", b"\r\nFrom: Not The"),
    (b"To: Ada", b"To: Bob"),
    (b"Date: Sun", b"Date: Mon"),
    (b"Message-ID: <2", b"Message-ID: <3"),
    (b"List-Unsubscribe: <https://mail", b"List-Unsubscribe: <https://evil"),
    (b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b""),
    (b"List-Id: Weekly", b"List-Id: Daily"),
    (b"Content-Type: multipart/alternative", b"Content-Type: multipart/mixed"),
    (b"MIME-Version: 1.0\r\n", b""),
    (b"Reply-To: Ed", b"Reply-To: Eve"),
    (b"Sender: Desk", b"Sender: Duck"),
    (b"\r\nFrom: ", b"\r\nFrom: Eve <eve@evil.example>\r\nFrom: "),
    (b"\r\nFrom: ", b"\r\nSubject: Another\r\nFrom: "),
    (b"\r\nFrom: ", b"\r\nDate: Mon, 23 Nov 2026 09:30:00 +0000\r\nFrom: "),
    (b"\r\nFrom: ", b"\r\nTo: eve@evil.example\r\nFrom: "),
    (b"\r\nFrom: ", b"\r\nReply-To: eve@evil.example\r\nFrom: "),
]  # fmt: skip


@pytest.mark.parametrize(("found", "put"), CHANGES)
def test_a_letter_that_was_altered_does_not_verify(desk, keyring, found: bytes, put: bytes) -> None:
    sender = replace(desk.SENDER, reply_to="Ed <ed@learning.example>", sender="Desk <d@learning.example>")
    data = signed(desk, keyring.rsa, keyring.ed, sender=sender)
    assert verifies(data, keyring.look_up, 0)
    assert verifies(data, keyring.look_up, 1)
    assert found in data
    altered = data.replace(found, put, 1) if found != b"--\r\n" else data.removesuffix(found) + put
    assert not verifies(altered, keyring.look_up, 0)
    assert not verifies(altered, keyring.look_up, 1)


def test_a_reply_to_that_was_never_there_cannot_be_added(desk, keyring) -> None:
    data = signed(desk, keyring.rsa)
    assert verifies(data, keyring.look_up)
    assert not verifies(
        data.replace(b"\r\nFrom: ", b"\r\nReply-To: e@x.example\r\nFrom: ", 1), keyring.look_up
    )


def test_headers_that_a_relay_folds_anew_still_verify(desk, keyring) -> None:
    data = signed(desk, keyring.rsa)
    folded = data.replace(b"Subject: How a kiln", b"subject:   How\r\n\ta  kiln", 1)
    assert folded != data
    assert verifies(folded, keyring.look_up)


def test_what_is_signed_is_the_letter_that_goes_out_without_a_key(desk, keyring) -> None:
    assert signed(desk, keyring.rsa, keyring.ed).endswith(b"\r\n" + desk.written())


def test_another_attempt_at_a_signed_letter_is_the_same_bytes(desk, keyring) -> None:
    later = desk.delivery(attempts=3, due_at=desk.NOW + timedelta(days=1))
    assert signed(desk, keyring.rsa, keyring.ed) == signed(desk, keyring.rsa, keyring.ed, delivery=later)


@pytest.mark.parametrize("domain", ["learning.example", "news.learning.example", "a.b.LEARNING.example"])
def test_a_key_signs_for_its_domain_and_those_below(desk, keyring, domain: str) -> None:
    sender = replace(desk.SENDER, from_=f"News <news@{domain}>")
    assert verifies(signed(desk, keyring.rsa, sender=sender), keyring.look_up)


@pytest.mark.parametrize("domain", ["other.example", "elearning.example", "example"])
def test_a_sender_whom_no_key_speaks_for_is_told_with_its_cure(desk, keyring, domain: str) -> None:
    sender = replace(desk.SENDER, from_="News <news@other.example>")
    with pytest.raises(
        HeaderError, match=r"no DKIM key is for other\.example, only for learning\.example; add a key"
    ):
        signed(desk, keyring.rsa, keyring.ed, sender=sender)
    assert not keyring.rsa.is_aligned(domain)


def test_only_the_keys_of_the_sender_sign(desk, keyring) -> None:
    other = replace(keyring.ed, domain="other.example")
    assert signed(desk, keyring.rsa, other).count(b"DKIM-Signature: ") == 1


def test_a_key_without_a_domain_signs_for_the_domain_of_from(desk, keyring) -> None:
    data = signed(desk, replace(keyring.ed, domain=None))
    assert b" d=learning.example; s=e1; " in data
    assert verifies(data, keyring.look_up)


def test_a_short_key_is_refused_and_a_middling_one_is_weak(keyring) -> None:
    middling = Signer.from_pem(
        pem_of(rsa.generate_private_key(65537, 1024)), domain="a.example", selector="s"
    )
    assert (middling.bits, middling.is_weak, keyring.rsa.is_weak, keyring.ed.is_weak) == (
        1024,
        True,
        False,
        False,
    )
    with pytest.raises(SigningError, match=r"512 bits, .*`openssl genrsa -out dkim\.pem 2048`"):
        Signer.from_pem(SHORT, domain="a.example", selector="s")


def wrong_pems() -> dict[str, tuple[bytes, str]]:
    key = rsa.generate_private_key(65537, 1024)
    locked = key.private_bytes(PEM, PKCS8, serialization.BestAvailableEncryption(b"x"))
    older = key.private_bytes(
        PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.BestAvailableEncryption(b"x")
    )
    public = key.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    curve = pem_of(ec.generate_private_key(ec.SECP256R1()))
    return {
        "none": (b"", "no private key in PEM"),
        "text": (b"v=DKIM1; p=abc", "no private key in PEM"),
        "torn": (pem_of(key)[:300], "no private key in PEM"),
        "locked": (locked, "passphrase; write it without"),
        "locked, older": (older, "passphrase; write it without"),
        "public": (public, "the public one, which belongs in the DNS"),
        "another kind": (curve, "another kind of key; make one with"),
    }


@pytest.mark.parametrize("what", wrong_pems())
def test_a_wrong_key_is_told_with_its_cure(what: str) -> None:
    pem, message = wrong_pems()[what]
    with pytest.raises(SigningError, match=message):
        Signer.from_pem(pem, domain="a.example", selector="s")


@pytest.mark.parametrize(
    ("domain", "selector"),
    [
        ("a.example\r\nx", "s"),
        ("a.example", "s;d=b"),
        ("", "s"),
        ("a.example", ""),
        ("ä.example", "s"),
        ("a.example", "s" * 254),
    ],
)
def test_a_domain_or_selector_that_is_none_is_refused(domain: str, selector: str) -> None:
    with pytest.raises(SigningError, match="is no DKIM"):
        Signer.from_pem(pem_of(ed25519.Ed25519PrivateKey.generate()), domain=domain, selector=selector)


def test_signers_do_not_show_their_keys(desk, keyring) -> None:
    shown = repr(Keys(links=desk.KEYS.links, dkim=(keyring.rsa,)))
    assert "learning.example" in shown
    assert "sign=" not in shown
