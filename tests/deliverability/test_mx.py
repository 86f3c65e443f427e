"""A domain can get mail, or the doctor says why not."""

from __future__ import annotations

import pytest
from dns_zone import SERVFAIL, zone

from postroom.deliverability import mx

HOSTS = {
    "in.mail.example": {"A": ["203.0.113.25"]},
    "six.mail.example": {"AAAA": ["2001:db8::25"]},
    "dead.mail.example": {"TXT": ["nothing here"]},
    "down.mail.example": {"A": SERVFAIL, "AAAA": SERVFAIL},
    "half.mail.example": {"A": SERVFAIL, "AAAA": ["2001:db8::25"]},
}


@pytest.mark.parametrize(
    ("records", "found"),
    [
        ({"MX": ["10 in.mail.example"]}, []),
        ({"MX": ["10 six.mail.example"]}, []),
        ({"MX": ["10 half.mail.example"]}, []),
        ({"A": ["203.0.113.1"]}, []),
        ({"AAAA": ["2001:db8::1"]}, []),
        ({"MX": ["0 ."]}, ["mx-null error"]),
        ({"MX": ["0 .", "10 in.mail.example"]}, ["mx-null error"]),
        ({"TXT": ["v=spf1 -all"]}, ["mx-missing error"]),
        (None, ["mx-missing error"]),
        ({"MX": ["10 dead.mail.example"]}, ["mx-host warning", "mx-missing error"]),
        ({"MX": ["10 nowhere.example"]}, ["mx-host warning", "mx-missing error"]),
        ({"MX": ["10 nowhere.example", "20 in.mail.example"]}, ["mx-host warning"]),
        ({"MX": ["10 203.0.113.25"]}, ["mx-host warning", "mx-missing error"]),
        ({"MX": ["10 203.0.113.25", "20 in.mail.example"]}, ["mx-host warning"]),
        ({"MX": ["10 down.mail.example"]}, ["dns-unanswered warning"]),
        ({"MX": SERVFAIL}, ["dns-unanswered warning"]),
        ({"A": SERVFAIL}, ["dns-unanswered warning"]),
        ({"A": SERVFAIL, "AAAA": ["2001:db8::1"]}, []),
    ],
)
def test_a_domain_gets_mail_or_not(records, found, place, rules) -> None:
    names = HOSTS if records is None else {**HOSTS, "learning.example": records}
    assert rules(mx.inspect("learning.example", zone(names), place)) == found


def test_the_record_to_publish_is_shown(place) -> None:
    (finding,) = mx.inspect("learning.example", zone({}), place)
    assert "`learning.example. MX 10 mail.learning.example.`" in finding.message


def test_few_servers_are_asked_about(place) -> None:
    hosts = [f"10 h{number}.nowhere.example" for number in range(90)]
    asked = zone({"learning.example": {"MX": hosts}})
    mx.inspect("learning.example", asked, place)
    assert len(asked.asked) == 11
