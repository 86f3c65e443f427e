"""All that can be looked at of a channel's mail comes together, gravest first."""

from __future__ import annotations

import base64
import ipaddress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from dns_zone import SERVFAIL, zone

from postroom.deliverability import Clear, Mailing, Place, Secured, Signing, Unsecured, judge, without_network
from postroom.model import Unsubscribe

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECURED = Secured(version="TLSv1.3", expires_at=NOW + timedelta(days=60))
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PUBLIC = base64.b64encode(
    KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()
PLACE = Place(file="config.yaml", setting="channels.newsletter.from", line=7)
SERVER = Place(file="config.yaml", setting="transports.mail", line=20)
SIGNING = Signing(
    domain="learning.example",
    selector="news2026",
    place=SERVER,
    pem=KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
)
MAILING = Mailing(
    sender="learning.example",
    return_path="bounce.learning.example",
    signings=(SIGNING,),
    unsubscribe=Unsubscribe(url="https://learning.example/leave?{token}"),
    host="smtp.provider.example",
    addresses=(ipaddress.ip_address("203.0.113.7"),),
    place=PLACE,
    server_place=SERVER,
)
SOUND = {
    "learning.example": {"MX": ["10 in.learning.example"]},
    "in.learning.example": {"A": ["203.0.113.25"]},
    "bounce.learning.example": {"TXT": ["v=spf1 ip4:203.0.113.0/24 -all"], "MX": ["10 in.learning.example"]},
    "news2026._domainkey.learning.example": {"TXT": [f"v=DKIM1; k=rsa; p={PUBLIC}"]},
    "_dmarc.learning.example": {"TXT": ["v=DMARC1; p=none; rua=mailto:dmarc@learning.example"]},
    "7.113.0.203.in-addr.arpa": {"PTR": ["out.learning.example"]},
    "out.learning.example": {"A": ["203.0.113.7"]},
    "smtp.provider.example": {"A": ["9.9.9.9"]},
}


def rules_of(mailing: Mailing = MAILING, secured=SECURED, **names: object) -> list[str]:
    return [each.rule for each in judge(mailing, zone({**SOUND, **names}), secured, NOW).findings]


def test_sound_mail_breaks_nothing_and_all_that_can_be_seen_is_kept() -> None:
    judged = judge(MAILING, zone(SOUND), SECURED, NOW)
    assert judged.findings == ()
    assert [each.broken for each in judged.verdicts] == [(), (), ()]
    assert all(not rule.aspects for verdict in judged.verdicts for rule in verdict.unseen)


def test_where_there_is_nothing_all_is_missing() -> None:
    judged = judge(MAILING, zone({}), SECURED, NOW)
    assert {each.rule for each in judged.findings} == {
        "spf-missing",
        "dkim-missing",
        "dmarc-missing",
        "ptr-missing",
        "mx-missing",
    }
    assert [len(each.broken) for each in judged.verdicts] == [4, 4, 4]


def test_where_the_dns_is_silent_nothing_is_wrong_and_nothing_is_kept() -> None:
    silent = {name: dict.fromkeys(("TXT", "A", "AAAA", "MX", "PTR"), SERVFAIL) for name in SOUND}
    judged = judge(MAILING, zone(silent), SECURED, NOW)
    assert {each.severity for each in judged.findings} == {"warning"}
    assert {each.rule for each in judged.findings} == {"dns-unanswered"}
    for verdict in judged.verdicts:
        assert verdict.broken == ()
        assert {rule.demand for rule in verdict.kept} <= {
            "TLS (seen up to your server)",
            "no From at gmail.com from elsewhere",
            "one-click unsubscribe by https (RFC 8058)",
            "List-Unsubscribe by https or by mail",
            "a way out that works (recommended)",
        }


def test_errors_stand_first_and_each_finding_once() -> None:
    names = {"_dmarc.learning.example": {"TXT": ["v=DMARC1; p=none"]}, "7.113.0.203.in-addr.arpa": {}}
    by_mail = replace(MAILING, unsubscribe=Unsubscribe(mailto="a@b.example"))
    findings = judge(by_mail, zone({**SOUND, **names}), SECURED, NOW)
    assert [each.rule for each in findings.findings] == [
        "ptr-missing",
        "one-click-mailto",
        "dmarc-no-reports",
    ]


def test_an_address_that_nobody_named_is_not_seen() -> None:
    judged = judge(replace(MAILING, addresses=()), zone(SOUND), SECURED, NOW)
    assert [(each.rule, each.severity) for each in judged.findings] == [("sending-address", "info")]
    assert "9.9.9.9" in judged.findings[0].message
    gmail = judged.verdicts[0]
    assert {"SPF", "a name (PTR) that leads back to the address"} <= {each.demand for each in gmail.unseen}


@pytest.mark.parametrize(
    ("host", "records", "found"),
    [
        ("smtp.provider.example", {"A": ["9.9.9.9"]}, ["sending-address"]),
        ("smtp.provider.example", {}, ["sending-address"]),
        ("127.0.0.1", {}, ["sending-address"]),
        ("10.1.2.3", {}, ["sending-address"]),
        ("8.8.8.8", {}, ["sending-address"]),
        ("9.9.9.9", {"TXT": ["v=spf1 ip4:9.9.9.9 -all"]}, []),
    ],
)
def test_how_the_server_would_do_is_told(host: str, records: dict, found: list[str]) -> None:
    bounce = {**SOUND["bounce.learning.example"], **records}
    names = {"bounce.learning.example": bounce, "smtp.provider.example": records}
    assert rules_of(replace(MAILING, host=host, addresses=()), **names) == found


@pytest.mark.parametrize(
    ("way", "found"),
    [
        (None, ["one-click-missing"]),
        (Unsubscribe(mailto="leave@learning.example"), ["one-click-mailto"]),
        (Unsubscribe(url="http://learning.example/leave"), ["one-click-mailto"]),
        (Unsubscribe(url="https://learning.example/leave"), []),
        (Unsubscribe(web="https://learning.example"), []),
    ],
)
def test_the_way_out_is_judged_without_a_network(way: Unsubscribe | None, found: list[str]) -> None:
    assert rules_of(replace(MAILING, unsubscribe=way)) == found
    assert [each.rule for each in without_network(replace(MAILING, unsubscribe=way)).findings] == found


@pytest.mark.parametrize(
    ("sender", "host", "found"),
    [
        ("gmail.com", "smtp.provider.example", ["from-gmail"]),
        ("googlemail.com", "smtp.provider.example", ["from-gmail"]),
        ("gmail.com", "smtp.gmail.com", []),
        ("gmail.com", "smtp-relay.google.com", []),
        ("learning.example", "smtp.gmail.com", []),
    ],
)
def test_nobody_sends_as_gmail_from_elsewhere(sender: str, host: str, found: list[str]) -> None:
    assert [
        each.rule for each in without_network(replace(MAILING, sender=sender, host=host)).findings
    ] == found


def test_unsigned_mail_is_told_once_and_dkim_counts_as_unseen() -> None:
    judged = judge(replace(MAILING, signings=()), zone(SOUND), SECURED, NOW)
    assert [each.rule for each in judged.findings] == ["dkim-unseen"]
    assert all("DKIM" in " ".join(rule.demand for rule in each.unseen) for each in judged.verdicts)


@pytest.mark.parametrize(
    ("seen", "found", "kept"),
    [
        (SECURED, [], True),
        (Unsecured(why="smtp.provider.example:587, STARTTLS: refused"), ["tls-failed"], False),
        (Clear(), ["tls-none"], False),
        (None, [], False),
    ],
)
def test_what_was_seen_of_tls_counts(seen, found: list[str], kept: bool) -> None:
    judged = judge(MAILING, zone(SOUND), seen, NOW)
    assert [each.rule for each in judged.findings] == found
    assert ("TLS (seen up to your server)" in [each.demand for each in judged.verdicts[0].kept]) is kept


def test_keys_for_others_alone_let_no_mail_out() -> None:
    foreign = replace(SIGNING, domain="elsewhere.example")
    judged = judge(replace(MAILING, signings=(foreign,)), zone(SOUND), SECURED, NOW)
    assert [each.rule for each in judged.findings] == ["dkim-foreign", "dkim-unseen"]
    assert "(elsewhere.example), so no mail goes out" in judged.findings[0].message
    assert all(any("DKIM" in rule.demand for rule in each.broken) for each in judged.verdicts)


def test_a_key_for_others_beside_the_own_says_nothing() -> None:
    foreign = replace(SIGNING, domain="elsewhere.example", selector="nobody")
    assert rules_of(replace(MAILING, signings=(foreign, SIGNING))) == []


def test_a_key_of_the_domain_above_signs() -> None:
    mailing = replace(MAILING, sender="news.learning.example")
    names = {"news.learning.example": {"MX": ["10 in.learning.example"]}}
    assert rules_of(mailing, **names) == []
