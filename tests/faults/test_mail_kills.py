"""kill -9 while mail goes out: nothing lost, every possible repeat listed, and no more of them than K a kill."""

from __future__ import annotations

import random
import signal
from datetime import timedelta
from itertools import pairwise

import pytest
from rig.books import Books, open_books
from rig.forge import wait_until
from rig.station import WINDOW

LATER = timedelta(minutes=20)
"""How far each daemon's clock is ahead of the last one's: what that left in doubt is due again by then."""

A_KILL = 40
"""People for each kill, so that the last still comes mid-run."""


class Season:
    """A newsletter on its way to many people, through one daemon after the other."""

    def __init__(self, office, people: int) -> None:
        self.station, self.sink, self.forge = office.station, office.sink, office.forge
        self.everyone = self.station.ready(self.forge, people)
        self.shift = timedelta(0)
        self.chance = random.Random(22)
        self.hits = 0

    def strike(self) -> None:
        """Start a daemon and kill it: somewhere in its first second, or after some further mails."""
        before = self.sink.count()
        self.shift += LATER
        pid = self.forge.start(shift=self.shift)
        goal = before + self.chance.randint(1, A_KILL)
        patience = self.chance.uniform(0.0, 0.5) if self.chance.random() < 0.3 else 30
        assert wait_until(lambda: self.sink.count() >= goal, patience) or patience < 1, self.log()
        assert self.forge.end(pid) == -signal.SIGKILL
        self.hits += self.sink.count() > before

    def check(self) -> Books:
        """Compare the books while nothing runs."""
        books = open_books(self.station)
        books.check()
        assert books.states["sending"] <= WINDOW
        assert len(books.rows) == len(self.everyone)
        assert not books.states.keys() & {"failed", "cancelled"}
        return books

    def finish(self) -> Books:
        """Let daemons run undisturbed until nothing is left but doubts, which a person then sends again."""
        self.sink.hurry()
        self._run_out()
        self.check()
        if self.forge.run("outbox", "retry", "newsletter/article/ledgers", "--uncertain"):
            raise AssertionError(self.log())
        self._run_out()
        return self.check()

    def _run_out(self) -> None:
        for _ in range(4):
            self.shift += timedelta(hours=5)
            self.forge.run("run", "--once", shift=self.shift)

    def log(self) -> str:
        return self.forge.log.read_text()[-3000:]

    def most_listed_at_once(self) -> int:
        """Tell how many doubts one start named at most."""
        doubts = ("delivery may be repeated", "delivery is uncertain; `postroom outbox resolve` decides")
        names = [each["event"] for each in self.forge.events()]
        starts = [-1, *(at for at, name in enumerate(names) if name == "started"), len(names)]
        return max(sum(name in doubts for name in names[one:two]) for one, two in pairwise(starts))


@pytest.mark.timeout(3600)
def test_kills_lose_nobody_and_list_every_repeat(office, many, report) -> None:
    kills = many(100, 1000)
    season = Season(office(seconds=0.006), kills * A_KILL)
    for number in range(kills):
        season.strike()
        if number % many(10, 100) == 0:
            season.check()
    season.check()
    books = season.finish()
    books.check_complete(season.everyone)
    logged = {each["message_id"].strip("<>") for each in season.forge.said("delivery may be repeated")}
    doubled, listed = sum(books.doubled.values()), sum(books.listed.values())
    report(
        kills=kills, mid_run=season.hits, people=len(season.everyone), lost=0, doubled=doubled, listed=listed
    )
    assert set(books.doubled) <= logged
    assert season.most_listed_at_once() <= WINDOW
    assert listed <= kills * WINDOW
    assert doubled >= kills // 20, "these kills hit too little to prove anything"
    assert season.hits >= kills * 0.6


@pytest.mark.timeout(1800)
def test_kills_double_nobody_where_doubts_are_held(office, many, report) -> None:
    kills = many(30, 300)
    season = Season(office(seconds=0.006, on_uncertain="hold"), kills * A_KILL)
    for _ in range(kills):
        season.strike()
    season.sink.hurry()
    season._run_out()
    books = season.check()
    held = books.states["uncertain"]
    report(kills=kills, people=len(season.everyone), lost=0, doubled=len(books.doubled), held=held)
    assert books.doubled == {}
    assert 0 < held <= kills * WINDOW
    assert set(books.states) == {"sent", "uncertain"}


@pytest.mark.timeout(1800)
def test_lost_answers_and_kills_together_lose_nobody(office, many, report) -> None:
    """The server takes one message in twenty without ever answering it, at night one in five."""
    kills = many(15, 150)
    season = Season(office(seconds=0.006, drop=many(0.05, 0.2)), kills * A_KILL)
    for _ in range(kills):
        season.strike()
    season._run_out()
    dropped = sum(not each.is_answered for each in season.sink.taken())
    books = season.finish()
    books.check_complete(season.everyone)
    doubled, listed = sum(books.doubled.values()), sum(books.listed.values())
    report(kills=kills, dropped=dropped, people=len(season.everyone), lost=0, doubled=doubled, listed=listed)
    assert dropped >= many(15, 1000)
    assert doubled <= listed
    assert listed <= (kills + dropped) * WINDOW  # a broken connection leaves in doubt what was on it


@pytest.mark.timeout(600)
def test_lost_answers_double_nobody_where_doubts_are_held(office, many, report) -> None:
    people = many(400, 24_000)
    opened = office(drop=0.05, on_uncertain="hold")
    season = Season(opened, people)
    season._run_out()
    books = season.check()
    dropped = sum(not each.is_answered for each in books.taken)
    report(people=people, dropped=dropped, doubled=len(books.doubled))
    assert dropped >= many(10, 1000)
    assert books.doubled == {}
    assert {each.recipient for each in books.taken} | _uncertain(books) == set(season.everyone)


def _uncertain(books: Books) -> set[str]:
    return {each.delivery.recipient.address for each in books.rows if each.delivery.state == "uncertain"}
