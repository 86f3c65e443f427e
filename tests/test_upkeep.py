"""What is wrong with a ledger is logged once, and so is that it is well again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from postroom.daemon.upkeep import WIPE_EVERY, Upkeep
from postroom.model import Recipient
from postroom.outbox import erasing, subscribers, wiping
from postroom.outbox.ledger import Ledger
from postroom.pipeline.space import Space
from postroom.pipeline.vitals import Vitals

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


@pytest.fixture
def upkeep(tmp_path: Path) -> Iterator[Upkeep]:
    url = f"sqlite:///{tmp_path}/postroom.db"
    with Ledger(url) as ledger:
        yield Upkeep(
            ledger=ledger,
            url=url,
            clock=lambda: NOW,
            vitals=Vitals(time.monotonic),
            space=Space(None),
        )


def test_a_ledger_that_is_well_again_is_told_once(upkeep: Upkeep, tmp_path: Path) -> None:
    upkeep.look()
    instance = tmp_path / "postroom.db.instance"
    text = instance.read_bytes()
    instance.unlink()
    instance.mkdir()
    with capture_logs() as logs:
        upkeep.look()
        upkeep.look()
        instance.rmdir()
        instance.write_bytes(text)
        upkeep.look()
        upkeep.look()
    told = [each["event"] for each in logs if "ledger" in str(each["event"])]
    assert told == ["something is wrong with the ledger", "the ledger is well again"]
    assert "ledger" not in upkeep.vitals.pulse().broken


def test_what_people_had_erased_is_out_of_the_file_soon_after_and_the_file_is_not_written_anew_without_need(
    upkeep: Upkeep, tmp_path: Path
) -> None:
    people = [an_ada(number) for number in range(300)]
    subscribers.import_rows(upkeep.ledger, "weekly", people, "people.csv", NOW)
    now = [NOW]
    upkeep.clock = lambda: now[0]
    for each in people[:200]:
        upkeep.ledger.write(erasing.erase, each.identity, NOW)
    upkeep.look()
    assert not upkeep.ledger.read(wiping.due)
    upkeep.ledger.write(erasing.erase, people[200].identity, NOW)
    upkeep.look()
    assert upkeep.ledger.read(wiping.due)  # twice within the hour would keep everybody waiting
    now[0] += WIPE_EVERY
    upkeep.look()
    assert not upkeep.ledger.read(wiping.due)
    files = [tmp_path / f"postroom.db{ending}" for ending in ("", "-wal")]
    held = b"".join(each.read_bytes() for each in files)
    assert b"ada200@" not in held
    assert b"ada201@" in held


def an_ada(number: int) -> Recipient:
    address = f"ada{number}@example.org"
    return Recipient(address=address, identity=address, domain="example.org")
