"""Days and weeks begin where the publication is, also where clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from postroom.cli.periods import DAY, WEEK, begins

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)  # the 24th in Berlin, a Tuesday


def test_the_latest_thirty_days_end_with_today() -> None:
    days = begins(NOW, BERLIN, DAY)
    assert len(days) == 30
    assert days[-1] == datetime(2026, 11, 24, tzinfo=BERLIN)
    assert days[0] == datetime(2026, 10, 26, tzinfo=BERLIN)


def test_the_latest_twelve_weeks_begin_on_mondays() -> None:
    weeks = begins(NOW, BERLIN, WEEK)
    assert (len(weeks), weeks[-1]) == (12, datetime(2026, 11, 23, tzinfo=BERLIN))
    assert {each.weekday() for each in weeks} == {0}


def test_since_a_moment_begins_with_its_day() -> None:
    days = begins(NOW, BERLIN, DAY, datetime(2026, 11, 22, 23, 30, tzinfo=UTC))
    assert days == [datetime(2026, 11, day, tzinfo=BERLIN) for day in (23, 24)]


def test_a_time_to_come_and_one_before_all_time_give_periods_too() -> None:
    assert len(begins(NOW, BERLIN, DAY, NOW + timedelta(days=9))) == 1
    assert begins(NOW, BERLIN, WEEK, datetime(1, 1, 1, tzinfo=UTC))[0].year == 1969


@given(
    now=st.integers(946_684_800, 2_051_222_400).map(lambda second: datetime.fromtimestamp(second, UTC)),
    zone=st.sampled_from(
        ["Europe/Berlin", "America/Sao_Paulo", "Asia/Kathmandu", "Australia/Lord_Howe", "Asia/Beirut"]
    ),
    by=st.sampled_from([DAY, WEEK]),
)
def test_periods_follow_each_other_without_a_gap_on_quarters_of_an_hour(now, zone, by) -> None:
    found = begins(now, ZoneInfo(zone), by)
    moments = [each.astimezone(UTC) for each in found]
    assert moments[0] < moments[-1] <= now
    step = timedelta(days=7 if by == WEEK else 1)
    assert all(abs(later - earlier - step) <= timedelta(hours=1) for earlier, later in pairwise(moments))
    assert all(each.minute % 15 == 0 and each.second == 0 for each in moments)
    assert {each.time() for each in found} == {time()}
