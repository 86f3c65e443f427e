"""What is wrong with a ledger is logged once, and so is that it is well again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from postroom.daemon.upkeep import Upkeep
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
