"""Another program keeps the ledger locked while mail goes out, for longer than the daemon waits for it."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from rig.books import open_books
from rig.forge import wait_until

LOCKER = """
import sys, time
from postroom.outbox import sqlite
module = sqlite.module_of(sqlite.driver())
connection = module.connect(sys.argv[1], timeout=10, isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
time.sleep(float(sys.argv[2]))
connection.execute("ROLLBACK")
"""


@pytest.mark.timeout(200)
def test_a_lock_held_too_long_drops_nothing_and_doubles_nothing(office, many, report) -> None:
    seconds = many(15, 60)
    opened = office(seconds=0.01)
    everyone = opened.station.ready(opened.forge, 200)
    pid = opened.forge.start()
    assert wait_until(lambda: opened.sink.count() > 50), opened.log()
    command = [sys.executable, "-c", LOCKER, str(opened.station.database), str(seconds)]
    locker = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert locker.communicate(timeout=120)[0] == "locked\n"
    assert wait_until(lambda: opened.sink.count() >= 200), opened.log()
    assert opened.forge.end(pid, signal.SIGTERM) == 0
    books = open_books(opened.station)
    books.check_complete(everyone)
    assert any("locked" in str(each.get("why")) for each in opened.forge.events())
    report(seconds=seconds, lost=0, doubled=len(books.doubled))
    assert books.doubled == {}
