"""A person is explained, tagged, and found on their list by what is known of them."""

from __future__ import annotations

import json

import pytest

PEOPLE = 'email,name,country,tags\nada@example.org,Ada,DE,"ai, lead"\nbea@example.org,Bea,FR,ai\n'


@pytest.fixture
def stocked(desk, postroom):
    desk.configure(("{file: subscribers.csv}", '{list: weekly, only: \'country is "DE" and tags has "ai"\'}'))
    desk.write("people.csv", PEOPLE)
    assert postroom("subscribers", "import", str(desk.folder / "people.csv"), "--list", "weekly").code == 0
    return desk


def test_a_person_is_explained(stocked, postroom) -> None:
    told = postroom("subscribers", "show", "bea@example.org").told
    assert "is on 'weekly' since" in told
    assert ": confirmed" in told
    assert "tags: ai " in told
    assert 'audience \'subscribers\': no, `country is "DE"` does not hold: country is "FR"' in told
    assert "audience 'subscribers': yes, " in postroom("subscribers", "show", "ada@example.org").told


@pytest.mark.parametrize(
    ("reason", "state"),
    [("bounced (5.1.1)", "bounced"), ("complained: abuse", "complained"), ("wrote to us", "suppressed")],
)
def test_machines_are_told_states_and_audiences(stocked, postroom, reason: str, state: str) -> None:
    postroom("suppress", "ada@example.org", "--reason", reason)
    found = json.loads(postroom("subscribers", "show", "ada@example.org", "--json").out)
    assert found["states"] == {"weekly": state}
    assert found["tags"] == ["ai", "lead"]
    assert [(each["audience"], each["belongs"]) for each in found["audiences"]] == [("subscribers", True)]


def test_each_state_has_its_name(stocked, postroom) -> None:
    stocked.write("more.csv", "email,status\ncyd@example.org,pending\ndan@example.org,unsubscribed\n")
    postroom("subscribers", "import", str(stocked.folder / "more.csv"), "--list", "weekly")
    for name, state in (("ada", "confirmed"), ("cyd", "unconfirmed"), ("dan", "unsubscribed")):
        found = json.loads(postroom("subscribers", "show", f"{name}@example.org", "--json").out)
        assert found["states"] == {"weekly": state}


def test_tags_are_given_and_taken_away(stocked, postroom) -> None:
    answer = postroom("subscribers", "tag", "ada@example.org", "+Paid up", "-LEAD", "+AI")
    assert (answer.code, answer.told.strip()) == (0, "ada@example.org has AI, Paid up")
    assert postroom("subscribers", "list", "weekly", "--only", 'tags has "paid up"', "--count").out == "1\n"
    assert "has no tags" in postroom("subscribers", "tag", "bea@example.org", "-ai").told


@pytest.mark.parametrize("wrong", ["ai", "+", "-", "+ "])
def test_a_change_that_is_none_is_told(stocked, postroom, wrong: str) -> None:
    answer = postroom("subscribers", "tag", "ada@example.org", wrong)
    assert (answer.code, "write +TAG to add one" in answer.told) == (2, True)


def test_nobody_has_tags_who_is_no_subscriber(stocked, postroom) -> None:
    answer = postroom("subscribers", "tag", "eve@example.org", "+ai")
    assert (answer.code, "is no subscriber" in answer.told) == (1, True)


def test_a_list_is_looked_at_in_part(stocked, postroom) -> None:
    told = postroom("subscribers", "list", "weekly", "--only", 'country is "FR"').told
    assert "bea@example.org" in told
    assert "ada@example.org" not in told
    assert "1 subscribers in 'weekly' for whom country is \"FR\" holds" in told
    assert postroom("subscribers", "list", "weekly", "--count").out == "2\n"
    assert json.loads(postroom("subscribers", "list", "--list", "weekly", "--count", "--json").out) == 2


def test_a_condition_that_is_none_is_told_with_its_place(stocked, postroom) -> None:
    answer = postroom("subscribers", "list", "weekly", "--only", "country = DE")
    assert answer.code == 2
    assert (
        '--only, at character 9: expected `is`, `has` or `in` after `country`, found =; did you mean "is"?'
        in (answer.told)
    )


def test_the_doctor_tells_what_a_segment_has(stocked, postroom) -> None:
    found = json.loads(postroom("doctor", "--offline", "--json").out)
    (told,) = [each for each in found if each["what"] == "segment"]
    assert (told["state"], told["detail"]) == ("well", "subscribers: 1 of 2 on the list 'weekly'")
