"""`postroom subscribers erase` says what it did, what it could not reach, and asks before."""

from __future__ import annotations

import json

ADA = "ada@example.org"


def add(postroom, address: str = ADA):
    return postroom("subscribers", "add", address, "--list", "weekly", "--name", "Ada Lovelace")


def test_who_is_erased_is_known_no_more(office, postroom) -> None:
    add(postroom)
    answer = postroom("subscribers", "erase", "--yes", "Ada@Example.ORG")
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0] == "Ada@example.org: erased"
    assert "  postroom.db: every table" in answer.out.replace(str(office.folder) + "/", "")
    assert lines.index("Cleaned:") < lines.index("Beyond reach, and yours to clean:")
    assert "sent mail" in answer.out
    shown = postroom("subscribers", "show", ADA)
    assert (shown.code, "is no subscriber" in shown.err) == (1, True)


def test_nobody_is_erased_where_nobody_can_be_asked(office, postroom) -> None:
    add(postroom)
    answer = postroom("subscribers", "erase", ADA)
    assert (answer.code, "--yes" in answer.err) == (2, True)
    assert postroom("subscribers", "show", ADA).code == 0


def test_an_import_does_not_bring_them_back_but_a_person_who_says_why_does(office, postroom) -> None:
    add(postroom)
    postroom("subscribers", "erase", "--yes", ADA)
    office.write("people.csv", f"email\n{ADA}\n")
    again = postroom("subscribers", "import", str(office.folder / "people.csv"), "--list", "weekly")
    assert "0 added" in again.told
    refused = add(postroom)
    assert (refused.code, "had everything about them erased" in refused.err) == (1, True)
    assert postroom("subscribers", "show", ADA).code == 1
    told = postroom("subscribers", "add", ADA, "--list", "weekly", "--because", "asked on the phone")
    assert told.code == 0
    assert postroom("subscribers", "show", ADA).code == 0


def test_several_are_erased_at_once_as_json(office, postroom) -> None:
    add(postroom)
    answer = postroom("subscribers", "erase", "--yes", ADA, "nobody@example.org", "--json")
    told = json.loads(answer.out)
    assert [(each["address"], each["was_known"]) for each in told["people"]] == [
        (ADA, True),
        ("nobody@example.org", False),
    ]
    assert {each["is_clean"] for each in told["places"]} == {True, False}


def test_what_is_no_address_erases_nobody(office, postroom) -> None:
    add(postroom)
    answer = postroom("subscribers", "erase", "--yes", ADA, "no address")
    assert answer.code == 2
    assert postroom("subscribers", "show", ADA).code == 0
