"""SIGTERM: what is in flight is finished, the rest stays queued; a second one ends it at once."""

from __future__ import annotations

import random
import signal
import time
from datetime import timedelta

import pytest
from rig.books import open_books
from rig.forge import wait_until
from rig.station import WINDOW

EACH = 20


@pytest.mark.timeout(600)
def test_a_stop_at_any_moment_is_quick_and_doubles_nothing(office, many, report) -> None:
    stops = many(50, 200)
    opened = office(seconds=0.004)
    everyone = opened.station.ready(opened.forge, stops * EACH)
    chance = random.Random(31)
    longest, mid_run = 0.0, 0
    for _ in range(stops):
        before = opened.sink.count()
        pid = opened.forge.start()
        goal = before + chance.randint(1, EACH)
        wait_until(lambda at=goal: opened.sink.count() >= at, chance.uniform(0.1, 2))
        begun = time.monotonic()
        code = opened.forge.end(pid, signal.SIGTERM)
        has_begun = any(each["pid"] == pid for each in opened.forge.said("started"))
        assert code == 0 or (code == -signal.SIGTERM and not has_begun), opened.log()
        longest = max(longest, time.monotonic() - begun)
        mid_run += opened.sink.count() > before
    books = open_books(opened.station)
    books.check()
    assert books.states["sending"] == books.states["uncertain"] == 0
    assert not books.listed
    opened.sink.hurry()
    opened.forge.run("run", "--once")
    books = open_books(opened.station)
    books.check_complete(everyone)
    report(
        stops=stops, mid_run=mid_run, longest_seconds=round(longest, 2), lost=0, doubled=len(books.doubled)
    )
    assert books.doubled == {}
    assert longest < 10
    assert mid_run > stops // 2


@pytest.mark.timeout(100)
def test_a_second_stop_ends_it_at_once_and_costs_no_more_than_a_kill(office) -> None:
    """The server has gone silent, so the first SIGTERM waits for answers."""
    opened = office(seconds=0.004)
    everyone = opened.station.ready(opened.forge, 200)
    pid = opened.forge.start()
    assert wait_until(lambda: opened.sink.count() > 20)
    opened.sink.stop()
    opened.forge.stop(pid)
    assert wait_until(lambda: opened.forge.said("stopping")), opened.log()
    begun = time.monotonic()
    assert opened.forge.end(pid, signal.SIGTERM) == 128 + signal.SIGTERM
    assert time.monotonic() - begun < 2
    opened.sink.go_on()
    for shift in (timedelta(minutes=1), timedelta(hours=1)):
        opened.forge.run("run", "--once", shift=shift)
    books = open_books(opened.station)
    books.check_complete(everyone)
    assert sum(books.doubled.values()) <= WINDOW


@pytest.mark.timeout(100)
def test_a_stop_does_not_wait_for_a_server_that_answers_no_more(office) -> None:
    opened = office(seconds=0.004)
    everyone = opened.station.ready(opened.forge, 100)
    pid = opened.forge.start()
    assert wait_until(lambda: opened.sink.count() > 20)
    opened.sink.stop()
    begun = time.monotonic()
    assert opened.forge.end(pid, signal.SIGTERM) == 0
    assert time.monotonic() - begun < 10
    opened.sink.go_on()
    for shift in (timedelta(minutes=1), timedelta(hours=1)):
        opened.forge.run("run", "--once", shift=shift)
    books = open_books(opened.station)
    books.check_complete(everyone)
    assert sum(books.doubled.values()) <= WINDOW
