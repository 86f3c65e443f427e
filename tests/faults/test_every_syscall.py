"""A kill at every single system call of a send that writes to the disk or talks to the server."""

from __future__ import annotations

import signal
from datetime import timedelta
from pathlib import Path

import pytest
from rig.books import open_books
from rig.tracing import Tracer

PEOPLE = 12
K = 4
ENOUGH = 1000
CALLS = {
    "pwrite64": "pwrite64",
    "flush": "fsync,fdatasync",  # which of the two, is SQLite's choice when it is compiled
    "sendto": "sendto,sendmsg",
    "recvfrom": "recvfrom,recvmsg",
    "tidy": "ftruncate,unlink",
}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("calls", CALLS.values(), ids=CALLS)
def test_a_kill_at_each_call_repeats_no_more_than_what_was_in_flight(
    office, strace, report, tmp_path: Path, calls: str
) -> None:
    opened = office(window=K, connections=2)
    station, forge = opened.station, opened.forge
    everyone = station.ready(forge, PEOPLE)
    station.keep()
    kills = doubled = worst = 0
    for number in range(1, ENOUGH):
        station.restore()
        pid = forge.start("run", "--once", stopped=True)
        tracer = Tracer(pid, tmp_path / "trace", calls=calls, inject=f"{calls}:signal=KILL:when={number}")
        code = forge.wait(pid)
        tracer.close()
        if code == 0:
            break
        assert code == -signal.SIGKILL
        kills += 1
        open_books(station).check()
        forge.run("run", "--once")
        forge.run("run", "--once", shift=timedelta(hours=1))
        books = open_books(station)
        books.check_complete(everyone)
        repeated = sum(books.doubled.values())
        doubled, worst = doubled + repeated, max(worst, repeated)
        assert repeated <= K, number
    report(calls=calls, kills=kills, lost=0, doubled=doubled, worst=worst)
    assert kills >= (1 if calls == CALLS["tidy"] else 5)
    assert code == 0
