"""A test message is nobody's but the tester's."""

from __future__ import annotations

import re

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from postroom import links
from postroom.outbox import meta, subscribers

SERVICE = (
    ("{mailto: leave@test.example}", '{url: "https://leave.test.example/{token}"}'),
    ("{file: subscribers.csv}", "{list: weekly}"),
)


def test_a_test_mail_cannot_unsubscribe_a_reader(office, postroom, hours) -> None:
    office.configure(*SERVICE)
    postroom("subscribers", "import", "--list", "weekly", str(office.folder / "subscribers.csv"))
    office.article(date=hours(-1))
    assert postroom("send-test", "letters", "--to", "colleague@test.example").code == 0
    (mail,) = office.mails()
    found = re.search(r"/([^/>]+)>", mail["List-Unsubscribe"])
    assert found is not None
    with office.ledger() as ledger:
        assert links.read((ledger.write(meta.link_key),), "unsubscribe", found[1]) is None
        assert all(one.uuid not in str(mail) for one in subscribers.stream(ledger, "weekly"))


def test_a_test_mail_names_nobody_of_the_audience(office, postroom, hours) -> None:
    office.article(date=hours(-1), title="For {{first_name|you}} at {{email}}")
    assert postroom("send-test", "letters", "--to", "Colleague@Test.example").code == 0
    (mail,) = office.mails()
    assert str(mail["To"]) == "Colleague@test.example"
    assert "eader0" not in str(mail)
    assert mail["Subject"].startswith("[Test]")


def test_a_test_mail_needs_no_ledger_and_makes_none(desk, postroom, hours) -> None:
    desk.article(date=hours(-1))
    assert postroom("send-test", "letters", "--to", "colleague@test.example").code == 0
    assert len(desk.mails()) == 1
    assert not list(desk.folder.glob("postroom.db*"))


def test_an_address_that_is_none_is_told_with_its_option(office, postroom) -> None:
    office.article("letters")
    for words, option in ((("send-test", "letters", "--to"), "--to"), (("suppress",), "ADDRESS")):
        answer = postroom(*words, "x y")
        assert (answer.code, answer.told) == (
            2,
            f"postroom: {option}: 'x y' is no mail address: there is no @",
        )


@pytest.fixture
def signing(office, mailbox):
    """An office that signs with keys/dkim.pem, which is not there yet."""
    server = f"kind: smtp, host: 127.0.0.1, port: {mailbox.port}, tls: none, ehlo: test.example"
    office.configure(
        (
            "mail: {kind: folder, path: out/mail}",
            f"mail: {{{server}, dkim: [\n    {{selector: news,\n     key: keys/dkim.pem}}]}}",
        )
    )
    return office


def test_a_test_mail_is_signed_as_its_edition_is(signing, mailbox, postroom, hours) -> None:
    key = rsa.generate_private_key(65537, 2048)
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    signing.write("keys/dkim.pem", key.private_bytes(*pem).decode())
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    dns = {b"news._domainkey.test.example.": b"v=DKIM1; k=rsa; p=" + dkim.base64.b64encode(public)}
    signing.article(date=hours(-1))
    assert postroom("send-test", "letters", "--to", "colleague@test.example").code == 0
    (mail,) = mailbox.messages
    assert dkim.DKIM(mail).verify(dnsfunc=lambda name, timeout=5: dns.get(name))


@pytest.mark.parametrize("text", [None, "email,name\n"])
def test_a_key_that_is_missing_or_no_key_lets_no_test_mail_go(
    text: str | None, signing, mailbox, postroom, hours
) -> None:
    if text is not None:
        signing.write("keys/dkim.pem", text)
    signing.article(date=hours(-1))
    lines = (signing.folder / "config.yaml").read_text(encoding="utf-8").splitlines()
    line = next(number for number, each in enumerate(lines, start=1) if "key: keys/dkim.pem" in each)
    for words in (("send-test", "letters", "--to", "colleague@test.example"), ("run", "--once")):
        answer = postroom(*words)
        assert answer.code == 1
        assert f"config.yaml:{line}: transports.mail.dkim: " in answer.told
        assert (
            "keys/dkim.pem: this is no private key" if text else "keys/dkim.pem cannot be read"
        ) in answer.told
    assert mailbox.messages == []
