"""Durations, times, dates, colours and addresses are read as people write them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.config import words
from postroom.config.palette import DARK, LIGHT, READABLE, contrast, lightened
from postroom.config.words import NEVER, Wrong

DURATIONS = {
    "3 days": timedelta(days=3),
    "2 days later": timedelta(days=2),
    "90 minutes": timedelta(minutes=90),
    "1 week": timedelta(weeks=1),
    "A day": timedelta(days=1),
    "an hour": timedelta(hours=1),
    "one week later": timedelta(weeks=1),
    "1 day, 12 hours": timedelta(days=1, hours=12),
    "1 day and 12 hours": timedelta(days=1, hours=12),
    "1.5 hours": timedelta(minutes=90),
    "2h": timedelta(hours=2),
    "90s": timedelta(seconds=90),
    " 0 seconds ": timedelta(),
    "P3DT12H": timedelta(days=3, hours=12),
    "P2W": timedelta(weeks=2),
    "PT90M": timedelta(minutes=90),
}


@pytest.mark.parametrize(("text", "length"), DURATIONS.items())
def test_a_duration_reads_like_words(text: str, length: timedelta) -> None:
    assert words.duration(text) == length


@pytest.mark.parametrize(
    "text",
    ["", "3", "days", "3 dyas", "-1 day", "3 days ago", "P", "PT", "P1M", "1 month", "later", "99999 days", "1 day x",
     "never"],
)  # fmt: skip
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(Wrong, match=r"^expected "):
        words.duration(text)


def test_never_is_a_duration_only_where_it_may_be() -> None:
    assert words.duration_or_never("Never") == NEVER
    with pytest.raises(Wrong, match='expected "never" or a length'):
        words.duration_or_never("sometimes")


@pytest.mark.parametrize(("text", "at"), [("09:00", time(9)), ("9:05", time(9, 5)), ("23:59", time(23, 59))])
def test_a_time_of_day_has_hours_and_minutes(text: str, at: time) -> None:
    assert words.clock_time(text) == at


@pytest.mark.parametrize("text", ["24:00", "9:60", "9", "9am", "09:00:00", "٠٩:٠٠"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(Wrong):
        words.clock_time(text)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2025-01-01", date(2025, 1, 1)),
        ("2025-01-01 9:30", datetime.fromisoformat("2025-01-01T09:30")),
        ("2025-01-01T09:30:15", datetime.fromisoformat("2025-01-01T09:30:15")),
        ("2025-01-01T09:30Z", datetime.fromisoformat("2025-01-01T09:30+00:00")),
        ("2025-01-01 09:30 +0200", datetime.fromisoformat("2025-01-01T09:30+02:00")),
        (
            "2026-11-24 14:00 America/New_York",
            datetime(2026, 11, 24, 14, tzinfo=ZoneInfo("America/New_York")),
        ),
    ],
)
def test_a_moment_is_a_date_perhaps_with_time_and_zone(text: str, at: date) -> None:
    assert words.moment(text) == at


@pytest.mark.parametrize(
    "text", ["2025-02-30", "2025-01-01 25:00", "01/02/2025", "2025-01-01 9:00 Mars/Base"]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(Wrong):
        words.moment(text)


def test_a_colour_is_given_in_full() -> None:
    assert (words.colour("#0CF"), words.colour("#0A66C2")) == ("#00ccff", "#0a66c2")


@pytest.mark.parametrize("text", ["en", "de-AT", "pt-BR", "zh-Hant-TW", "es-419", "sl-rozaj"])
def test_a_language_is_a_tag(text: str) -> None:
    assert words.language(text) == text


@pytest.mark.parametrize("text", ["e", "english", "en_GB", "de-", "en-x", ""])
def test_the_name_of_a_language_is_no_tag(text: str) -> None:
    with pytest.raises(Wrong):
        words.language(text)


def test_a_web_address_loses_the_slash_at_its_end() -> None:
    assert words.web_address(" https://n.example/ ") == "https://n.example"


@pytest.mark.parametrize(
    "text",
    ["n.example", "ftp://n.example", "https://", "https://a b", "https://n.example:x", "javascript:alert(1)", "https://n/\nx",
     "https://[", 'https://n/"'],
)  # fmt: skip
def test_what_is_no_web_address_is_refused(text: str) -> None:
    with pytest.raises(Wrong):
        words.web_address(text)


@settings(deadline=None)
@given(st.text())
def test_every_reader_gives_a_value_or_wrong(text: str) -> None:
    readers = (
        words.duration, words.duration_or_never, words.clock_time, words.moment, words.language, words.colour,
        words.web_address, words.host_and_port,
    )  # fmt: skip
    for read in readers:
        try:
            read(text)
        except Wrong as wrong:
            assert str(wrong)  # noqa: PT017  # any reader may refuse


@settings(deadline=None)
@given(st.integers(0, 500), st.integers(0, 23), st.integers(0, 59))
def test_words_and_iso_8601_mean_the_same(days: int, hours: int, minutes: int) -> None:
    said = words.duration(f"{days} days, {hours} hours and {minutes} minutes")
    assert (
        said
        == words.duration(f"P{days}DT{hours}H{minutes}M")
        == timedelta(days=days, hours=hours, minutes=minutes)
    )


@pytest.mark.parametrize("palette", [LIGHT, DARK])
@pytest.mark.parametrize("name", ["accent", "text", "muted"])
@pytest.mark.parametrize("behind", ["surface", "background"])
def test_the_default_colours_can_be_read(palette: object, name: str, behind: str) -> None:
    assert contrast(getattr(palette, name), getattr(palette, behind)) >= READABLE


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@settings(deadline=None)
@given(st.integers(0, 0xFFFFFF))
def test_any_accent_can_be_made_readable_on_dark(number: int) -> None:
    assert contrast(lightened(f"#{number:06x}", DARK.surface), DARK.surface) >= READABLE
