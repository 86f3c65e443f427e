"""Claims about importing JSON: what an object makes of a person, and what it cannot."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.audience import Rejection, imports
from postroom.errors import AudienceError
from postroom.model import Member

ADA = {
    "Email Address": "Ada@Example.org",
    "name": "Ada Lovelace",
    "lang": "en_GB",
    "labels": ["lead", "a, b"],
    "status": "pending",
    "score": 4.50,
    "vip": True,
    "note": None,
    "consent_at": "2024-06-25T09:26:27Z",
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("is_list", [True, False])
def test_an_object_becomes_a_member(file, read, encoding: str, is_list: bool) -> None:
    text = json.dumps([ADA], ensure_ascii=False) if is_list else json.dumps(ADA) + "\n"
    (ada,) = read(file(text.encode(encoding)))
    assert ada.recipient.identity == "ada@example.org"
    assert (ada.state, ada.language, ada.tags) == ("unconfirmed", "en-GB", ("lead", "a, b"))
    assert ada.consent.at.isoformat() == "2024-06-25T09:26:27+00:00"
    assert (
        ada.recipient.merge.items()
        >= {"score": "4.5", "vip": "true", "note": "", "first_name": "Ada"}.items()
    )


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ('{"email": "a@example.org", "address": {"city": "Bern"}}', "the value of address is an object"),
        (
            '{"email": "a@example.org", "sizes": [1]}',
            "the value of sizes is a list; only tags, labels, groups may",
        ),
        (
            '{"email": "a@example.org", "tags": ["x", {"y": 1}]}',
            "the list tags holds something other than texts",
        ),
        (
            '{"email": "a@example.org", "email": "b@example.org"}',
            'the keys "email" and "email" both mean email',
        ),
        ('{"email": "a@example.org", "E-Mail": ""}', 'the keys "email" and "E-Mail" both mean email'),
        ('{"name": "Ada"}', "there is no email among its keys name"),
        ("{}", "there is no email among its keys"),
        ('{"email": null}', "this is no mail address: it is empty"),
        (
            '{"email": "a@example.org", "name": "A\\u0000"}',
            "the cell name holds the control character U+0000",
        ),
        ('{"email": "a@example.org", "name": "\\ud800"}', "the cell name holds the control character U+D800"),
        ('{"email": "a@example.org", "status": "who knows"}', 'the status "who knows"'),
        ('"a@example.org"', "this is no object such as"),
        ('{"email": "a@example.org", "x": "' + "y" * 131_073 + '"}', "the value of x is longer than 131,072"),
    ],
)
def test_what_cannot_be_a_person_is_told_by_its_line(file, read, value: str, why: str) -> None:
    text = f'[\n{{"email": "first@example.org"}},\n{value},\n{{"email": "last@example.org"}}\n]'
    first, refused, last = read(file(text))
    assert isinstance(refused, Rejection)
    assert (refused.line, first.state, last.state) == (3, "confirmed", "confirmed")
    assert why in refused.why
    assert refused.row or refused.text


def test_keys_without_a_latin_letter_keep_one_name_in_the_whole_file(file, read) -> None:
    first, second = read(
        file('[{"email": "a@example.org", "城市": "x", "国": "y"}, {"email": "b@example.org", "国": "z"}]')
    )
    assert first.recipient.merge["column_3"] == "y"
    assert second.recipient.merge["column_3"] == "z"


def test_more_keys_than_memory_should_hold_are_refused(file, read) -> None:
    people = [{"email": "a@example.org", f"key {number}": "x"} for number in range(1_100)]
    found = read(file(json.dumps(people)))
    refused = [each for each in found if isinstance(each, Rejection)]
    assert len(refused) == 101
    assert refused[0].why == "the file has more than 1,000 different keys"


def test_keys_mean_what_a_person_says_also_if_the_first_object_lacks_them(file, read) -> None:
    path = file('{"Adresse": "a@example.org"}\n{"Adresse": "b@example.org", "Sprache": "de"}\n')
    _, second = read(path, {"adresse": "email", "Sprache": "language"})
    assert second.language == "de"
    with pytest.raises(
        AudienceError, match=r'people: there is no column "Sparche"; did you mean "Sprache"\?'
    ):
        imports.members(path, "people", {"Adresse": "email", "Sparche": "language"})


def test_a_list_that_is_cut_off_is_refused_before_anybody_uses_it(file) -> None:
    path = file('[{"email": "a@example.org"},\n{"email": "b@exam')
    with pytest.raises(AudienceError, match="people:2: the file ends within the list"):
        imports.count(path, "people")


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["email", "name", "tags", "status", "x"]),
            st.sampled_from(["", "a@example.org", "spam", None, True, 7, ["t"], {"k": 1}, "2024"]),
        ),
        max_size=5,
    )
)
def test_each_object_is_a_member_or_a_rejection(tmp_path_factory, people: list[dict[str, object]]) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(people))
    found = list(imports.members(path, "any"))
    assert len(found) == len(people)
    assert all(each.recipient.address == "a@example.org" for each in found if isinstance(each, Member))
