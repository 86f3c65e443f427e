"""Several daemons on one PostgreSQL keep every promise: whatever dies, sleeps or goes away."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from postgresql_server import Server, missing, start
from postgresql_server import _programs as programs_of_postgresql
from rig.books import Books, open_books
from rig.forge import Forge, wait_until
from rig.office import IS_NIGHT
from rig.shared import Campus, SharedStation, open_forge, restartable
from rig.sink import Sink
from rig.station import WINDOW

from postroom.outbox import presence, status

STALLED = 1.5
"""Seconds of silence after which these daemons hold one for dead; people wait a minute."""

A_KILL = 40
"""People for each kill: the two others go on meanwhile."""

REPEATED = "delivery may be repeated"
EDITION = "newsletter/article/ledgers"
OWNERS = "SELECT count(DISTINCT owner) FROM delivery WHERE state = 'sending'"
LEADERS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"


@pytest.fixture
def campus(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[..., Campus]]:
    opened: list[tuple[Campus, Server | None]] = []

    def open_campus(
        *,
        seconds: float = 0,
        stalled: float | None = STALLED,
        on: str = "postgresql",
        server: Server | None = None,
        **how: object,
    ) -> Campus:
        folder = tmp_path / f"campus-{len(opened)}"
        folder.mkdir()
        if on == "postgresql" and server is None:
            server = request.getfixturevalue("postgresql")
        sink = Sink(folder, seconds=seconds)
        station = SharedStation(folder / "project", sink, server.create() if server else "", **how)
        opened.append((Campus(station, sink, open_forge(station.folder, stalled), stalled), server))
        return opened[-1][0]

    yield open_campus
    for each, server in opened:
        each.close()
        if server is not None and server.process.poll() is None:
            server.drop(each.station.url)


def signs_of_life(campus: Campus) -> dict[int, int]:
    """Read when each process on the roll last gave a sign, by its pid."""
    with campus.station.ledger() as ledger:
        return {each.pid: int(each.beat_at.timestamp() * 1000) for each in ledger.read(presence.roll)}


def check(campus: Campus) -> Books:
    """Compare the books while nothing runs; each edition is there once."""
    books = open_books(campus.station)
    books.check()
    assert books.states["sending"] == 0
    assert not books.states.keys() & {"failed", "cancelled"}
    assert len({each.key for each in books.editions}) == len(books.editions)
    return books


def settle(campus: Campus, everyone: list[str], *, is_logged: bool = True) -> Books:
    """Send again what is in doubt, see that everyone has it, and that the ledger lists each copy too many.

    The log names each doubt, too, once the ledger has it. A judge that is killed in between, or does not hear that
    its commit was taken, names none, and nobody judges anew what is judged: `is_logged` is false for those.
    """
    campus.sink.hurry()
    campus.station.hasten()
    campus.forge.run("run", "--once")
    if campus.forge.run("outbox", "retry", EDITION, "--uncertain"):
        raise AssertionError(campus.log())
    campus.forge.run("run", "--once")
    books = check(campus)
    books.check_complete(everyone)
    if is_logged:
        assert set(books.listed) <= {each["message_id"].strip("<>") for each in campus.said(REPEATED)}
    return books


def stop_all(campus: Campus, running: dict[Forge, int]) -> None:
    """Ask each daemon to stop, and see that it does so well."""
    for forge, pid in running.items():
        forge.stop(pid)
    for forge, pid in running.items():
        assert forge.wait(pid, 10) == 0, campus.log()


@pytest.mark.timeout(1800)
def test_of_three_daemons_one_is_killed_again_and_again_and_nobody_is_lost(campus, many, report) -> None:
    kills = many(50, 500)
    opened = campus(seconds=0.02)
    everyone = opened.station.ready(opened.forge, kills * A_KILL)
    running = {forge: forge.start() for forge in (opened.forge, opened.another(), opened.another())}
    chance = random.Random(3)
    for number in range(kills):
        goal = opened.sink.count() + chance.randint(1, A_KILL // 2)
        assert wait_until(lambda at=goal: opened.sink.count() >= min(at, len(everyone)), 30), opened.log()
        forge = chance.choice(list(running))
        assert forge.end(running[forge]) == -signal.SIGKILL
        running[forge] = forge.start()
        if number % 10 == 0:
            with opened.station.ledger() as ledger:
                assert ledger.read(status.reconcile) == []
    mid_run = opened.sink.count() < len(everyone)
    opened.sink.hurry()
    assert wait_until(lambda: opened.station.ask("SELECT sum(sending) FROM edition") == 0, 30), opened.log()
    stop_all(opened, running)
    check(opened)
    books = settle(opened, everyone, is_logged=False)
    doubled, listed = sum(books.doubled.values()), sum(books.listed.values())
    report(kills=kills, people=len(everyone), lost=0, doubled=doubled, listed=listed)
    assert mid_run
    assert doubled <= listed <= kills * WINDOW
    assert doubled >= kills // 10, "these kills hit too little to prove anything"
    assert [each.accounts.recipients for each in books.editions] == [len(everyone)]


@pytest.mark.timeout(120)
def test_a_daemon_that_slept_sends_nothing_that_it_still_had_in_hand(campus, report) -> None:
    opened = campus(seconds=0.04, connections=2, window=32)
    everyone = opened.station.ready(opened.forge, 300)
    sleeper, other = opened.forge, opened.another()
    running = {sleeper: sleeper.start()}
    assert wait_until(lambda: opened.sink.count() >= 100), opened.log()
    os.kill(running[sleeper], signal.SIGSTOP)
    in_hand = int(opened.station.ask("SELECT sum(sending) FROM edition"))
    running[other] = other.start()
    assert wait_until(lambda: len(opened.said(REPEATED)) >= in_hand, 20), opened.log()
    listed = {each["message_id"].strip("<>") for each in opened.said(REPEATED)}
    assert wait_until(lambda: opened.sink.count() >= 200), opened.log()
    before, silent_since = len(opened.sink.taken()), signs_of_life(opened)[running[sleeper]]
    os.kill(running[sleeper], signal.SIGCONT)
    assert wait_until(lambda: signs_of_life(opened)[running[sleeper]] > silent_since, 10), opened.log()
    assert wait_until(lambda: opened.station.ask("SELECT sum(sending) FROM edition") == 0, 30), opened.log()
    stop_all(opened, running)
    late = [each for each in opened.sink.taken()[before:] if each.message_id in listed]
    judged = [row for row in check(opened).rows if row.delivery.message_id.strip("<>") in listed]
    report(in_hand=in_hand, listed=len(listed), sent_after_waking=len(late))
    assert in_hand > 10
    assert len(late) <= 2  # one on each line may have been half-way out
    assert {str(row.delivery.state) for row in judged} == {"queued"}, "a late result was taken"
    assert opened.said("transport paused") == []
    settle(opened, everyone)


@pytest.mark.timeout(120)
def test_publishing_moves_within_seconds_when_the_leader_dies_or_hangs(campus, report) -> None:
    opened = campus()
    everyone = opened.station.ready(opened.forge, 3)
    running = {forge: forge.start() for forge in (opened.forge, opened.another(), opened.another())}
    assert wait_until(lambda: len(opened.said("started")) == 3)
    took: dict[str, float] = {}
    leaders = []
    for number, how in enumerate((signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM)):
        leaders.append(_publish(opened, f"piece-{number}"))
        assert wait_until(lambda: opened.station.ask("SELECT sum(queued + sending) FROM edition") == 0), (
            opened.log()
        )
        begun = time.monotonic()
        os.kill(running[leaders[-1]], how)
        if how == signal.SIGTERM:  # until then it may still publish
            assert wait_until(lambda: leaders[-1].said("stopping"), 10), opened.log()
        took[how.name] = round(_until_published(opened, leaders[-1], f"next-{number}", begun), 1)
        if how == signal.SIGSTOP:
            os.kill(running[leaders[-1]], signal.SIGCONT)
        else:
            leaders[-1].wait(running.pop(leaders[-1]))
    assert wait_until(lambda: opened.station.ask("SELECT sum(queued + sending) FROM edition") == 0), (
        opened.log()
    )
    report(seconds=took)
    stop_all(opened, running)
    books = check(opened)
    assert len(books.editions) == 7
    assert Counter(each.recipient for each in books.taken) == dict.fromkeys(everyone, 7)
    assert max(took.values()) < 10


def _publish(campus: Campus, name: str) -> Forge:
    """Put a new article into every project; tell whose daemon enqueued it."""
    source = campus.station.article(name, title=f"On {name}")
    for forge in campus.forges:
        target = forge.log.parent / "articles" / source.name
        if target != source:
            target.write_bytes(source.read_bytes())
            os.utime(target, ns=(0, source.stat().st_mtime_ns))
    key = f"newsletter/article/{name}"
    assert wait_until(lambda: _enqueued(campus, key), 20), campus.log()
    assert len(_enqueued(campus, key)) == 1
    return _enqueued(campus, key)[0]


def _enqueued(campus: Campus, key: str) -> list[Forge]:
    return [
        forge
        for forge in campus.forges
        for each in forge.said("edition enqueued")
        if each.get("edition") == key
    ]


def _until_published(campus: Campus, leader: Forge, name: str, begun: float) -> float:
    assert _publish(campus, name) is not leader
    return time.monotonic() - begun


@pytest.mark.timeout(200)
@pytest.mark.parametrize("number", [2, 4] if IS_NIGHT else [4])
def test_workers_on_postgresql_share_the_work_and_double_nothing(campus, report, number: int) -> None:
    opened = campus(seconds=0.002, stalled=None)
    everyone = opened.station.ready(opened.forge, 600)
    pid = opened.forge.start("run", "--workers", str(number))
    assert wait_until(lambda: opened.sink.count() >= 600, 60), opened.log()
    assert wait_until(lambda: len(signs_of_life(opened)) == number, 30), opened.log()
    took = _seconds_to_stop(opened, pid, signal.SIGTERM)
    report(workers=number, stopped_in=took)
    books = check(opened)
    books.check_complete(everyone)
    assert books.doubled == {}
    assert signs_of_life(opened) == {}


@pytest.mark.timeout(200)
@pytest.mark.parametrize("on", ["postgresql", "sqlite"] if IS_NIGHT else ["postgresql"])
def test_a_killed_worker_is_replaced_and_a_killed_daemon_takes_its_workers_along(
    campus, report, on: str
) -> None:
    opened = campus(seconds=0.06, stalled=None, on=on)
    everyone = opened.station.ready(opened.forge, 3000)
    pid = opened.forge.start("run", "--workers", "2")
    (helper,) = _helpers_at_work(opened, pid)
    helper.kill()
    assert wait_until(lambda: helper.pid not in [each.pid for each in psutil.Process(pid).children()]), (
        opened.log()
    )
    helpers = _helpers_at_work(opened, pid)
    assert opened.forge.end(pid) == -signal.SIGKILL
    begun = time.monotonic()
    assert psutil.wait_procs(helpers, timeout=12)[1] == []
    gone_in = round(time.monotonic() - begun, 1)
    if on == "postgresql":
        _age_the_roll(opened)
    before, dead = opened.sink.count(), opened.station.ask(OWNERS) if on == "postgresql" else 0
    pid = opened.forge.start("run", "--workers", "2")
    assert wait_until(lambda: opened.sink.count() > before, 20), opened.log()
    helpers = _helpers_at_work(opened, pid, dead)
    took = _seconds_to_stop(opened, pid, signal.SIGTERM)
    assert not any(each.is_running() for each in helpers)
    if on == "postgresql":  # whoever starts must watch the dead be silent first; a single run waits for that
        assert opened.station.ask(OWNERS) == dead > 0
        opened.sink.hurry()
        opened.forge.run("run", "--once")
    check(opened)
    books = settle(opened, everyone)
    doubled, listed = sum(books.doubled.values()), sum(books.listed.values())
    report(on=on, workers_ended_in=gone_in, stopped_in=took, doubled=doubled, listed=listed)
    assert listed <= 2 * WINDOW


@pytest.mark.timeout(100)
@pytest.mark.parametrize("on", ["sqlite", "postgresql"] if IS_NIGHT else ["sqlite"])
def test_an_interrupt_ends_all_workers_well_in_the_middle(campus, report, on: str) -> None:
    opened = campus(seconds=0.06, stalled=None, on=on)
    everyone = opened.station.ready(opened.forge, 2000)
    pid = opened.forge.start("run", "--workers", "3")
    helpers = _helpers_at_work(opened, pid)
    report(on=on, stopped_in=_seconds_to_stop(opened, pid, signal.SIGINT))
    assert not any(each.is_running() for each in helpers)
    assert opened.sink.count() < len(everyone)
    assert check(opened).listed == {}
    assert settle(opened, everyone).doubled == {}


def _helpers_at_work(campus: Campus, pid: int, dead: int = 0) -> list[psutil.Process]:
    """Wait until the daemon and all its workers have something in hand, beside so many dead; return the workers."""
    children = psutil.Process(pid).children
    assert wait_until(lambda: campus.station.ask(OWNERS) - dead > len(children()) > 0, 30), campus.log()
    return children()


def _seconds_to_stop(campus: Campus, pid: int, number: signal.Signals) -> float:
    """Stop a daemon well, within the ten seconds that Docker gives."""
    begun = time.monotonic()
    assert campus.forge.end(pid, number) == 0, campus.log()
    took = time.monotonic() - begun
    assert took < 10
    return round(took, 1)


def _age_the_roll(campus: Campus) -> None:
    """Let a minute pass for whoever is on the roll."""
    with campus.station.ledger() as ledger:
        ledger.write(
            lambda connection: connection.exec_driver_sql("UPDATE worker SET beat_at = beat_at - 61000000")
        )


@pytest.mark.timeout(100)
@pytest.mark.parametrize("on", ["sqlite", "postgresql"] if IS_NIGHT else ["postgresql"])
def test_one_run_with_workers_sends_everything_and_ends(campus, on: str) -> None:
    opened = campus(stalled=None, on=on)
    everyone = opened.station.ready(opened.forge, 400)
    assert opened.forge.run("run", "--once", "--workers", "2") == 0, opened.log()
    books = check(opened)
    books.check_complete(everyone)
    assert books.doubled == {}


@pytest.fixture
def own_server() -> Iterator[Server]:
    """A server that may be stopped under its users."""
    programs = programs_of_postgresql()
    if programs is None:
        missing("PostgreSQL's server (apt install postgresql) is not installed")
    server = start(programs)
    yield server
    server.stop()


@pytest.mark.timeout(120)
def test_daemons_go_on_by_themselves_after_the_server_was_restarted(
    campus, own_server: Server, report
) -> None:
    with restartable(own_server) as stop:
        opened = campus(seconds=0.02, server=own_server)
        everyone = opened.station.ready(opened.forge, 900)
        running = {forge: forge.start() for forge in (opened.forge, opened.another())}
        owners = "SELECT count(DISTINCT owner) FROM delivery WHERE state = 'sending'"
        assert wait_until(lambda: opened.station.ask(owners) == 2, 20), opened.log()
        for mode in ("fast", "immediate", "fast"):
            goal = opened.sink.count() + 100
            assert wait_until(lambda at=goal: opened.sink.count() >= at, 30), opened.log()
            stop(mode)()
        opened.sink.hurry()
        assert wait_until(lambda: opened.sink.count() >= len(everyone) - 3 * 2 * WINDOW, 30), opened.log()
        assert wait_until(lambda: opened.station.ask("SELECT sum(sending) FROM edition") == 0, 30), (
            opened.log()
        )
        stop_all(opened, running)
        books = settle(opened, everyone, is_logged=False)
        report(restarts=3, lost=0, doubled=sum(books.doubled.values()), listed=sum(books.listed.values()))
        assert sum(books.doubled.values()) <= 3 * 2 * WINDOW

        again = stop("fast")
        assert opened.forge.run("run", "--once") == 1
        assert opened.forge.run("run") == 1
        assert "cannot be reached" in opened.forge.log.read_text()
        assert "Traceback" not in opened.forge.log.read_text()
        again()


@pytest.mark.timeout(120)
def test_hosts_whose_clocks_disagree_keep_the_rate_and_double_nothing(campus, report) -> None:
    opened = campus(stalled=STALLED, rate="40 per second")
    everyone = opened.station.ready(opened.forge, 240)
    ahead, behind = opened.another(), opened.another()
    running = {
        opened.forge: opened.forge.start(),
        ahead: ahead.start(shift=timedelta(minutes=10)),
        behind: behind.start(shift=timedelta(minutes=-10)),
    }
    assert wait_until(lambda: opened.sink.count() >= 240, 60), opened.log()
    stop_all(opened, running)
    moments = sorted(each.at for each in opened.sink.taken())
    seconds = moments[-1] - moments[0]
    report(people=240, rate=40, seconds=round(seconds, 1))
    assert 240 / seconds < 42
    books = check(opened)
    books.check_complete(everyone)
    assert books.doubled == {}
    assert opened.said(REPEATED) == []
    finished = opened.station.ask("SELECT finished_at FROM edition")
    assert abs(finished / 1e6 - moments[-1]) < 60
    assert len(opened.said("this machine's clock is wrong; the ledger's server tells the time")) == 2
