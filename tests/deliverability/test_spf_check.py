"""Who passes an SPF record, by RFC 7208 §4 and §5, and what it costs to find out."""

from __future__ import annotations

import ipaddress

import pytest
from dns_zone import SERVFAIL, zone

from postroom.deliverability.spf_check import Checked, Limits, Result, check_host
from postroom.deliverability.spf_macros import Asked

ZONE = {
    "plain.example": {"TXT": ["v=spf1 ip4:203.0.113.0/24 ip6:2001:db8:1::/48 -all", "other text"]},
    "soft.example": {"TXT": ["v=spf1 ~all"]},
    "open.example": {"TXT": ["v=spf1 +all"]},
    "silent.example": {"TXT": ["v=spf1 ip4:203.0.113.1"]},
    "empty.example": {"A": ["203.0.113.1"]},
    "two.example": {"TXT": ["v=spf1 -all", "v=spf1 +all"]},
    "broken.example": {"TXT": ["v=spf1 ip4:203.0.113.1 ipv4:1 -all"]},
    "down.example": {"TXT": SERVFAIL},
    "a.example": {"TXT": ["v=spf1 a -all"], "A": ["203.0.113.7"], "AAAA": ["2001:db8:1::7"]},
    "near.example": {"TXT": ["v=spf1 a/24//48 -all"], "A": ["203.0.113.200"], "AAAA": ["2001:db8:1::200"]},
    "mx.example": {"TXT": ["v=spf1 mx -all"], "MX": ["10 one.mx.example", "20 two.mx.example"]},
    "one.mx.example": {"A": ["203.0.113.8"]},
    "two.mx.example": {"A": ["203.0.113.7"]},
    "many.mx.example": {"TXT": ["v=spf1 mx -all"], "MX": [f"10 m{n}.example" for n in range(11)]},
    "ptr.example": {"TXT": ["v=spf1 ptr -all"]},
    "7.113.0.203.in-addr.arpa": {"PTR": ["liar.example", "out.ptr.example"]},
    "out.ptr.example": {"A": ["203.0.113.7"]},
    "include.example": {"TXT": ["v=spf1 include:soft.example include:plain.example -all"]},
    "lost.example": {"TXT": ["v=spf1 include:empty.example -all"]},
    "downstream.example": {"TXT": ["v=spf1 include:down.example -all"]},
    "faulty.example": {"TXT": ["v=spf1 include:broken.example -all"]},
    "sent-on.example": {"TXT": ["v=spf1 redirect=plain.example"]},
    "sent-off.example": {"TXT": ["v=spf1 redirect=empty.example"]},
    "loop.example": {"TXT": ["v=spf1 include:loop.example -all"]},
    "round.example": {"TXT": ["v=spf1 redirect=round.example"]},
    "exists.example": {"TXT": ["v=spf1 exists:%{ir}.list.example -all"]},
    "7.113.0.203.list.example": {"A": ["127.0.0.2"]},
    "own.example": {"TXT": ["v=spf1 exists:%{p}.names.example -all"]},
    "out.ptr.example.names.example": {"A": ["127.0.0.2"]},
    "voids.example": {"TXT": ["v=spf1 a:no1.example a:no2.example a:no3.example ip4:203.0.113.7 -all"]},
    "allowed-voids.example": {"TXT": ["v=spf1 a:no1.example mx:no2.example ip4:203.0.113.7 -all"]},
    "ten.example": {"TXT": [f"v=spf1 {' '.join(['a:one.mx.example'] * 10)} ip4:203.0.113.7 -all"]},
    "eleven.example": {"TXT": [f"v=spf1 {' '.join(['a:one.mx.example'] * 11)} ip4:203.0.113.7 -all"]},
    "early.example": {"TXT": [f"v=spf1 ip4:203.0.113.7 {' '.join(['a:one.mx.example'] * 11)} -all"]},
    "odd.example": {"TXT": ["v=spf1 a:mail..example.org -all"]},
    "rubbish.example": {"TXT": ["v=spf1 a -all"], "A": ["not an address"]},
}


def check(domain: str, ip: str = "203.0.113.7", limits: Limits | None = None) -> Checked:
    asked = Asked(ip=ipaddress.ip_address(ip), sender=f"news@{domain}")
    return check_host(asked, zone(ZONE), limits)


@pytest.mark.parametrize(
    ("domain", "ip", "result"),
    [
        ("plain.example", "203.0.113.7", "pass"),
        ("plain.example", "198.51.100.7", "fail"),
        ("plain.example", "2001:db8:1::7", "pass"),
        ("plain.example", "2001:db8:2::7", "fail"),
        ("plain.example", "::ffff:203.0.113.7", "pass"),
        ("soft.example", "203.0.113.7", "softfail"),
        ("open.example", "198.51.100.7", "pass"),
        ("silent.example", "198.51.100.7", "neutral"),
        ("empty.example", "203.0.113.1", "none"),
        ("nowhere.example", "203.0.113.1", "none"),
        ("nodots", "203.0.113.1", "none"),
        ("a..b.example", "203.0.113.1", "none"),
        (f"{'x' * 64}.example", "203.0.113.1", "none"),
        ("[203.0.113.1]", "203.0.113.1", "none"),
        ("two.example", "203.0.113.1", "permerror"),
        ("broken.example", "203.0.113.1", "permerror"),
        ("down.example", "203.0.113.1", "temperror"),
        ("a.example", "203.0.113.7", "pass"),
        ("a.example", "203.0.113.8", "fail"),
        ("a.example", "2001:db8:1::7", "pass"),
        ("near.example", "203.0.113.7", "pass"),
        ("near.example", "2001:db8:1:2::", "pass"),
        ("near.example", "2001:db8:2::", "fail"),
        ("mx.example", "203.0.113.7", "pass"),
        ("mx.example", "203.0.113.9", "fail"),
        ("many.mx.example", "203.0.113.7", "permerror"),
        ("ptr.example", "203.0.113.7", "pass"),
        ("ptr.example", "203.0.113.8", "fail"),
        ("include.example", "203.0.113.7", "pass"),
        ("include.example", "198.51.100.7", "fail"),
        ("lost.example", "203.0.113.7", "permerror"),
        ("downstream.example", "203.0.113.7", "temperror"),
        ("faulty.example", "203.0.113.7", "permerror"),
        ("sent-on.example", "203.0.113.7", "pass"),
        ("sent-on.example", "198.51.100.7", "fail"),
        ("sent-off.example", "203.0.113.7", "permerror"),
        ("loop.example", "203.0.113.7", "permerror"),
        ("round.example", "203.0.113.7", "permerror"),
        ("exists.example", "203.0.113.7", "pass"),
        ("exists.example", "203.0.113.8", "fail"),
        ("own.example", "203.0.113.7", "pass"),
        ("voids.example", "203.0.113.7", "permerror"),
        ("allowed-voids.example", "203.0.113.7", "pass"),
        ("ten.example", "203.0.113.7", "pass"),
        ("eleven.example", "203.0.113.7", "permerror"),
        ("early.example", "203.0.113.7", "pass"),
        ("odd.example", "203.0.113.7", "fail"),
        ("rubbish.example", "203.0.113.7", "fail"),
    ],
)
def test_results(domain: str, ip: str, result: str) -> None:
    assert check(domain, ip).result == result


def test_the_term_that_decides_is_named() -> None:
    checked = check("include.example")
    assert (checked.term, checked.lookups) == ("include:plain.example", 2)
    assert "include.example" in checked.why


def test_more_is_counted_where_more_is_allowed() -> None:
    checked = check("eleven.example", "198.51.100.7", Limits(lookups=40, voids=40))
    assert (checked.result, checked.lookups) == (Result.FAIL, 11)


def test_a_record_that_includes_itself_ends() -> None:
    checked = check("loop.example", limits=Limits(lookups=40, voids=40))
    assert checked.result is Result.PERMERROR
    assert checked.lookups == 41


def test_what_finds_nothing_is_named() -> None:
    assert check("voids.example").voids == ("A of no1.example", "A of no2.example", "A of no3.example")


def test_the_records_on_the_way_are_kept() -> None:
    assert [domain for domain, _ in check("include.example").records] == [
        "include.example",
        "soft.example",
        "plain.example",
    ]


def test_the_names_of_an_address_that_cannot_be_asked_for_match_nothing() -> None:
    names = {**ZONE, "7.113.0.203.in-addr.arpa": {"PTR": SERVFAIL}}
    asked = Asked(ip=ipaddress.ip_address("203.0.113.7"), sender="news@ptr.example")
    assert check_host(asked, zone(names)).result is Result.FAIL
