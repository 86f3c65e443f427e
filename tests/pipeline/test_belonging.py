"""Each audience says of a person whether they are in it, and what decides that."""

from __future__ import annotations

import pytest

from postroom import config
from postroom.model import Member, MembershipState, Recipient
from postroom.outbox import leaving, operate, person
from postroom.outbox.intake import take_in
from postroom.outbox.leaving import Act
from postroom.outbox.standings import Errand
from postroom.pipeline.belonging import belongings

AUDIENCES = """audiences:
  subscribers: {file: subscribers.csv}
  all: {list: weekly}
  ai: {list: weekly, only: 'country is "DE" and tags has "ai"'}
  daily: {list: daily}
  german: {file: subscribers.csv, only: 'country is "DE"'}
  gone: {file: gone.csv}
"""
S = MembershipState


@pytest.fixture
def why(desk):
    """Tell what each audience says of Ada, once they came in by `members`."""

    def told(*members: Member, act=None) -> dict[str, tuple[bool, str]]:
        desk.configure(("audiences:\n  subscribers: {file: subscribers.csv}\n", AUDIENCES))
        with desk.ledger() as ledger:
            for name, member in zip(("weekly", "daily"), members, strict=False):
                take_in(ledger, Errand(list=name, source="a.csv", now=desk.now), [member])
            found = ledger.read(person.find, "ada@example.org")
            assert found is not None
            if act is not None:
                act(ledger, found.number)
                found = ledger.read(person.find, "ada@example.org") or found
            settings = config.load(desk.folder / "config.yaml")
            return {each.audience: (each.belongs, each.why) for each in belongings(settings, ledger, found)}

    return told


def ada(state: MembershipState = S.CONFIRMED, country: str = "DE") -> Member:
    address = "ada@example.org"
    who = Recipient(address=address, identity=address, domain="example.org", merge={"country": country})
    return Member(recipient=who, state=state, tags=("ai",))


def test_a_list_and_a_segment_of_it_say_why(desk, why) -> None:
    found = why(ada(), ada(S.UNCONFIRMED))
    assert found["all"] == (True, "they are on the list 'weekly'")
    assert found["ai"] == (
        True,
        '`country is "DE"` holds: country is "DE"; `tags has "ai"` holds: tags is ai',
    )
    assert found["daily"] == (False, "they have not confirmed yet")


def test_the_part_that_fails_is_told(desk, why) -> None:
    assert why(ada(country="FR"))["ai"] == (False, '`country is "DE"` does not hold: country is "FR"')


def test_who_left_or_never_was_on_a_list_is_told_so(desk, why) -> None:
    found = why(ada(S.UNSUBSCRIBED))
    assert found["ai"] == (False, "they left the list")
    assert found["daily"] == (False, "they are not on the list 'daily'")


def test_a_file_says_what_its_row_says(desk, why) -> None:
    desk.write("subscribers.csv", "email,country,status\nbea@example.org,,\nAda@example.org,FR,\n")
    found = why(ada())
    assert found["subscribers"] == (True, "they are in subscribers.csv")
    assert found["german"] == (False, '`country is "DE"` does not hold: country is "FR"')
    assert "gone.csv" in found["gone"][1]
    desk.write("subscribers.csv", "email,country,status\nAda@example.org,FR,unsubscribed\n")
    assert why(ada())["subscribers"] == (False, "subscribers.csv:2: unsubscribed in the file")
    desk.write("subscribers.csv", "email\nbea@example.org\n")
    assert why(ada())["subscribers"] == (False, "no row of subscribers.csv is theirs")


def test_who_left_a_file_or_is_suppressed_is_told_so(desk, why) -> None:
    desk.write("subscribers.csv", "email,country\nada@example.org,DE\n")

    def go(ledger, number: int) -> None:
        ledger.write(leaving.leave, number, "@german", Act(how="one-click"), desk.now)
        ledger.write(operate.suppress, "ada@example.org", "ada@example.org", "bounced", desk.now)

    found = why(ada(), act=go)
    assert found["german"] == (False, "they left it, whatever the file says")
    assert found["subscribers"] == (
        True,
        "they are in subscribers.csv; but they get nothing, for they are suppressed (bounced)",
    )
