"""The doctor says whether receivers will take the mail of a project, with the record to publish."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from dns_zone import SERVFAIL, dns_server

SOUND = {
    "test.example": {"TXT": ["v=spf1 ip4:203.0.113.0/24 -all"], "MX": ["10 in.test.example."]},
    "in.test.example": {"A": ["203.0.113.25"]},
    "_dmarc.test.example": {"TXT": ["v=DMARC1; p=none; rua=mailto:dmarc@test.example"]},
    "7.113.0.203.in-addr.arpa": {"PTR": ["out.test.example."]},
    "out.test.example": {"A": ["203.0.113.7"]},
}
"""All that receivers ask for, but for a signature."""


@pytest.fixture
def over_smtp(office, mailbox):
    office.configure(mailbox.instead)
    return office


@pytest.fixture
def sound() -> Iterator[str]:
    with dns_server(SOUND) as port:
        yield f"127.0.0.1:{port}"


def rows(answer) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for each in json.loads(answer.out):
        found.setdefault(each["what"], []).append((each["state"], each["detail"]))
    return found


def test_sound_mail_is_well_with_yahoo(over_smtp, sound, postroom) -> None:
    answer = postroom("doctor", "--json", "--nameserver", sound, "--sends-from", "203.0.113.7")
    assert answer.code == 0
    found = rows(answer)
    ((state, detail),) = found["newsletter to Yahoo"]
    assert state == "well"
    assert detail.startswith("keeps: SPF, a DMARC policy (p=none is enough), From aligned")
    assert "cannot be seen from here: DKIM with 1024 bits or more" in detail
    ((state, detail),) = found["newsletter to Gmail"]
    assert state == "worth knowing"
    assert detail.startswith("breaks: one-click unsubscribe by https (RFC 8058); keeps: ")


def test_an_address_that_may_not_send_is_wrong(over_smtp, sound, postroom) -> None:
    answer = postroom("doctor", "--json", "--nameserver", sound, "--sends-from", "198.51.100.7")
    assert answer.code == 1
    found = rows(answer)
    wrong = [detail for state, detail in found["newsletter"] if state == "wrong"]
    assert len(wrong) == 2
    assert '"v=spf1 ip4:198.51.100.7 ip4:203.0.113.0/24 -all"' in wrong[1]
    assert "7.100.51.198.in-addr.arpa. PTR" in wrong[0]
    assert found["newsletter to Microsoft"][0][0] == "wrong"


def test_a_dns_that_fails_makes_nothing_wrong(over_smtp, postroom) -> None:
    kinds = dict.fromkeys(("TXT", "A", "AAAA", "MX", "PTR"), SERVFAIL)
    names = dict.fromkeys(("test.example", "_dmarc.test.example"), kinds)
    with dns_server(names) as port:
        answer = postroom("doctor", "--nameserver", f"127.0.0.1:{port}")
    assert answer.code == 0
    assert "TXT of test.example could not be looked at" in answer.told


def test_offline_nothing_is_asked(over_smtp, postroom) -> None:
    answer = postroom("doctor", "--json", "--offline")
    assert answer.code == 0
    found = rows(answer)
    assert "mail" not in found
    assert [state for state, _ in found["newsletter"]] == ["worth knowing"]
    assert "cannot be seen from here: SPF" in found["newsletter to Yahoo"][0][1]


def test_a_rehearsal_has_no_receivers(office, postroom) -> None:
    assert not any("newsletter" in what for what in rows(postroom("doctor", "--json", "--offline")))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--sends-from", "mail.test.example"), "--sends-from: 'mail.test.example' is no IP address"),
        (("--nameserver", "dns.test.example"), "--nameserver: 'dns.test.example' is no IP address"),
        (("--nameserver", "127.0.0.1:x"), "--nameserver: 'x' is no port; write `127.0.0.1:53`"),
        (("--nameserver", "127.0.0.1:0"), "'0' is no port"),
        (("--nameserver", "127.0.0.1:70000"), "'70000' is no port"),
    ],
)
def test_what_is_no_address_is_wrong_use(words, told, office, postroom) -> None:
    answer = postroom("doctor", *words)
    assert answer.code == 2
    assert told in answer.told


@pytest.mark.parametrize("server", ["::1", "[::1]", "[::1]:5353", "127.0.0.1"])
def test_name_servers_may_be_written_in_each_way(server, office, postroom) -> None:
    assert postroom("doctor", "--nameserver", server, "--offline").code == 0
