"""What is wrong with an SPF record is found, with the record to publish."""

from __future__ import annotations

import ipaddress

import pytest
from dns_zone import SERVFAIL, zone
from hypothesis import given
from hypothesis import strategies as st

from postroom.deliverability import spf
from postroom.deliverability.place import Place

HOSTS = {
    "_spf.mail.example": {"TXT": ["v=spf1 ip4:203.0.113.0/24 ~all"]},
    "_open.mail.example": {"TXT": ["v=spf1 +all"]},
    "_ptr.mail.example": {"TXT": ["v=spf1 ptr:mail.example ~all"]},
    "_down.mail.example": {"TXT": SERVFAIL},
    "_broken.mail.example": {"TXT": ["v=spf1 ip4:203.0.113 ~all"]},
    "_nine.mail.example": {"TXT": [f"v=spf1 {' '.join(['a:host.mail.example'] * 9)} ~all"]},
    "host.mail.example": {"A": ["198.51.100.9"]},
}


def found(*texts: str, senders: tuple[str, ...] = ()) -> list[tuple[str, str, str]]:
    place = Place(file="config.yaml", setting="channels.newsletter.from", line=7)
    names = {**HOSTS, "learning.example": {"TXT": [*texts]}}
    addresses = [ipaddress.ip_address(each) for each in senders]
    findings = spf.inspect("learning.example", addresses, zone(names), place)
    return [(each.rule, str(each.severity), each.message) for each in findings]


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("v=spf1 include:_spf.mail.example ~all", []),
        ("v=spf1 include:_spf.mail.example -all", []),
        ("v=spf1 a:host.mail.example mx:host.mail.example -all", []),
        ("v=spf1 redirect=_spf.mail.example", []),
        ("v=spf1 ip4:203.0.113.7 ip6:2001:db8::/32 -all", []),
        ("v=spf1 -all", []),
        ("V=SPF1 include:_SPF.mail.example ~ALL", []),
        ("v=spf1 +all", ["spf-passes-all error"]),
        ("v=spf1 all", ["spf-passes-all error"]),
        ("v=spf1 ip4:0.0.0.0/0 -all", ["spf-passes-all error"]),
        ("v=spf1 include:_open.mail.example -all", ["spf-passes-all error"]),
        ("v=spf1 include:_spf.mail.example ?all", ["spf-neutral warning"]),
        ("v=spf1 include:_spf.mail.example", ["spf-neutral warning"]),
        ("v=spf1", ["spf-neutral warning"]),
        ("v=spf1 ptr -all", ["spf-ptr warning"]),
        ("v=spf1 include:_ptr.mail.example -all", ["spf-ptr warning"]),
        ("v=spf1 -all include:_spf.mail.example", ["spf-after-all warning"]),
        ("v=spf1 ipv4:203.0.113.7 -all", ["spf-syntax error"]),
        ("v=spf1 ip4:203.0.113.7, -all", ["spf-syntax error"]),
        ("v=spf1 include:_broken.mail.example -all", ["spf-syntax error"]),
        ("v=spf1 include:nobody.example -all", ["spf-syntax error"]),
        ("v=spf1 include:learning.example -all", ["spf-lookups error"]),
        ("v=spf1 include:_down.mail.example -all", ["dns-unanswered warning"]),
        ("v=spf1 include:_nine.mail.example -all", []),
        ("v=spf1 include:_nine.mail.example a:host.mail.example -all", ["spf-lookups error"]),
        ("v=spf1 a:x.example mx:y.example -all", []),
        ("v=spf1 a:x.example mx:y.example exists:z.example -all", ["spf-voids error"]),
    ],
)
def test_each_record_is_judged(text: str, rules: list[str]) -> None:
    assert [f"{rule} {severity}" for rule, severity, _ in found(text)] == rules


def test_without_a_record_one_is_proposed_for_those_who_send() -> None:
    ((rule, severity, message),) = found("some other text")
    assert (rule, severity) == ("spf-missing", "error")
    assert '`learning.example. TXT "v=spf1 include:spf.your-provider.example ~all"`' in message
    ((_, _, message),) = found(senders=("203.0.113.7", "2001:db8::7"))
    assert '"v=spf1 ip4:203.0.113.7 ip6:2001:db8::7 ~all"' in message


def test_two_records_are_made_one() -> None:
    one = "v=spf1 include:_spf.mail.example -all"
    ((rule, _, message),) = found(one, "v=spf1 a include:_spf.mail.example ~all")
    assert rule == "spf-many"
    assert '"v=spf1 include:_spf.mail.example a ~all"' in message


def test_an_open_record_is_closed() -> None:
    ((_, _, message),) = found("v=spf1 a:host.mail.example +all")
    assert '"v=spf1 a:host.mail.example ~all"' in message


def test_an_address_that_sends_has_to_pass() -> None:
    assert found("v=spf1 include:_spf.mail.example -all", senders=("203.0.113.7",)) == []
    ((rule, severity, message),) = found("v=spf1 include:_spf.mail.example -all", senders=("198.51.100.7",))
    assert (rule, severity) == ("spf-address", "error")
    assert "fail" in message
    assert '"v=spf1 ip4:198.51.100.7 include:_spf.mail.example -all"' in message


@pytest.mark.parametrize("ending", ["-all", "~all"])
def test_less_than_a_pass_is_not_enough(ending: str) -> None:
    ((rule, _, _),) = found(f"v=spf1 include:_spf.mail.example {ending}", senders=("198.51.100.7",))
    assert rule == "spf-address"


def test_an_address_that_could_not_be_looked_at_is_a_warning() -> None:
    rules = {rule for rule, _, _ in found("v=spf1 include:_down.mail.example -all", senders=("203.0.113.7",))}
    assert rules == {"dns-unanswered"}


def test_silence_says_nothing_of_the_domain(place: Place) -> None:
    (finding,) = spf.inspect("learning.example", [], zone({"learning.example": {"TXT": SERVFAIL}}), place)
    assert str(finding) == (
        "config.yaml:7: channels.newsletter.from: TXT of learning.example could not be looked at: "
        "SERVFAIL of the test; ask again later"
    )
    assert (finding.rule, finding.severity) == ("dns-unanswered", "warning")


@given(st.lists(st.binary(max_size=300), max_size=4), st.booleans())
def test_any_bytes_give_findings(texts: list[bytes], begins: bool) -> None:
    written = [("v=spf1 " if begins else "") + each.decode("latin-1") for each in texts]
    rules = [rule for rule, _, _ in found(*written, senders=("203.0.113.7",))]
    if not begins and not any(each.lower().startswith("v=spf1") for each in written):
        assert rules == ["spf-missing"]
    if begins and len(written) > 1:
        assert rules == ["spf-many"]
