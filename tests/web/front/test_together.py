"""Whoever waits for a commit shares it, and is told what became of theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest
from sqlalchemy import Connection, insert, select

from postroom.errors import LedgerError
from postroom.outbox import Ledger
from postroom.outbox.tables import list_number
from postroom.web.front.together import MOST, Together


class Counted(Ledger):
    """A ledger that counts what is handed in."""

    submitted = 0

    def submit(self, fn, *args, **kwargs):
        self.submitted += 1
        return super().submit(fn, *args, **kwargs)


@pytest.fixture
def ledger(tmp_path: Path):
    with Counted(f"sqlite:///{tmp_path}/postroom.db") as opened:
        yield opened


def add(name: str | None) -> Callable[[Connection], str | None]:
    def work(connection: Connection) -> str | None:
        connection.execute(insert(list_number).values(name=name))
        return name

    return work


def names(ledger: Ledger) -> set[str]:
    query = select(list_number.c.name)
    return set(ledger.read(lambda connection: list(connection.execute(query).scalars())))


def test_a_hundred_at_once_take_a_few_commits(ledger: Counted) -> None:
    async def go() -> list[str | None]:
        shared = Together(ledger)
        return await asyncio.gather(*(shared.write(add(f"l{number}")) for number in range(100)))

    before = ledger.submitted
    assert asyncio.run(go()) == [f"l{number}" for number in range(100)]
    assert ledger.submitted - before == -(-100 // MOST)
    assert len(names(ledger)) == 100


def test_nobody_is_told_before_the_commit(ledger: Counted) -> None:
    async def go() -> set[str]:
        await Together(ledger).write(add("a"))
        with Ledger(ledger.url) as other:
            return names(other)

    assert asyncio.run(go()) == {"a"}


def test_a_fault_of_one_is_told_to_that_one(ledger: Counted) -> None:
    async def go() -> list[object]:
        shared = Together(ledger)
        works = (shared.write(add(name)) for name in ("a", None, "b"))
        return await asyncio.gather(*works, return_exceptions=True)

    first, fault, last = asyncio.run(go())
    assert (first, last) == ("a", "b")
    assert isinstance(fault, LedgerError)
    assert names(ledger) == {"a", "b"}


def test_who_gave_up_waiting_harms_nobody(ledger: Counted) -> None:
    held, go_on = Event(), Event()

    def slow(connection: Connection) -> None:
        held.set()
        go_on.wait(10)

    async def go() -> str | None:
        shared = Together(ledger)
        first = asyncio.create_task(shared.write(slow))
        await asyncio.to_thread(held.wait, 10)
        leaver, stayer = (asyncio.create_task(shared.write(add(name))) for name in "ab")
        await asyncio.sleep(0)
        leaver.cancel()
        go_on.set()
        await first
        return await stayer

    assert asyncio.run(go()) == "b"


def test_a_ledger_that_fails_is_told_to_all_and_tried_again_by_the_next(ledger: Counted, monkeypatch) -> None:
    async def go() -> tuple[list[object], str | None]:
        shared = Together(ledger)
        with monkeypatch.context() as broken:
            broken.setattr(Counted, "submit", _locked)
            ends = await asyncio.gather(
                shared.write(add("a")), shared.write(add("b")), return_exceptions=True
            )
        return ends, await shared.write(add("c"))

    ends, after = asyncio.run(go())
    assert all(isinstance(end, LedgerError) for end in ends)
    assert after == "c"
    assert names(ledger) == {"c"}


def _locked(self: Ledger, *rest: object) -> None:
    raise LedgerError("the ledger is locked")
