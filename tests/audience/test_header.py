"""Claims about names of columns: each once, and what a person calls one goes before its title."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.audience.header import AS_TITLED, Naming, naming_of, read_header
from postroom.errors import AudienceError


def names(line: str, naming: Naming = AS_TITLED) -> tuple[str, ...]:
    return read_header(io.StringIO(line, newline=""), "people.csv", naming).names


def test_like_titles_are_numbered_in_their_order() -> None:
    assert names("email,a,A,a_2,a") == ("email", "a", "a_2", "a_2_2", "a_3")


def test_what_a_person_names_keeps_its_name_wherever_it_stands() -> None:
    naming = naming_of({"Work": "email", "vorname ": "First Name"})
    assert names("Email,First name,Work,Vorname", naming) == (
        "email_2",
        "first_name_2",
        "email",
        "first_name",
    )
    assert names("Work,Vorname,Email,First name", naming) == (
        "email",
        "first_name",
        "email_2",
        "first_name_2",
    )


def test_a_name_that_is_taken_is_no_columns() -> None:
    assert names("email,Status,status", Naming(mapping={}, taken=("status",))) == (
        "email",
        "status_2",
        "status_3",
    )


def test_a_wrong_title_is_told_before_the_missing_address() -> None:
    with pytest.raises(
        AudienceError, match=r'people.csv:1: there is no column "Mial"; did you mean "Mail"\?'
    ):
        names("Mail;Name", naming_of({"Mial": "email"}))


@given(st.lists(st.text("abAB_2 ", max_size=4), max_size=30), st.sampled_from(["a", "b", "2"]))
def test_every_column_has_a_name_of_its_own(titles: list[str], theirs: str) -> None:
    line = ",".join(["email", *titles])
    plain = [title.strip().lower() for title in titles]
    found = names(line, naming_of({theirs: "mine"}) if plain.count(theirs) == 1 else AS_TITLED)
    assert len(set(found)) == len(titles) + 1


def test_very_many_like_titles_are_numbered_in_one_go() -> None:
    assert names("email" + ",a" * 100_000)[-1] == "a_100000"
