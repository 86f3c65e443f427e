"""One person at a time: put on a list, taken off it, and told about."""

from __future__ import annotations

import json

import pytest

ADA = "ada@example.org"


def listed(postroom) -> str:
    return postroom("subscribers", "list", "--list", "weekly").told


def add(postroom, *more: str):
    return postroom("subscribers", "add", ADA, "--list", "weekly", *more)


def test_who_is_added_is_on_the_list_with_the_record_of_it(office, postroom) -> None:
    answer = add(postroom, "--name", " Ada  Lovelace ", "--because", "asked on the phone, 20 November")
    assert (answer.code, answer.out.strip()) == (0, f"{ADA} is on the list 'weekly'")
    assert ADA in listed(postroom)
    told = postroom("subscribers", "show", ADA).told
    assert "ada@example.org (Ada Lovelace), known since" in told
    assert "is on 'weekly' since" in told
    assert "was put on 'weekly' (by hand, asked on the phone, 20 November)" in told
    assert "was already on" in add(postroom).told


def test_who_is_removed_is_off_it_and_an_import_does_not_bring_them_back(office, postroom) -> None:
    add(postroom)
    answer = postroom(
        "subscribers", "remove", "Ada@Example.org", "--list", "weekly", "--because", "wrote to us"
    )
    assert (answer.code, answer.told.strip()) == (0, "Ada@example.org has left the list 'weekly'")
    assert ADA not in listed(postroom)
    office.write("people.csv", f"email\n{ADA}\nbea@example.org\n")
    done = postroom("subscribers", "import", str(office.folder / "people.csv"), "--list", "weekly")
    assert "1 added, 0 on it already" in done.told
    assert "1 not put back, since they left the list" in done.told
    assert ADA not in listed(postroom)
    assert "had left" in postroom("subscribers", "remove", ADA, "--list", "weekly").told
    add(postroom)
    assert ADA in listed(postroom)


def test_who_is_on_one_list_is_taken_off_that_one_without_naming_it(office, postroom) -> None:
    add(postroom)
    assert "has left the list 'weekly'" in postroom("subscribers", "remove", ADA).told
    assert ADA not in listed(postroom)


def test_nobody_is_said_to_have_left_what_they_were_never_on(office, postroom) -> None:
    add(postroom)
    answer = postroom("subscribers", "remove", ADA, "--list", "wekly")
    assert answer.code == 1
    assert f"{ADA} is not on the list 'wekly'; they are on weekly; say which: --list weekly" in answer.told
    assert ADA in listed(postroom)
    postroom("subscribers", "add", ADA, "--list", "daily")
    answer = postroom("subscribers", "remove", ADA)
    assert answer.code == 1
    assert "not on exactly one list; they are on daily, weekly" in answer.told


def test_whoever_is_put_on_a_list_that_nothing_goes_to_is_told_of(office, postroom) -> None:
    office.configure(("{file: subscribers.csv}", "{list: weekly}"))
    assert "no audience" not in add(postroom).told
    answer = postroom("subscribers", "add", ADA, "--list", "wekly")
    assert "no audience in config.yaml has the list 'wekly'" in answer.err
    assert "--list weekly" in answer.err
    office.write("people.csv", f"email\n{ADA}\n")
    answer = postroom("subscribers", "import", str(office.folder / "people.csv"))
    assert (answer.code, "has the list 'all'" in answer.err) == (0, True)


def test_what_is_known_of_who_is_no_subscriber_is_told(office, postroom) -> None:
    postroom("suppress", ADA)
    assert f"{ADA} is no subscriber, and suppressed since" in postroom("subscribers", "show", ADA).told
    postroom("subscribers", "erase", "bea@example.org", "--yes")
    assert "everything about them was erased" in postroom("subscribers", "show", "bea@example.org").told


def test_what_waits_for_who_is_removed_is_cancelled(office, postroom, hours) -> None:
    add(postroom)
    office.configure(("{file: subscribers.csv}", "{list: weekly}"))
    postroom("outbox", "pause", "mail")
    office.article(date=hours(-1))
    office.run()
    answer = postroom("subscribers", "remove", ADA, "--list", "weekly")
    assert "1 message cancelled" in answer.told
    assert "cancelled: 1 message" in postroom("subscribers", "show", ADA).told


def test_who_is_suppressed_is_added_with_a_warning(office, postroom) -> None:
    postroom("suppress", ADA)
    answer = add(postroom)
    assert "WARNING: they get nothing" in answer.told
    assert "gets nothing: suppressed on" in postroom("subscribers", "show", ADA).told


def test_a_person_is_told_to_machines_too(office, postroom) -> None:
    add(postroom)
    found = json.loads(postroom("subscribers", "show", ADA, "--json").out)
    assert found["address"] == ADA
    assert [(each["list"], each["how"]) for each in found["standings"]] == [("weekly", "on")]
    assert found["mails"] == {}


@pytest.mark.parametrize("what", ["show", "remove"])
def test_who_is_no_subscriber_is_told_so(office, postroom, what: str) -> None:
    answer = postroom("subscribers", what, ADA)
    assert answer.code == 1
    assert f"{ADA} is no subscriber" in answer.told


@pytest.mark.parametrize("what", ["add", "show", "remove"])
def test_what_is_no_address_is_wrong_use(office, postroom, what: str) -> None:
    answer = postroom("subscribers", what, "ada at example")
    assert answer.code == 2
    assert "is no mail address" in answer.told
