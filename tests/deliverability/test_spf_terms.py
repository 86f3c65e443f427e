"""SPF records are read by the grammar of RFC 7208 §12, and each fault names its term."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.deliverability.spf_terms import is_record, parse
from postroom.deliverability.tags import Malformed


@pytest.mark.parametrize(
    ("text", "is_spf"),
    [
        ("v=spf1", True),
        ("v=spf1 -all", True),
        ("V=SPF1 -all", True),
        ("v=spf10 -all", False),
        (" v=spf1 -all", False),
        ("v=spf1\t-all", False),
        ("v=spf1\n", False),
        ("spf2.0/pra -all", False),
        ("google-site-verification=abc", False),
        ("", False),
    ],
)
def test_only_what_begins_with_the_version_is_spf(text: str, is_spf: bool) -> None:
    assert is_record(text) is is_spf


@pytest.mark.parametrize(
    "terms",
    [
        "include:_spf.google.com ~all",
        "include:amazonses.com include:spf.protection.outlook.com -all",
        "ip4:203.0.113.0/24 ip6:2001:db8::/32 a mx ptr ?all",
        "a/24 mx//64 a:mail.example.org/28//96 -all",
        "a:foo:bar/baz.example.com",
        "exists:%{ir}.%{v}._spf.%{d2} -all",
        "exists:%{l1r+}.%{o}.%{h}._spf.example.org",
        "redirect=_spf.example.org",
        "ip4:192.0.2.1 exp=explain._spf.%{d}",
        "moo.cow-far_out=man:dog/cat ip4:192.0.2.1 -all",
        "a:example.org. -all",
        "a:_underscored.example.org -all",
        "a:xn--bcher-kva.example -all",
        "A:EXAMPLE.ORG IP4:192.0.2.1 -ALL",
        "",
        "   ",
    ],
)
def test_what_the_grammar_allows_is_read(terms: str) -> None:
    parse(f"v=spf1 {terms}")


@pytest.mark.parametrize(
    ("terms", "named"),
    [
        ("ip4=192.0.2.1 ipv4:192.0.2.1 -all", "ipv4:192.0.2.1"),
        ("include:_spf.google.com, -all", "_spf.google.com,"),
        ("ip4:192.0.2.0/33 -all", "ip4:192.0.2.0/33"),
        ("ip4:192.0.2.0/024 -all", "ip4:192.0.2.0/024"),
        ("ip4:192.0.2 -all", "ip4:192.0.2"),
        ("ip4:192.0.2.1/255.255.255.0 -all", "255.255.255.0"),
        ("ip4:2001:db8::1 -all", "ip4:2001"),
        ("ip6:192.0.2.1 -all", "ip6:192.0.2.1"),
        ("ip6:2001:db8::/129 -all", "/129"),
        ("ip6:fe80::1%eth0 -all", "fe80"),
        ("ip4 -all", "`ip4`"),
        ("include -all", "a colon and a domain"),
        ("include: -all", "no domain"),
        ("include:localhost -all", "`localhost` is no domain"),
        ("include:example.org/24 -all", "no domain"),
        ("exists -all", "a colon and a domain"),
        ("all:example.org", "nothing after it"),
        ("all.", "all."),
        ("a:192.0.2.1 -all", "`192.0.2.1` is no domain"),
        ("a/33 -all", "longer than 32 bits"),
        ("mx//129 -all", "longer than 128 bits"),
        ("a/ -all", "a/"),
        ("a:%{x}.example.org -all", "macro"),
        ("a:%{d0}.example.org -all", "macro"),
        ("a:%(d).example.org -all", "macro"),
        ("exists:%{c}.example.org -all", "macro"),
        ("redirect:example.org", "redirect:example.org"),
        ("redirect=a.example redirect=b.example", "redirect= stands there twice"),
        ("exp=a.example exp=b.example -all", "exp= stands there twice"),
        ("redirect=", "no domain"),
        ("-all;", "`-all;`"),
        ("\u2013all", "no term"),
        ("a:caf\u00e9.example -all", "character"),
        ("+-all", "+-all"),
        ("=x", "=x"),
        ("mx\ta", "mx"),
    ],
)
def test_what_it_does_not_allow_is_named(terms: str, named: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse(f"v=spf1 {terms}")
    assert named in str(caught.value)


def test_a_long_term_is_cut_where_it_is_named() -> None:
    with pytest.raises(Malformed) as caught:
        parse(f"v=spf1 a:{'x' * 5000}")
    assert len(str(caught.value)) < 200


def test_terms_are_taken_apart() -> None:
    record = parse("v=spf1 a:mail.example.org/28//96 -ip4:192.0.2.7/24 ?MX redirect=other.example")
    first, second, third = record.mechanisms
    assert (first.qualifier, first.name, first.target, first.four, first.six) == (
        "+",
        "a",
        "mail.example.org",
        28,
        96,
    )
    assert (second.qualifier, str(second.network)) == ("-", "192.0.2.0/24")
    assert (third.qualifier, third.name, third.target, third.four) == ("?", "mx", "", 32)
    assert record.redirect == "other.example"


def test_what_stands_after_all_is_idle() -> None:
    record = parse("v=spf1 ip4:192.0.2.1 ~all include:late.example a")
    assert [each.text for each in record.beyond_all] == ["include:late.example", "a"]
    assert parse("v=spf1 a mx").beyond_all == ()


@given(st.binary(max_size=600))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    text = data.decode("latin-1")
    with suppress(Malformed):
        assert len(parse(f"v=spf1 {text}").mechanisms) <= text.count(" ") + 1
