"""Claims about where somebody stands by the words beside them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.audience.standing import Standing, standing
from postroom.model import MembershipState

WORDS = {
    MembershipState.CONFIRMED: ("Subscribed", "double_opt_in", "ja", "", "comped"),
    MembershipState.UNCONFIRMED: ("pending", "not-confirmed", "Never Subscribed", "ausstehend"),
    MembershipState.UNSUBSCRIBED: ("unsubscribed", "OPT-OUT", "archived", "abgemeldet", "0"),
    MembershipState.BOUNCED: ("cleaned", "hard bounce", "ungültig"),
    MembershipState.COMPLAINED: ("spam", "Complaint", "plainte"),
}


@pytest.mark.parametrize(
    ("state", "word"), [(state, word) for state, words in WORDS.items() for word in words]
)
def test_each_word_means_one_state(state: MembershipState, word: str) -> None:
    found = standing({"status": word})
    assert found.state is state
    assert bool(found.why) == (state is not MembershipState.CONFIRMED)


def test_what_nobody_knows_is_no_state_and_says_the_cure() -> None:
    state, why = standing({"status": "x" * 1000})
    assert state is None
    assert "write subscribed or unsubscribed there" in why


def test_the_first_column_that_says_goodbye_counts() -> None:
    told = {"status": "active", "email_status": "cleaned", "unsubscribed": "yes"}
    assert standing(told).state is MembershipState.BOUNCED
    assert standing({"status": "active", "unsubscribed": "yes"}).state is MembershipState.UNSUBSCRIBED
    assert standing({"subscribed": "no"}) == Standing(
        MembershipState.UNSUBSCRIBED, "unsubscribed in the file"
    )


@given(st.dictionaries(st.sampled_from(["status", "state", "opt_out", "subscribed"]), st.text(max_size=12)))
def test_only_who_is_confirmed_has_no_reason_to_be_left_out(values: dict[str, str]) -> None:
    state, why = standing(values)
    assert (state is MembershipState.CONFIRMED) == (why == "")
