"""An address that sends is called by a name that leads back to it."""

from __future__ import annotations

import ipaddress

import pytest
from dns_zone import SERVFAIL, zone

from postroom.deliverability import ptr

FOUR, SIX = ipaddress.ip_address("203.0.113.7"), ipaddress.ip_address("2001:db8::7")


@pytest.mark.parametrize(
    ("names", "forward", "found"),
    [
        (["mail.learning.example"], {"mail.learning.example": {"A": ["203.0.113.7"]}}, []),
        (["mail.learning.example"], {"mail.learning.example": {"A": ["203.0.113.9", "203.0.113.7"]}}, []),
        (["a.example", "b.example"], {"b.example": {"A": ["203.0.113.7"]}}, []),
        (
            ["mail.learning.example"],
            {"mail.learning.example": {"A": ["203.0.113.8"]}},
            ["ptr-unconfirmed error"],
        ),
        (
            ["mail.learning.example"],
            {"mail.learning.example": {"AAAA": ["2001:db8::7"]}},
            ["ptr-unconfirmed error"],
        ),
        (["mail.learning.example"], {}, ["ptr-unconfirmed error"]),
        (["mail.learning.example"], {"mail.learning.example": {"A": SERVFAIL}}, ["dns-unanswered warning"]),
        ([], {}, ["ptr-missing error"]),
        (SERVFAIL, {}, ["dns-unanswered warning"]),
        (
            ["static-203-0-113-7.isp.example"],
            {"static-203-0-113-7.isp.example": {"A": ["203.0.113.7"]}},
            ["ptr-generic warning"],
        ),
        (
            ["7.113.0.203.dyn.isp.example"],
            {"7.113.0.203.dyn.isp.example": {"A": ["203.0.113.7"]}},
            ["ptr-generic warning"],
        ),
        (["mx7.learning.example"], {"mx7.learning.example": {"A": ["203.0.113.7"]}}, []),
    ],
)
def test_a_name_leads_back_or_not(names, forward, found, place, rules) -> None:
    records = {"7.113.0.203.in-addr.arpa": {"PTR": names}, **forward}
    assert rules(ptr.inspect(FOUR, zone(records), place)) == found


def test_ipv6_has_names_too(place, rules) -> None:
    forward = {"mail.learning.example": {"AAAA": ["2001:DB8:0::7"]}}
    records = {SIX.reverse_pointer: {"PTR": ["mail.learning.example"]}, **forward}
    assert ptr.inspect(SIX, zone(records), place) == ()
    assert rules(ptr.inspect(SIX, zone({}), place)) == ["ptr-missing error"]


def test_the_record_to_publish_is_shown(place) -> None:
    (finding,) = ptr.inspect(FOUR, zone({}), place)
    assert "`7.113.0.203.in-addr.arpa. PTR mail.your.domain.`" in finding.message
    records = {"7.113.0.203.in-addr.arpa": {"PTR": ["mail.learning.example"]}}
    (finding,) = ptr.inspect(FOUR, zone(records), place)
    assert "`mail.learning.example. A 203.0.113.7`" in finding.message


def test_few_names_are_followed(place) -> None:
    asked = zone({"7.113.0.203.in-addr.arpa": {"PTR": [f"n{number}.example" for number in range(500)]}})
    ptr.inspect(FOUR, asked, place)
    assert len(asked.asked) == 11
