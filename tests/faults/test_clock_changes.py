"""Clocks that go forward and back in spring and autumn: an article's time is one moment, and comes once."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from postroom.articles.dates import read_moment

ZONES = (
    *("Europe/London", "Europe/Berlin", "America/New_York", "America/Los_Angeles", "America/St_Johns"),
    *("America/Santiago", "Australia/Sydney", "Australia/Lord_Howe", "Pacific/Auckland", "Africa/Casablanca"),
)
YEARS = range(2025, 2036)
STEP = timedelta(minutes=15)


def transitions(zone: ZoneInfo) -> list[datetime]:
    """Find the moments, in UTC and to the minute, at which a zone's offset changes."""
    found = []
    moment = datetime(YEARS[0], 1, 1, tzinfo=UTC)
    end = datetime(YEARS[-1] + 1, 1, 1, tzinfo=UTC)
    while moment < end:
        after = moment + timedelta(hours=6)
        if moment.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            found.append(_narrowed(moment, after, zone))
        moment = after
    return found


def _narrowed(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    offset = low.astimezone(zone).utcoffset()
    while high - low > timedelta(minutes=1):
        middle = low + (high - low) / 2
        middle = middle.replace(second=0, microsecond=0)
        if middle <= low:
            middle = low + timedelta(minutes=1)
        if middle.astimezone(zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high


@pytest.mark.parametrize("name", ZONES)
def test_each_quarter_of_an_hour_around_each_change_is_one_moment(name: str, report) -> None:
    """Times that never happen become the next that does; of two that are the same the first is meant."""
    zone = ZoneInfo(name)
    changes = transitions(zone)
    assert len(changes) >= 20
    for change in changes:
        local = (change - timedelta(hours=3)).astimezone(zone).replace(tzinfo=None)
        before = None
        for step in range(28):
            said = local + step * STEP
            at = read_moment(f"{said:%Y-%m-%d %H:%M}", name, time(9)).at.astimezone(UTC)
            assert at == _expected(said, zone)
            assert before is None or at >= before
            before = at
    report(zone=name, transitions=len(changes))


def _expected(said: datetime, zone: ZoneInfo) -> datetime:
    """Search all moments of the day: the first whose clock shows `said`, else the first that shows more."""
    start = said.replace(tzinfo=UTC) - timedelta(hours=15)
    moments = (start + timedelta(minutes=15 * number) for number in range(4 * 30))
    return next(each for each in moments if each.astimezone(zone).replace(tzinfo=None) >= said)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", ["Europe/London", "America/New_York", "Australia/Lord_Howe"])
def test_a_daemon_that_looks_every_ten_minutes_publishes_each_article_once(desk, name: str) -> None:
    """An article within each change of 2027, whose time is skipped or comes twice."""
    zone = ZoneInfo(name)
    changes = [each for each in transitions(zone) if each.year == 2027]
    desk.now = datetime(2027, 1, 1, tzinfo=UTC)
    desk.configure(("timezone: Europe/London", f"timezone: {name}"))
    desk.subscribers(1)
    desk.run()
    due = {}
    for number, change in enumerate(changes):
        said = (change + timedelta(minutes=10)).astimezone(zone).replace(tzinfo=None) - timedelta(minutes=20)
        title = f"change-{number}"
        desk.article(
            title, f"{said:%Y-%m-%d %H:%M}", body=f"On a change of clocks, the {number}th of this year. " * 9
        )
        due[title] = read_moment(f"{said:%Y-%m-%d %H:%M}", name, time(9)).at
    for change in changes:
        desk.now = change - timedelta(hours=2)
        for _ in range(24):
            desk.run(after=timedelta(minutes=10))
    subjects = Counter(str(mail["Subject"]) for mail in desk.mails())
    assert subjects == {f"On {title}": 1 for title in due}


def test_a_leap_second_is_read_or_refused_but_never_another_day() -> None:
    with pytest.raises(ValueError, match="no time of day"):
        read_moment("2026-12-31 23:59:60", "UTC", time(9))
    assert read_moment("2026-12-31", "UTC", time(9)).at.date() == date(2026, 12, 31)
