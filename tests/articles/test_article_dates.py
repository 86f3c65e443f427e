from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from postroom.articles.dates import DateError, Moment, read_moment

LONDON, NEW_YORK = ZoneInfo("Europe/London"), ZoneInfo("America/New_York")


def moment(text: str) -> Moment:
    return read_moment(text, "Europe/London", time(9))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-02-07", datetime(2025, 2, 7, 9, tzinfo=LONDON)),
        ("2025-2-7", datetime(2025, 2, 7, 9, tzinfo=LONDON)),
        ("2024/02/15", datetime(2024, 2, 15, 9, tzinfo=LONDON)),
        ("20240215", datetime(2024, 2, 15, 9, tzinfo=LONDON)),
        ("2025-02-07 10:00:00 +0000", datetime(2025, 2, 7, 10, tzinfo=UTC)),
        ("2025-02-07T10:00:00Z", datetime(2025, 2, 7, 10, tzinfo=UTC)),
        ("2025-02-07T10:00:00.000Z", datetime(2025, 2, 7, 10, tzinfo=UTC)),
        ("2025-07-07T10:00", datetime(2025, 7, 7, 10, tzinfo=LONDON)),
        ("2025-07-07 10:00 UTC", datetime(2025, 7, 7, 10, tzinfo=UTC)),
        (
            "2025-02-07T10:00:00+05:30",
            datetime(2025, 2, 7, 10, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        ),
        ("2015-03-17 14:00:00 -4", datetime(2015, 3, 17, 14, tzinfo=timezone(timedelta(hours=-4)))),
        ("2026-11-24 14:00 America/New_York", datetime(2026, 11, 24, 14, tzinfo=NEW_YORK)),
        ("2026-11-24 America/New_York", datetime(2026, 11, 24, 9, tzinfo=NEW_YORK)),
        ("Jul 08 2022", datetime(2022, 7, 8, 9, tzinfo=LONDON)),
        ("July 8th, 2022", datetime(2022, 7, 8, 9, tzinfo=LONDON)),
        ("8 July 2022", datetime(2022, 7, 8, 9, tzinfo=LONDON)),
        ("15-Sept-2024", datetime(2024, 9, 15, 9, tzinfo=LONDON)),
        ("Fri, 08 Jul 2022 10:00:00 +0000", datetime(2022, 7, 8, 10, tzinfo=UTC)),
        ("Tue Jul 08 2022 10:00:00 GMT+0200 (CEST)", datetime(2022, 7, 8, 8, tzinfo=UTC)),
        ("Mar 5, 2024 at 3:04 pm", datetime(2024, 3, 5, 15, 4, tzinfo=LONDON)),
        ("2026-11-24 12:30 a.m.", datetime(2026, 11, 24, 0, 30, tzinfo=LONDON)),
        ("24.11.2026", datetime(2026, 11, 24, 9, tzinfo=LONDON)),
        ("11/24/2026", datetime(2026, 11, 24, 9, tzinfo=LONDON)),
        ("9-9-2017", datetime(2017, 9, 9, 9, tzinfo=LONDON)),
    ],
)
def test_each_form_that_people_write_is_read(text: str, expected: datetime) -> None:
    assert moment(text).at == expected
    assert moment(f"  {text.replace(' ', '  ')} ").at == expected


def test_an_ambiguous_date_is_asked_about_with_both_readings() -> None:
    with pytest.raises(DateError, match="may be 2017-09-11 or 2017-11-09; write the one you mean"):
        moment("11-9-2017")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("soon", "`soon` is no date; write it as 2026-11-24"),
        ("2026-02-30", "not in the calendar"),
        ("0000-01-01", "not between 1900 and 2200"),
        ("9999-12-31", "not between 1900 and 2200"),
        ("2026-11-24 25:00", "no time of day"),
        ("2026-11-24 13 pm", "no time of day"),
        ("2026-11-24 7", "no time of day"),
        ("2026-11-24 +2500", "the widest is \\+14:00"),
        ("2026-11-24 14:00 America/New_Yrok", "did you mean America/New_York"),
        ("2026-11-24 14:00 PST", "write an IANA name"),
        ("2026-11-24 ../../etc/passwd", "no time zone"),
        ("Febuary 3 2024", "did you mean February"),
        ("11-9-17", "no date"),
    ],
)
def test_what_is_no_date_says_what_to_write(text: str, said: str) -> None:
    with pytest.raises(DateError, match=said):
        moment(text)


def test_a_time_that_clocks_skip_becomes_the_next_one_that_happens() -> None:
    skipped = moment("2026-03-29 01:30")
    assert skipped.at.isoformat() == "2026-03-29T02:00:00+01:00"
    assert "does not happen in Europe/London" in skipped.remark


def test_a_day_that_a_zone_skips_becomes_the_next_one() -> None:
    assert moment("2011-12-30 12:00 Pacific/Apia").at.isoformat() == "2011-12-31T00:00:00+14:00"


def test_a_time_that_happens_twice_is_the_first() -> None:
    twice = moment("2026-10-25 01:30")
    assert twice.at.utcoffset() == timedelta(hours=1)
    assert "happens twice" in twice.remark


@given(
    day=st.dates(date(1971, 1, 1), date(2199, 12, 31)),
    clock=st.times().map(lambda t: t.replace(microsecond=0)),
    zone=st.sampled_from(
        ["Europe/London", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]
    ),
)
@settings(derandomize=True, deadline=None, max_examples=300)
def test_a_wall_time_is_kept_unless_clocks_skip_it(day: date, clock: time, zone: str) -> None:
    read = moment(f"{day} {clock} {zone}")
    through_utc = read.at.astimezone(UTC).astimezone(ZoneInfo(zone))
    assert through_utc == read.at, "the moment exists"
    wall = through_utc.replace(tzinfo=None)
    if "does not happen" in read.remark:
        assert timedelta(0) < wall - datetime.combine(day, clock) <= timedelta(days=1)
    else:
        assert wall == datetime.combine(day, clock)


@given(st.text(max_size=40))
@settings(derandomize=True, deadline=None, max_examples=300)
def test_no_text_breaks_the_reader(text: str) -> None:
    with suppress(DateError):
        assert moment(text).at.tzinfo is not None
