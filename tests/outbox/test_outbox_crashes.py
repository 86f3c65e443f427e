"""kill -9 and damage: nothing lost, nothing claimed that was not whole."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from postroom.errors import LedgerCorrupt, LedgerError
from postroom.model import Sent
from postroom.outbox import Ledger, claim, recover, status

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

FREEZE = """
import sys
sys.path.insert(0, sys.argv[2])
from conftest import NOW, a_person, an_edition
from postroom.outbox import Ledger, enqueue, filling
filling.BATCH = 50
def audience():
    for number in range(5000):
        if number % 50 == 0:
            print(number, flush=True)
        yield a_person(f"p{number}")
with Ledger(sys.argv[1]) as ledger:
    enqueue.freeze(ledger, an_edition(), enqueue.Audience(people=audience(), rows_read=5000), parts=1, now=NOW)
"""

SEND = """
import os, sys
from datetime import datetime
from postroom.model import Sent
from postroom.outbox import Ledger, claim, record, turns
now = datetime.fromisoformat(sys.argv[3])
wire = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
with Ledger(sys.argv[1]) as ledger:
    hand = claim.Hand(carrier=claim.Carrier("mail", "smtp"), owner=f"host:{os.getpid()}")
    results = []
    while got := ledger.write(turns.turn, hand, results, 8, now):
        for one in got:
            os.write(wire, f"{one.delivery.id}\\n".encode())
        results = [record.Result(delivery_id=one.delivery.id, outcome=Sent(reply="250")) for one in got]
    ledger.write(turns.last_turn, hand, results, [], now)
"""


def kill_when(process: subprocess.Popen[str], lines: int) -> None:
    """Kill -9 after the process has printed so many lines (or has ended by itself)."""
    assert process.stdout is not None
    for _ in range(lines):
        process.stdout.readline()
    process.kill()
    process.communicate()


@pytest.mark.parametrize("lines", [1, 2, 7, 30, 90])
def test_a_freeze_killed_at_any_point_can_be_done_again(url: str, outbox, lines: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", FREEZE, url, str(Path(__file__).parent)],
        stdout=subprocess.PIPE,
        text=True,
    )
    kill_when(process, lines)
    assert outbox.claim() == []
    names = [f"p{number}" for number in range(200)]
    outbox.freeze(*names)
    assert outbox.counts() == {"rows_read": 200, "recipients": 200, "queued": 200}
    assert [row.delivery.recipient.merge["first_name"] for row in outbox.deliveries()] == names


def test_a_sender_killed_again_and_again_loses_nothing(url: str, outbox, tmp_path: Path) -> None:
    """What it wrote to the `wire` was sent; each kill may repeat at most the 8 in flight, all of them named."""
    people, window, kills = 600, 8, 0
    outbox.freeze(*(f"p{number}" for number in range(people)))
    wire = tmp_path / "wire"
    wire.touch()
    named: set[int] = set()
    chance = random.Random(7)
    now = NOW
    while outbox.counts().keys() & {"queued", "sending"}:
        process = subprocess.Popen([sys.executable, "-c", SEND, url, str(wire), now.isoformat()])
        wait_for(wire, chance.randrange(10, 120), process)
        process.kill()
        kills += process.wait() != 0
        found = outbox.ledger.write(
            lambda c, at=now: recover.recover(c, at, owner_alive=lambda _: False, idempotent=lambda _: False)
        )
        named |= {doubt.delivery_id for doubt in (*found.repeats, *found.uncertain)}
        now += timedelta(hours=1)
    sent = Counter(int(line) for line in wire.read_text().split())
    uncertain = {row.delivery.id for row in outbox.deliveries() if row.delivery.state == "uncertain"}
    assert {row.delivery.id for row in outbox.deliveries()} == set(sent) | uncertain
    assert {id_ for id_, count in sent.items() if count > 1} <= named
    assert sum(count - 1 for count in sent.values()) <= kills * window
    assert kills >= 3


def wait_for(wire: Path, more: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until the wire has so many more lines, or the process has ended."""
    goal = len(wire.read_text().split()) + more
    while process.poll() is None and len(wire.read_text().split()) < goal:
        time.sleep(0.002)


def facts(url: str) -> list[object]:
    """Everything that decides who gets what; raises `LedgerError` where SQLite sees damage."""
    with Ledger(url) as ledger:
        ledger.verify()
        mail = claim.Carrier("mail", "smtp")
        claimed = ledger.write(claim.claim, claim.Hand(carrier=mail, owner="me"), 1000, NOW)
        rows = ledger.read(lambda connection: list(status.deliveries(connection)))
        assert ledger.read(status.reconcile) == []
        return [claimed, rows]


@pytest.mark.sqlite_only
def test_bytes_that_were_overwritten_are_noticed(url: str, outbox, tmp_path: Path) -> None:
    """Pages torn out or overwritten must never lead to a wrong mail: the ledger refuses, or is unharmed."""
    outbox.freeze(*(f"p{number}" for number in range(300)))
    outbox.record(outbox.claim(150), Sent(reply="250"))
    outbox.ledger.close()
    whole = (tmp_path / "postroom.db").read_bytes()
    broken = tmp_path / "broken.db"
    broken.write_bytes(whole)
    expected = facts(f"sqlite:///{broken}")
    chance = random.Random(11)
    refused = 0
    for _ in range(60):
        place = chance.randrange(len(whole) // 512) * 512
        broken.write_bytes(whole[:place] + chance.randbytes(512) + whole[place + 512 :])
        for left in tmp_path.glob("broken.db-*"):
            left.unlink()
        try:
            assert facts(f"sqlite:///{broken}") == expected
        except LedgerError:
            refused += 1
    assert refused > 0


@pytest.mark.sqlite_only
def test_a_ledger_cut_short_is_refused(url: str, outbox, tmp_path: Path) -> None:
    outbox.freeze(*(f"p{number}" for number in range(300)))
    outbox.ledger.close()
    path = tmp_path / "postroom.db"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(LedgerCorrupt, match=r"damaged.*backup"):
        facts(url)
