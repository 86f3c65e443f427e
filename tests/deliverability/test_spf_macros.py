"""Macros give what RFC 7208 §7.4 says of its own examples."""

from __future__ import annotations

import ipaddress

import pytest

from postroom.deliverability.spf_macros import Asked, expand

FOUR = Asked(
    ip=ipaddress.ip_address("192.0.2.3"), sender="strong-bad@email.example.com", helo="mx.example.org"
)
SIX = Asked(ip=ipaddress.ip_address("2001:db8::cb01"), sender="strong-bad@email.example.com")


def filled(text: str, asked: Asked = FOUR, domain: str = "email.example.com") -> str:
    return expand(text, asked, domain, lambda: "mx.example.org")


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("%{s}", "strong-bad@email.example.com"),
        ("%{o}", "email.example.com"),
        ("%{d}", "email.example.com"),
        ("%{d4}", "email.example.com"),
        ("%{d3}", "email.example.com"),
        ("%{d2}", "example.com"),
        ("%{d1}", "com"),
        ("%{dr}", "com.example.email"),
        ("%{d2r}", "example.email"),
        ("%{l}", "strong-bad"),
        ("%{l-}", "strong.bad"),
        ("%{lr}", "strong-bad"),
        ("%{lr-}", "bad.strong"),
        ("%{l1r-}", "strong"),
        ("%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"),
        ("%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"),
        ("%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"),
        ("%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"),
        ("%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"),
        ("%{h}.%{p}", "mx.example.org.mx.example.org"),
        ("%%.%_.%-.example", "%. .%20.example"),
        ("%{S}", "strong-bad%40email.example.com"),
        ("mail.example.org.", "mail.example.org"),
    ],
)
def test_the_examples_of_the_standard(text: str, whole: str) -> None:
    assert filled(text) == whole


def test_ipv6_is_written_by_its_nibbles() -> None:
    nibbles = "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"
    assert filled("%{ir}.%{v}._spf.%{d2}", SIX) == f"{nibbles}.ip6._spf.example.com"


def test_a_name_that_gets_too_long_loses_labels_from_the_left() -> None:
    long = filled("%{l}.%{d}.%{d}.%{d}.%{d}", domain=".".join(["x" * 60] * 4))
    assert len(long) <= 253
    assert long.endswith("x" * 60)
    assert not long.startswith("strong-bad")


def test_without_a_local_part_the_postmaster_sends() -> None:
    asked = Asked(ip=FOUR.ip, sender="@email.example.com")
    assert (asked.local_part, asked.sender_domain) == ("postmaster", "email.example.com")
