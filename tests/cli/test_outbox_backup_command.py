"""A backup by hand, and a ledger that is lost and found."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from postroom.outbox.lock import DaemonLock


@pytest.fixture
def sent(office, hours):
    """An office that has published one article."""
    office.article(date=hours(-1))
    office.run()
    return office


def spoil(file: Path) -> None:
    data = bytearray(file.read_bytes())
    for place in range(len(data) // 2, len(data), 512):
        data[place] ^= 0xFF
    file.write_bytes(data)


def test_a_backup_is_told_with_its_place(sent, postroom) -> None:
    answer = postroom("outbox", "backup")
    assert answer.code == 0
    (made,) = (sent.folder / "backups").iterdir()
    assert f"{made} is a whole copy of the ledger" in answer.told


def test_a_backup_is_told_to_machines(sent, postroom) -> None:
    found = json.loads(postroom("outbox", "backup", str(sent.folder / "mine.db"), "--json").out)
    assert found == {"path": str(sent.folder / "mine.db"), "size": (sent.folder / "mine.db").stat().st_size}


def test_what_is_not_there_cannot_be_copied(desk, postroom) -> None:
    answer = postroom("outbox", "backup")
    assert answer.code == 1
    assert "there is no ledger yet" in answer.told
    assert "`postroom run` makes it" in answer.told


def test_a_whole_ledger_needs_no_recovery(sent, postroom) -> None:
    answer = postroom("outbox", "recover")
    assert answer.code == 0
    assert "there is nothing to recover" in answer.told


def test_a_damaged_ledger_is_recovered_and_then_adopted(sent, postroom) -> None:
    postroom("outbox", "backup")
    spoil(sent.folder / "postroom.db")
    asked = postroom("outbox", "recover")
    assert asked.code == 2
    assert "postroom outbox recover --yes" in asked.told
    answer = postroom("outbox", "recover", "--yes")
    assert answer.code == 0
    assert "is the ledger now" in answer.told
    assert "What was there is kept in" in answer.told
    assert "`postroom adopt`" in answer.told
    assert postroom("outbox", "status").code == 0


def test_without_a_backup_the_cure_is_named(sent, postroom) -> None:
    spoil(sent.folder / "postroom.db")
    answer = postroom("outbox", "recover", "--yes")
    assert answer.code == 1
    assert "there is no good backup in" in answer.told
    assert "postroom outbox recover FILE" in answer.told


def test_a_ledger_at_work_is_not_exchanged(sent, postroom) -> None:
    with DaemonLock(f"sqlite:///{sent.folder}/postroom.db"):
        answer = postroom("outbox", "recover", "--yes")
    assert answer.code == 1
    assert "already works on postroom.db" in answer.told
