"""Every letter can go over any wire as it is: what compose vouches for, the transport's own check finds true."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.compose import Keys, Signer, compose
from postroom.errors import AddressError, HeaderError
from postroom.model import Mail, Unsubscribe
from postroom.transports._smtp_mail import Offer, Transaction, transaction

ODD = (
    "", ".", "..", ".\r\n.", "\r\n.\r\n", "\n.\nMAIL FROM:<x@y>\n", "\r", "\n", "\x00", "\x00.", "From ", "=", "=\r\n.",
    "x" * 1200, "." * 1200, "é" * 600, "窯" * 400, "\ud800", "\u2028.", "\x85.", "@@name@@", "--=_postroom_", "a b.c",
)  # fmt: skip
ALPHABET = ".\r\n\x00=F ro@|é窯\t\x85\u2028\ud800-<>&\"'"
BODY = (
    ".@@first_name|.@@\n@@town@@.\n\n@@name|..@@@@town|.@@\n..\r\n.\r@@email@@\n@@unsubscribe_url@@\x00\n"
    + "A long line. " * 200
    + "@@town@@"
)
WAYS = (
    Unsubscribe(web="https://mail.learning.example"),
    Unsubscribe(url="https://example.org/off?who={email}&t={token}"),
    Unsubscribe(mailto="off@learning.example"),
    None,
)


@pytest.fixture(scope="module")
def keys() -> Keys:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    longest = ".".join(["s" * 60] * 4)
    return Keys(
        links=(b"k" * 32,), dkim=(Signer.from_pem(pem, selector=longest), Signer.from_pem(pem, selector="x"))
    )


def goes_as_it_is(mail: object) -> bool:
    """Whether the transport finds nothing wrong with a mail that it believes nothing of, and nothing to change."""
    assert isinstance(mail, Mail)
    written = transaction(replace(mail, is_plain=False), Offer())
    return mail.is_plain and isinstance(written, Transaction) and written.data == mail.data


def edition(desk, subject: str, text: str, at: int) -> object:
    """Write an edition in which everything is odd that its author can make so."""
    content = replace(desk.LETTER, subject=subject, html=f"<p>{text}</p>{BODY}", text=f"{BODY}{text}")
    return desk.edition(content, unsubscribe=WAYS[at % len(WAYS)], one_click=at % 3 == 0)


def delivery(desk, said: str, at: int) -> object:
    """Write a delivery to someone whose every field is odd."""
    merge = {"town": said, "first_name": said[::-1], "name": said[:9]}
    return desk.delivery(replace(desk.ADA, name=said, merge=merge), id=at)


def test_three_thousand_odd_letters_go_as_they_are(desk, keys) -> None:
    source = random.Random(7)
    for at in range(3_000):
        if at % 10 == 0:
            issue = edition(desk, source.choice((*ODD, "@@town@@.@@name@@")), source.choice(ODD), at // 10)
        drawn = "".join(source.choices(ALPHABET, k=source.choice((1, 3, 75, 76, 120))))
        whom = delivery(desk, source.choice((*ODD, drawn)), at)
        assert goes_as_it_is(compose(issue, whom, keys if at % 5 == 0 else desk.KEYS).content), (issue, whom)


@given(said=st.text(), subject=st.text(max_size=200), text=st.text(), at=st.integers(0, 11))
@settings(max_examples=300, deadline=None)
def test_any_letter_goes_as_it_is(desk, keys, said: str, subject: str, text: str, at: int) -> None:
    content = compose(edition(desk, subject, text, at), delivery(desk, said, at), keys).content
    assert goes_as_it_is(content)


@pytest.mark.parametrize("odd", ODD)
def test_no_setting_of_a_sender_makes_a_letter_that_does_not(desk, odd: str) -> None:
    for changes in (
        {"from_": f"{odd} <news@learning.example>"},
        {"list_name": odd},
        {"reply_to": f'"{odd}" <ed@learning.example>'},
    ):
        try:
            content = compose(
                desk.edition(sender=replace(desk.SENDER, **changes)), desk.delivery(), desk.KEYS
            ).content
        except (AddressError, HeaderError):
            continue
        assert goes_as_it_is(content), changes
