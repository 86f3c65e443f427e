"""The resolver asks a real server on loopback, and tells apart what it says from what it cannot say."""

from __future__ import annotations

import socket
from time import monotonic

import pytest
from dns_zone import GARBAGE, REFUSED, SERVFAIL, SILENCE, dns_server

from postroom.deliverability.lookup import Absent, Failed, Found
from postroom.deliverability.resolver import Resolver

LONG = "v=DKIM1; p=" + "A" * 3000

NAMES = {
    "learning.example": {
        "TXT": ["v=spf1 -all", "caf\u00e9 \x80"],
        "MX": ["10 mail.learning.example.", "20 other.example."],
        "A": ["203.0.113.7"],
        "AAAA": ["2001:db8::7"],
    },
    "null.example": {"MX": ["0 ."]},
    "7.113.0.203.in-addr.arpa": {"PTR": ["mail.learning.example."]},
    "long.example": {"TXT": [LONG]},
    "down.example": {"TXT": SERVFAIL},
    "shut.example": {"TXT": REFUSED},
    "silent.example": {"TXT": SILENCE},
    "garbage.example": {"TXT": GARBAGE},
}


@pytest.fixture(scope="module")
def port():
    with dns_server(NAMES) as number:
        yield number


@pytest.fixture
def ask(port):
    return Resolver("127.0.0.1", port, seconds=2)


@pytest.mark.parametrize(
    ("name", "kind", "answer"),
    [
        ("learning.example", "TXT", Found(values=("v=spf1 -all", "caf\u00e9 \x80"))),
        ("Learning.Example.", "A", Found(values=("203.0.113.7",))),
        ("learning.example", "AAAA", Found(values=("2001:db8::7",))),
        ("learning.example", "MX", Found(values=("10 mail.learning.example", "20 other.example"))),
        ("null.example", "MX", Found(values=("0 .",))),
        ("7.113.0.203.in-addr.arpa", "PTR", Found(values=("mail.learning.example",))),
        ("long.example", "TXT", Found(values=(LONG,))),
        ("learning.example", "PTR", Absent(exists=True)),
        ("nowhere.example", "TXT", Absent(exists=False)),
        (f"{'x' * 64}.example", "TXT", Absent(exists=False)),
        ("a..example", "TXT", Absent(exists=False)),
        (f"{'abcdefgh.' * 40}example", "TXT", Absent(exists=False)),
        ("caf\u00e9.example", "TXT", Absent(exists=False)),
    ],
)
def test_what_the_dns_says_is_told_as_values(name, kind, answer, ask) -> None:
    found = ask(name, kind)
    assert type(found) is type(answer)
    if isinstance(answer, Found):
        assert sorted(found.values) == sorted(answer.values)
    else:
        assert found == answer


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("down.example", "SERVFAIL"),
        ("shut.example", "SERVFAIL"),
        ("silent.example", "no name server answered in time"),
        ("garbage.example", "name server"),
    ],
)
def test_what_it_cannot_say_is_no_word_about_the_name(name, why, ask) -> None:
    answer = ask(name, "TXT")
    assert isinstance(answer, Failed)
    assert why in answer.why


def test_where_nobody_listens_the_time_for_all_questions_ends() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))  # bound and never read: silence
        ask = Resolver("127.0.0.1", taken.getsockname()[1], seconds=0.6)
        begun = monotonic()
        answers = [ask(f"n{number}.example", "TXT") for number in range(50)]
        assert monotonic() - begun < 5
    assert all(isinstance(each, Failed) for each in answers)
    assert answers[-1] == Failed(why="the 0.6 seconds for all questions were over")


def test_a_question_is_asked_once() -> None:
    with dns_server(NAMES) as number:
        ask = Resolver("127.0.0.1", number, seconds=2)
        first = ask("learning.example", "A")
    assert ask("LEARNING.example.", "A") is first
