"""Greetings are told in one line a channel, and count as nobody's failure."""

from __future__ import annotations

import json

import pytest

from postroom.model import Recipient
from postroom.outbox import joining
from postroom.outbox.joining import Wish
from postroom.outbox.leaving import Act

WEB = 'web: {url: "https://mail.test.example", sign_up: [subscribers]}\naudiences:\n'


@pytest.fixture
def listed(desk):
    desk.configure(("audiences:\n", WEB), ("{file: subscribers.csv}", "{list: weekly}"))
    return desk


def sign_up(desk, name: str) -> None:
    address = f"{name}@example.org"
    who = Recipient(address=address, identity=address, domain="example.org")
    with desk.ledger() as ledger:
        wish = Wish(person=who, lists=("weekly",), language="", act=Act(how="sign-up form"))
        ledger.write(joining.sign_up, wish, desk.now)


def test_status_sums_them_up_and_list_names_each(listed, postroom) -> None:
    for name in ("ada", "bob"):
        sign_up(listed, name)
        told = postroom("run", "--once")
        assert told.code == 0
        assert "to who joins" in told.out
        assert "()" not in told.out
    (row,) = json.loads(postroom("outbox", "status", "--json").out)
    assert (row["edition"], row["article"], row["variant"], row["sent"]) == (
        "greeting/newsletter",
        "",
        "greeting",
        2,
    )
    deliveries = json.loads(postroom("outbox", "list", "--json").out)
    assert [each["recipient"] for each in deliveries] == ["ada@example.org", "bob@example.org"]
    shown = postroom("outbox", "show", deliveries[0]["edition"])
    assert "{{confirm_url}}" in shown.out
    assert "rehearsal" not in postroom("stats").out


def test_a_greeting_is_not_replaced_and_waits_for_no_decision(listed, postroom) -> None:
    sign_up(listed, "ada")
    postroom("run", "--once")
    (delivery,) = json.loads(postroom("outbox", "list", "--json").out)
    assert postroom("outbox", "replace", delivery["edition"]).code == 1
    assert "Nothing that was rehearsed waits" in postroom("outbox", "rehearsed").told
    assert len(listed.mails()) == 1
