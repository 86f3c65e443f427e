"""Several processes on one ledger: workers share the work, a second daemon is refused."""

from __future__ import annotations

import random
import signal
from contextlib import suppress
from datetime import timedelta

import psutil
import pytest
from rig.books import open_books
from rig.forge import wait_until
from rig.office import Office
from rig.station import WINDOW

from postroom.outbox import status

PEOPLE = 600


def _settled(opened: Office, everyone: list[str]) -> int:
    """Send again what was in doubt, see that everyone has it, and count the copies too many."""
    open_books(opened.station).check()
    for shift in (timedelta(minutes=1), timedelta(hours=1)):
        opened.forge.run("run", "--once", shift=shift)
    books = open_books(opened.station)
    books.check_complete(everyone)
    return sum(books.doubled.values())


@pytest.mark.timeout(200)
@pytest.mark.parametrize("workers", [1, 2, 4])
def test_workers_share_the_work_and_double_nothing(office, report, workers: int) -> None:
    opened = office(seconds=0.002)
    everyone = opened.station.ready(opened.forge, PEOPLE)
    pid = opened.forge.start("run", "--workers", str(workers))
    assert wait_until(lambda: opened.sink.count() >= PEOPLE, 60), opened.log()
    assert opened.forge.end(pid, signal.SIGTERM) == 0
    books = open_books(opened.station)
    books.check_complete(everyone)
    report(workers=workers, people=PEOPLE, lost=0, doubled=len(books.doubled))
    assert books.doubled == {}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("workers", [2, 4])
def test_a_killed_worker_repeats_no_more_than_what_it_had_in_hand(office, many, report, workers: int) -> None:
    """Workers die at random moments; the daemon lives, or is started again by whoever supervises it."""
    opened = office(seconds=0.01)
    everyone = opened.station.ready(opened.forge, PEOPLE)
    chance = random.Random(9)
    kills = 0
    pid = opened.forge.start("run", "--workers", str(workers))
    for _ in range(many(8, 60)):
        goal = opened.sink.count() + chance.randint(1, 30)
        assert wait_until(lambda p=pid: opened.forge.has_ended(p) is not None or _hands(p), 10)
        if not wait_until(lambda at=goal: opened.sink.count() >= min(at, PEOPLE), 30):
            break
        if opened.forge.has_ended(pid) is not None:
            pid = opened.forge.start("run", "--workers", str(workers))
            continue
        if hands := _hands(pid):
            chance.choice(hands).kill()
            kills += 1
    opened.sink.hurry()
    wait_until(lambda: opened.sink.count() >= PEOPLE, 20)
    if opened.forge.has_ended(pid) is None:
        opened.forge.end(pid, signal.SIGTERM)
    doubled = _settled(opened, everyone)
    report(workers=workers, kills=kills, lost=0, doubled=doubled)
    assert kills >= 3
    assert doubled <= kills * WINDOW


@pytest.mark.timeout(150)
def test_a_changed_config_waits_for_answers_as_long_as_they_take(office) -> None:
    """Three processes, a server that thinks for longer than any stop waits, and an editor who saves again and again."""
    opened = office(seconds=24, connections=2, window=2)
    everyone = opened.station.ready(opened.forge, 4)
    pid = opened.forge.start("run", "--workers", "3")
    assert wait_until(lambda: opened.sink.count() >= 3, 40), opened.log()
    first = {each.pid for each in _hands(pid)}
    for number in range(3):
        opened.station.configure(("kind: smtp\n", f"kind: smtp\n    # saved {number}\n"))
        assert wait_until(lambda n=number: len(opened.forge.said("config changed")) > n, 20), opened.log()
        assert len(_hands(pid)) <= 4
    assert wait_until(lambda: len(opened.sink.taken()) == 4, 60), opened.log()
    assert wait_until(lambda: _sending(opened) == 0, 60), opened.log()
    assert wait_until(lambda: not first & {each.pid for each in _hands(pid)}, 20)
    assert wait_until(lambda: len(_hands(pid)) == 2, 20)
    assert opened.forge.end(pid, signal.SIGTERM) == 0
    assert opened.forge.said("delivery may be repeated") == []
    assert opened.forge.said("a worker process ended early") == []
    books = open_books(opened.station)
    books.check_complete(everyone)
    assert books.doubled == {}


@pytest.mark.timeout(100)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_those_who_finish_by_an_old_config_end_with_the_daemon(office, number: signal.Signals) -> None:
    """They hold the lock on the ledger, so no longer than a stop may take; then what they had is judged once."""
    opened = office(seconds=120, connections=1, window=1)
    opened.station.ready(opened.forge, 2)
    pid = opened.forge.start("run", "--workers", "2")
    assert wait_until(lambda: _sending(opened) == 2, 40), opened.log()
    (old,) = _hands(pid)
    opened.station.configure(("kind: smtp\n", "kind: smtp\n    # saved\n"))
    assert wait_until(lambda: len(_hands(pid)) == 2, 20), opened.log()
    opened.forge.end(pid, number)
    assert wait_until(lambda: not old.is_running() or old.status() == psutil.STATUS_ZOMBIE, 12)
    assert wait_until(lambda: opened.forge.run("run", "--once") == 0, 15), opened.log()
    assert len(opened.forge.said("delivery may be repeated")) == 2
    assert _sending(opened) == 0


@pytest.mark.timeout(100)
def test_a_supervisor_that_signals_all_of_them_repeats_nothing(office) -> None:
    opened = office(seconds=3, connections=1, window=1)
    opened.station.ready(opened.forge, 20)
    pid = opened.forge.start("run", "--workers", "3")
    assert wait_until(lambda: _sending(opened) == 3, 40), opened.log()
    for hand in _hands(pid):
        hand.terminate()
    assert opened.forge.end(pid, signal.SIGTERM) == 0
    books = open_books(opened.station)
    assert (books.states["sending"], books.states["sent"]) == (0, len(books.taken))
    assert 3 <= len(books.taken) < 20
    assert books.listed == {}


def _sending(opened: Office) -> int:
    with opened.station.ledger() as ledger:
        return sum(each.accounts.sending for each in ledger.read(status.editions))


def _hands(pid: int) -> list[psutil.Process]:
    """The processes of a daemon's crew that live."""
    with suppress(psutil.Error):
        return [each for each in psutil.Process(pid).children() if each.status() != psutil.STATUS_ZOMBIE]
    return []


@pytest.mark.timeout(100)
def test_a_second_daemon_is_refused_by_the_pid_of_the_first(office) -> None:
    opened = office(seconds=0.004)
    everyone = opened.station.ready(opened.forge, 100)
    pid = opened.forge.start()
    assert wait_until(lambda: opened.sink.count() > 5)
    assert opened.forge.run("run") == 1
    assert opened.forge.run("run", "--once") == 1
    assert f"process {pid}" in opened.forge.log.read_text()
    assert wait_until(lambda: opened.sink.count() >= 100), opened.log()
    assert opened.forge.end(pid, signal.SIGTERM) == 0
    assert _settled(opened, everyone) == 0
