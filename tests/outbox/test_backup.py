"""A backup is whole, private, made while others write, and knows that it is a copy."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from postroom.errors import LedgerCorrupt, LedgerError
from postroom.outbox import Ledger, backup, guard, operate, status

pytestmark = pytest.mark.sqlite_only

NOW = datetime.fromisoformat("2026-11-22T09:00:00+00:00")
HOUR = timedelta(hours=1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "postroom.db"


def copied(outbox, url: str, now: datetime = NOW, **changes) -> backup.Backup:
    return backup.run(outbox.ledger, url, now, **changes)


def test_a_backup_holds_what_the_ledger_held(outbox, url: str, tmp_path: Path) -> None:
    outbox.freeze("ada", "bob")
    made = copied(outbox, url)
    assert made.path == tmp_path / "backups/postroom-20261122T090000Z.db"
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert made.size == made.path.stat().st_size
    before = outbox.deliveries()
    with Ledger(f"sqlite:///{made.path}") as copy:
        assert copy.read(lambda connection: list(status.deliveries(connection))) == before


def test_a_backup_is_one_file(outbox, url: str, tmp_path: Path) -> None:
    outbox.freeze("ada")
    made = copied(outbox, url)
    assert [each.name for each in made.path.parent.iterdir()] == [made.path.name]


def test_a_restored_backup_is_guarded(outbox, url: str, tmp_path: Path) -> None:
    outbox.freeze("ada")
    machine = tmp_path / "machine"
    place = guard.place_of(url, machine)
    assert guard.beat(outbox.ledger, place, NOW) is None
    made = copied(outbox, url)
    assert guard.beat(outbox.ledger, place, NOW) is None
    outbox.ledger.close()
    (tmp_path / "postroom.db").write_bytes(made.path.read_bytes())
    with Ledger(url) as ledger:
        found = guard.check(ledger, guard.place_of(url, machine))
    assert found is not None
    assert "is the backup of 2026-11-22 09:00 UTC" in found.why


def test_only_the_newest_are_kept(outbox, url: str, tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups/notes.db").touch()
    for number in range(4):
        copied(outbox, url, NOW + number * HOUR, keep=2)
    assert sorted(each.name for each in (tmp_path / "backups").iterdir()) == [
        "notes.db",
        "postroom-20261122T110000Z.db",
        "postroom-20261122T120000Z.db",
    ]


def test_the_copies_of_another_ledger_in_the_folder_are_left_alone(outbox, url: str, tmp_path: Path) -> None:
    others = (
        "postroom-staging-20261122T235900Z.db",
        "postroom-2-20261122T235900Z.db",
        "postroom.sqlite-20261122T235900Z.db",
        "postroom-20261122T235900Zx-20261122T235900Z.db",
    )
    (tmp_path / "backups").mkdir()
    for name in others:
        (tmp_path / "backups" / name).touch()
    for number in range(3):
        copied(outbox, url, NOW + number * HOUR, keep=1)
    left = {each.name for each in (tmp_path / "backups").iterdir()}
    assert left == {*others, "postroom-20261122T110000Z.db"}
    assert [each.name for each in backup.kept(tmp_path / "postroom.db")] == ["postroom-20261122T110000Z.db"]


def test_two_ledgers_that_differ_in_their_endings_keep_copies_of_their_own(
    outbox, url: str, tmp_path: Path
) -> None:
    copied(outbox, url)
    other = f"sqlite:///{tmp_path}/postroom.sqlite"
    with Ledger(other) as ledger:
        made = backup.run(ledger, other, NOW, keep=1)
    assert made.path.name == "postroom.sqlite-20261122T090000Z.db"
    assert backup.kept(tmp_path / "postroom.sqlite") == [made.path]
    assert [each.name for each in backup.kept(tmp_path / "postroom.db")] == ["postroom-20261122T090000Z.db"]


def test_what_a_kill_cut_off_is_taken_away_after_a_day(outbox, url: str, tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()
    torn = [".postroom-20261121T085959Z.db.part", ".postroom-20261121T085959Z.db.part-journal"]
    young = ".postroom-20261121T090001Z.db.part"
    for name in (*torn, young, ".other-20261101T000000Z.db.part"):
        (tmp_path / "backups" / name).touch()
    copied(outbox, url, NOW)
    assert sorted(each.name for each in (tmp_path / "backups").iterdir()) == [
        ".other-20261101T000000Z.db.part",
        young,
        "postroom-20261122T090000Z.db",
    ]


def test_a_backup_may_go_elsewhere(outbox, url: str, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    assert copied(outbox, url, target=folder).path == folder / "postroom-20261122T090000Z.db"
    assert copied(outbox, url, target=folder / "mine.db").path == folder / "mine.db"
    with pytest.raises(LedgerError, match="is there already"):
        copied(outbox, url, target=folder / "mine.db")


def test_a_folder_that_cannot_be_is_told(outbox, url: str, tmp_path: Path) -> None:
    (tmp_path / "backups").touch()
    with pytest.raises(LedgerError, match="cannot make the folder"):
        copied(outbox, url)


def test_a_backup_is_due_each_hour_when_something_happened(outbox, url: str) -> None:
    assert outbox.ledger.read(backup.due, NOW)
    copied(outbox, url)
    assert outbox.ledger.read(backup.made_at) == NOW
    assert not outbox.ledger.read(backup.due, NOW + HOUR)
    outbox.freeze("ada")
    assert not outbox.ledger.read(backup.due, NOW + HOUR / 2)
    assert outbox.ledger.read(backup.due, NOW + HOUR)


def test_a_suppression_alone_makes_a_backup_due(outbox, url: str) -> None:
    copied(outbox, url)
    outbox.ledger.write(operate.suppress, "ada@example.com", "ada@example.com", "asked", NOW)
    assert outbox.ledger.read(backup.due, NOW + HOUR)


def test_a_clock_that_is_set_back_does_not_stop_backups(outbox, url: str) -> None:
    copied(outbox, url)
    outbox.freeze("ada")
    assert outbox.ledger.read(backup.due, NOW - timedelta(days=400))


def test_writers_go_on_while_it_is_copied(outbox, url: str, file: Path) -> None:
    outbox.freeze("ada")
    stop = threading.Event()
    written: list[int] = []

    def write() -> None:
        while not stop.is_set():
            number = len(written)
            outbox.ledger.write(operate.suppress, f"{number}@example.com", "", "asked", NOW)
            written.append(number)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = [copied(outbox, url, NOW + number * HOUR) for number in range(5)]
    finally:
        stop.set()
        writer.join()
    counts = []
    for each in made:
        with Ledger(f"sqlite:///{each.path}") as copy:
            counts.append(len(copy.read(operate.suppressions)))
    assert counts == sorted(counts)
    assert counts[-1] <= len(written)


def test_a_damaged_ledger_makes_no_backup_and_loses_none(outbox, url: str, file: Path) -> None:
    outbox.freeze(*(f"reader{number}" for number in range(200)))
    good = copied(outbox, url)
    outbox.ledger.close()
    damage(file)
    with pytest.raises(LedgerError), Ledger(url) as ledger:
        backup.run(ledger, url, NOW + HOUR, keep=1)
    assert [each.name for each in good.path.parent.iterdir()] == [good.path.name]


def damage(file: Path) -> None:
    """Spoil the second half of a ledger that nobody has open."""
    data = bytearray(file.read_bytes())
    for place in range(len(data) // 2, len(data), 512):
        data[place] ^= 0xFF
    file.write_bytes(data)


def test_a_damaged_backup_is_not_whole(outbox, url: str, tmp_path: Path) -> None:
    outbox.freeze(*(f"reader{number}" for number in range(200)))
    made = copied(outbox, url)
    backup.check(made.path)
    damage(made.path)
    with pytest.raises(LedgerCorrupt):
        backup.check(made.path)


@pytest.mark.parametrize("data", [b"", b"no ledger" * 1000])
def test_another_file_is_no_backup(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.db").write_bytes(data)
    with pytest.raises(LedgerCorrupt):
        backup.check(tmp_path / "a.db")


def test_postgresql_is_told_its_own_way(ledger: Ledger) -> None:
    with pytest.raises(
        LedgerError,
        match=r"pg_dump --format=custom --file=postroom-\S+\.dump 'postgresql://me@db\.example/letters'",
    ) as caught:
        backup.run(ledger, "postgresql://me:secret@db.example/letters", NOW)
    assert "secret" not in str(caught.value)


KILLED = """
import os, signal, sys, threading
from datetime import UTC, datetime
from postroom.outbox import Ledger, backup, durable

url, step = sys.argv[1], int(sys.argv[2])
left = step

def trace(frame, event, argument):
    global left
    if frame.f_code.co_filename not in (backup.__file__, durable.__file__):
        return None
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return trace

with Ledger(url) as ledger:
    sys.settrace(trace)
    backup.run(ledger, url, datetime(2026, 11, 22, 10, tzinfo=UTC))
"""


@pytest.mark.parametrize("step", [60, 75, 90, 105, 120])
def test_a_killed_backup_leaves_none_or_a_whole_one(outbox, url: str, tmp_path: Path, step: int) -> None:
    outbox.freeze("ada")
    subprocess.run([sys.executable, "-c", KILLED, url, str(step)], timeout=60, check=False)
    for each in backup.kept(tmp_path / "postroom.db"):
        backup.check(each)
    made = copied(outbox, url, NOW + 5 * HOUR)
    backup.check(made.path)
    shutil.rmtree(made.path.parent)
