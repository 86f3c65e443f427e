"""A power cut at any moment: whoever may have the mail is known to the ledger, and few of them in doubt."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from rig.replay import Disk, Step, read_trace
from rig.tracing import Tracer

from postroom.errors import LedgerCorrupt
from postroom.outbox import Ledger, status

PEOPLE = 40
K = 4
CALLS = "pwrite64,ftruncate,fsync,fdatasync,unlink,openat,sendto,sendmsg"
MODES = ("none", "some", "torn")
_RECIPIENT = re.compile(rb"RCPT TO:<([^>]+)>", re.IGNORECASE)


@pytest.fixture
def cuts(office, strace, tmp_path: Path):
    """Record a daemon that sends under given pragmas; give what power cuts during that made of its ledger."""

    def record(pragmas: tuple[str, str] | None, states: int) -> Counter[str]:
        opened = office(window=K, connections=2)
        opened.station.ready(opened.forge, PEOPLE)
        folder = opened.station.folder.resolve()
        files = {str(opened.station.database.resolve()): opened.station.database.read_bytes()}
        pid = opened.forge.start("run", "--once", stopped=True, pragmas=pragmas)
        tracer = Tracer(pid, tmp_path / "trace", calls=CALLS)
        assert opened.forge.wait(pid) == 0
        tracer.close()
        assert opened.sink.count() == PEOPLE
        steps = [each for each in read_trace(tmp_path / "trace") if _matters(each, folder)]
        assert {each.call for each in steps} >= {"write", "send"}
        return Counter(_judge(folder, left, begun) for left, begun in _after_cuts(steps, files, states))

    return record


def _matters(step: Step, folder: Path) -> bool:
    """Leave out the lock, and the index of the WAL, which SQLite makes anew after a crash."""
    path = Path(step.path)
    name = path.name
    return step.call == "send" or path == folder or (path.parent == folder and name in LEDGER_FILES)


LEDGER_FILES = frozenset({"postroom.db", "postroom.db-wal", "postroom.db-journal"})


def _after_cuts(
    steps: list[Step], files: dict[str, bytes], states: int
) -> Iterator[tuple[dict[str, bytes], set[str]]]:
    """Yield what cuts at random moments may leave, and to whom the daemon had begun to write by then."""
    chance = random.Random(2)
    disks = [Disk(files, is_strict=True), Disk(files, is_strict=False)]
    begun: set[str] = set()
    done = 0
    for moment in sorted(chance.randrange(len(steps)) for _ in range(states)):
        for step in steps[done:moment]:
            for disk in disks:
                disk.do(step)
            if found := _RECIPIENT.search(step.data):
                begun.add(found[1].decode())
        done = moment
        yield chance.choice(disks).after_a_cut(chance, chance.choice(MODES)), begun


def _judge(folder: Path, left: dict[str, bytes], begun: set[str]) -> str:
    """Open what a cut has left: was anything lost or damaged that must not be?"""
    for name in LEDGER_FILES | {"postroom.db-shm"}:
        (folder / name).unlink(missing_ok=True)
    for path, content in left.items():
        Path(path).write_bytes(content)
    try:
        with Ledger(f"sqlite:///{folder}/postroom.db") as ledger:
            ledger.verify()
            balance = ledger.read(status.reconcile)
            rows = ledger.read(lambda connection: list(status.deliveries(connection)))
    except LedgerCorrupt:
        return "damaged"
    states = {each.delivery.recipient.address: str(each.delivery.state) for each in rows}
    if balance or len(states) != PEOPLE:
        return "rows lost"
    if any(states[who] == "queued" for who in begun):
        return "sent and forgotten"
    if sum(states[who] != "sent" for who in begun) > K:
        return "too many in doubt"
    return "sound"


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("pragmas", [None, ("DELETE", "EXTRA")], ids=["as chosen", "without a sound WAL"])
def test_a_power_cut_forgets_nothing(cuts, many, report, pragmas: tuple[str, str] | None) -> None:
    states = many(500, 2000) if pragmas is None else many(150, 1000)
    found = cuts(pragmas, states)
    report(pragmas=pragmas or "chosen", states=states, **found)
    assert found == {"sound": states}


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
def test_this_way_of_looking_sees_what_a_laxer_setting_loses(cuts, many, report, synchronous: str) -> None:
    found = cuts(("WAL", synchronous), 60)
    report(pragmas=("WAL", synchronous), states=60, **found)
    assert found["sent and forgotten"] >= 10
