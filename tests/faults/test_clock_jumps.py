"""A clock that jumps while the daemon rests, sends, or waits for an article: nothing lost, nothing twice."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rig.books import open_books
from rig.forge import wait_until
from rig.office import MUST_HAVE_TOOLS, Office

PEOPLE = 40
JUMPS = {
    "an hour on": timedelta(hours=1),
    "an hour back": timedelta(hours=-1),
    "a day on": timedelta(days=1),
    "a year on": timedelta(days=365),
    "a day back": timedelta(days=-1),
    "to 1970": datetime(1970, 1, 2, tzinfo=UTC) - datetime(2026, 11, 22, tzinfo=UTC),
    "half a second on": timedelta(seconds=0.5),
    "half a second back": timedelta(seconds=-0.5),
    "ten minutes back": timedelta(minutes=-10),
}


class Clock:
    """The clock on the wall as the daemons see it; monotonic time goes on undisturbed."""

    def __init__(self, folder: Path, library: Path) -> None:
        self._file = folder / "clock"
        self.set(timedelta(0))
        self.environment = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }

    def set(self, offset: timedelta) -> None:
        """Let the clock be so far ahead of the true one."""
        news = self._file.with_name("clock.new")
        news.write_text(f"{offset.total_seconds():+.3f}\n")
        news.replace(self._file)


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    if not found:
        (pytest.fail if MUST_HAVE_TOOLS else pytest.skip)(
            "libfaketime is not installed: apt-get install faketime"
        )
    return Clock(tmp_path, found[0])


@pytest.fixture
def sending(office, clock: Clock) -> Iterator[Callable[..., tuple[Office, int]]]:
    """Open an office whose clock can be set, with a first edition that has leave, and start its daemon."""

    def start(seconds: float = 0.0) -> tuple[Office, int]:
        opened = office(environment=clock.environment, seconds=seconds)
        opened.station.ready(opened.forge, PEOPLE)
        return opened, opened.forge.start()

    yield start
    clock.set(timedelta(0))


def _all_done(opened: Office, articles: int) -> bool:
    return wait_until(lambda: opened.sink.count() >= PEOPLE * articles, 60)


def _finish(opened: Office, pid: int, articles: int) -> None:
    """Stop, and see that each of so many articles went to each person once."""
    assert opened.forge.end(pid, signal.SIGTERM) == 0
    books = open_books(opened.station)
    books.check()
    assert books.doubled == {}
    assert books.states == {"sent": PEOPLE * articles}
    assert len(books.taken) == PEOPLE * articles


@pytest.mark.timeout(200)
def test_a_jump_while_the_daemon_rests_sends_nothing_again(sending, clock: Clock, report) -> None:
    opened, pid = sending()
    assert _all_done(opened, 1), opened.log()
    for number, (name, jump) in enumerate(JUMPS.items()):
        clock.set(jump)
        time.sleep(0.3)
        clock.set(timedelta(0))
        opened.station.article(f"after-{number}", title=f"After {name}")
        assert _all_done(opened, number + 2), (name, opened.log())
    _finish(opened, pid, len(JUMPS) + 1)
    report(jumps=len(JUMPS), lost=0, doubled=0)


@pytest.mark.timeout(200)
def test_a_jump_while_mail_goes_out_doubles_nothing(sending, clock: Clock, report) -> None:
    opened, pid = sending(seconds=0.02)
    assert _all_done(opened, 1), opened.log()
    for number, (name, jump) in enumerate(JUMPS.items()):
        opened.station.article(f"amid-{number}", title=f"Amid {name}")
        half = PEOPLE * (number + 1) + PEOPLE // 3
        assert wait_until(lambda at=half: opened.sink.count() >= at, 30), (name, opened.log())
        clock.set(jump)
        time.sleep(0.3)
        clock.set(timedelta(0))
        assert _all_done(opened, number + 2), (name, opened.log())
    _finish(opened, pid, len(JUMPS) + 1)
    report(jumps=len(JUMPS), lost=0, doubled=0)


@pytest.mark.timeout(200)
def test_a_jump_before_an_article_is_due_loses_no_article(sending, clock: Clock, report) -> None:
    """It may go out early where the clock ran ahead: that is what the clock said. Once right, it goes at once."""
    opened, pid = sending()
    assert _all_done(opened, 1), opened.log()
    latest = 0.0
    for number, (name, jump) in enumerate(JUMPS.items()):
        due = datetime.now(UTC) + timedelta(seconds=2)  # noqa: TID251
        opened.station.article(f"due-{number}", title=f"Due {name}", date=f"{due:%Y-%m-%d %H:%M:%S} UTC")
        time.sleep(0.6)
        clock.set(jump)
        time.sleep(0.3)
        clock.set(timedelta(0))
        right = datetime.now(UTC)  # noqa: TID251
        assert _all_done(opened, number + 2), (name, opened.log())
        late = (datetime.now(UTC) - max(due, right)).total_seconds()  # noqa: TID251
        latest = max(latest, late)
    _finish(opened, pid, len(JUMPS) + 1)
    report(jumps=len(JUMPS), lost=0, doubled=0, latest_seconds=round(latest, 2))
    assert latest < 20  # a tick of five seconds here, on a busy machine
