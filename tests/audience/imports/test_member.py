"""Claims about what the values of one row make of a person."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from postroom.audience.imports.member import Refusal, columns_of, member
from postroom.model import Consent, Member, MembershipState


def made(file_says: MembershipState | None = None, **values: str) -> Member | Refusal:
    return member(values, columns_of(tuple(values), file_says))


def test_a_row_without_a_word_beside_it_wants_mail() -> None:
    someone = made(email="Ada@Example.ORG", name="Ada Lovelace")
    assert isinstance(someone, Member)
    assert (someone.recipient.address, someone.state) == ("Ada@example.org", MembershipState.CONFIRMED)
    assert someone.recipient.merge == {"name": "Ada Lovelace", "first_name": "Ada"}
    assert (someone.language, someone.tags, someone.consent) == ("", (), None)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("subscribed", MembershipState.CONFIRMED),
        ("", MembershipState.CONFIRMED),
        ("Unsubscribed", MembershipState.UNSUBSCRIBED),
        ("bounced", MembershipState.BOUNCED),
        ("cleaned", MembershipState.BOUNCED),
        ("complained", MembershipState.COMPLAINED),
        ("pending", MembershipState.UNCONFIRMED),
        ("unconfirmed", MembershipState.UNCONFIRMED),
        ("Non-Subscribed", MembershipState.UNCONFIRMED),
        ("désabonnée", MembershipState.UNSUBSCRIBED),
    ],
)
def test_each_word_has_its_state(word: str, state: MembershipState) -> None:
    someone = made(email="ada@example.org", status=word)
    assert isinstance(someone, Member)
    assert someone.state is state


def test_a_word_that_nobody_knows_makes_nobody_and_names_who_may_have_left() -> None:
    refusal = made(email="Ada@example.org", status="asked to leave")
    assert isinstance(refusal, Refusal)
    assert refusal.left == "ada@example.org"
    assert 'the status "asked to leave"' in refusal.why


def test_where_the_file_says_the_state_no_column_does() -> None:
    someone = made(MembershipState.UNSUBSCRIBED, email="ada@example.org", status="subscribed")
    assert isinstance(someone, Member)
    assert someone.state is MembershipState.UNSUBSCRIBED


def test_language_tags_and_consent_are_read_and_stay_merge_fields() -> None:
    values = {"email": "ada@example.org", "language": "en_GB", "tags": "a, b", "consent": "fair"}
    someone = made(**values)
    assert isinstance(someone, Member)
    assert (someone.language, someone.tags) == ("en-GB", ("a", "b"))
    assert someone.consent == Consent(how="fair")
    assert {"language": "en_GB", "tags": "a, b", "consent": "fair"}.items() <= someone.recipient.merge.items()


def test_consent_that_cannot_be_read_matters_for_those_who_may_be_written_to() -> None:
    refusal = made(email="ada@example.org", optin_time="25/06/2024")
    assert isinstance(refusal, Refusal)
    assert "25/06/2024" in refusal.why
    gone = made(email="ada@example.org", optin_time="25/06/2024", status="unsubscribed")
    assert isinstance(gone, Member)
    assert gone.consent is None


def test_what_tells_of_a_rejection_is_no_merge_field() -> None:
    someone = made(rejected_line="3", rejected_because="no", rejected_text="", email="ada@example.org")
    assert isinstance(someone, Member)
    assert [*someone.recipient.merge] == ["name", "first_name"]


@pytest.mark.parametrize("name", ["unsub_time", "clean_time", "unsubscribed_at"])
def test_when_it_ended_is_read_of_those_who_get_no_mail_alone(name: str) -> None:
    values = {"email": "ada@example.org", name: "2024-06-25 09:26:27"}
    at = datetime(2024, 6, 25, 9, 26, 27, tzinfo=UTC)
    columns = columns_of(tuple(values), MembershipState.UNSUBSCRIBED)
    assert member(dict(values), columns).ended_at == at
    assert member({**values, name: "last summer"}, columns).ended_at is None
    assert member(dict(values), columns_of(tuple(values))).ended_at is None
