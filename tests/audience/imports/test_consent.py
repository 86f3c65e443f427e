"""Claims about what counts as consent, and when it was given."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.audience.imports.consent import AT, HOW, SOURCE, NoMoment, consent_of
from postroom.model import Consent


def consent(**values: str) -> Consent | None:
    return consent_of(values, *([name for name in names if name in values] for names in (AT, HOW, SOURCE)))


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-06-25 09:26:27", datetime(2024, 6, 25, 9, 26, 27, tzinfo=UTC)),
        ("2024-06-25T09:26:27+00:00", datetime(2024, 6, 25, 9, 26, 27, tzinfo=UTC)),
        ("2024-06-25T11:26:27+02:00", datetime(2024, 6, 25, 9, 26, 27, tzinfo=UTC)),
        ("2026-06-18T10:00:00.000Z", datetime(2026, 6, 18, 10, tzinfo=UTC)),
        ("2024-06-25 09:26", datetime(2024, 6, 25, 9, 26, tzinfo=UTC)),
        ("2024-06-25", datetime(2024, 6, 25, tzinfo=UTC)),
    ],
)
def test_a_moment_is_read_as_mailchimp_and_iso_write_it_and_without_zone_as_utc(
    text: str, moment: datetime
) -> None:
    agreed = consent(optin_time=text)
    assert agreed is not None
    assert agreed.at == moment
    assert agreed.at.tzinfo is UTC


@pytest.mark.parametrize(
    "text", ["25.06.2024", "6/25/2024 9:26", "yesterday", "2024-13-01", "0001-01-01T00:00:00+05:00"]
)
def test_a_date_that_may_mean_two_things_or_none_is_refused_with_the_cure(text: str) -> None:
    with pytest.raises(NoMoment, match=r"the optin_time .* is no date; write it like 2026-11-23 14:00"):
        consent(optin_time=text)


@pytest.mark.parametrize("text", ["", "0000-00-00 00:00:00", "0000-00-00"])
def test_no_date_is_no_consent(text: str) -> None:
    assert consent(optin_time=text, confirm_time="") is None


def test_the_confirmation_counts_before_the_wish_with_its_own_address() -> None:
    agreed = consent(
        optin_time="2024-06-25 09:00:00",
        optin_ip="192.0.2.1",
        confirm_time="2024-06-25 09:26:27",
        confirm_ip="2001:db8::7",
    )
    assert agreed == Consent(at=datetime(2024, 6, 25, 9, 26, 27, tzinfo=UTC), source="2001:db8::7")


def test_what_is_no_address_is_no_source() -> None:
    agreed = consent(confirm_ip="2024-06-25 09:26:27", optin_ip="192.0.2.1")
    assert agreed == Consent(source="192.0.2.1")


def test_a_page_is_a_source_and_words_say_how() -> None:
    agreed = consent(consent_how=" sign-up \n form ", signup_url="https://example.org/join?x=1")
    assert agreed == Consent(how="sign-up form", source="https://example.org/join?x=1")


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_text_is_a_moment_in_utc_or_refused(at: str, source: str) -> None:
    try:
        agreed = consent(consent_at=at, consent_source=source)
    except NoMoment:
        return
    assert agreed is None or agreed.at is None or agreed.at.tzinfo is UTC
