"""One flipped bit anywhere in the ledger's file sends nothing wrong: it is refused, or has done no harm."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from postroom.errors import LedgerError
from postroom.model import Sent
from postroom.outbox import Ledger, operate, status
from postroom.outbox.sqlite import driver, module_of

NOW = datetime.fromisoformat("2026-11-22T09:00:00+00:00")

pytestmark = pytest.mark.sqlite_only

PLACES = 200
ADDRESSED = 500


@pytest.fixture
def whole(outbox, tmp_path: Path) -> Path:
    """A ledger of 500 deliveries, 150 of them sent and ten suppressed meanwhile, as one file."""
    outbox.freeze(*(f"reader{number}" for number in range(ADDRESSED)))
    outbox.record(outbox.claim(150), Sent(reply="250 2.0.0 kept"))
    for number in range(490, ADDRESSED):
        address = f"reader{number}@example.com"
        outbox.ledger.write(operate.suppress, address, address, "asked", NOW)
    outbox.ledger.close()
    path = tmp_path / "postroom.db"
    connection = module_of(driver()).connect(path)
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()
    return path


def sent_from(path: Path, make: Callable[[Ledger], object]) -> list[tuple[object, ...]]:
    """Start on a ledger as `run` does, and return what would go out: all that a reader would see."""
    with Ledger(f"sqlite:///{path}") as ledger:
        ledger.verify()
        differences = ledger.read(status.reconcile)
        if differences:
            raise LedgerError("; ".join(differences))
        claimed = make(ledger).claim(1000)
        failed = ledger.read(status.editions)[0].accounts.failed
    if failed:
        raise LedgerError(f"{failed} are set aside: what is kept of them cannot be read")
    return [
        (one.edition.content, one.edition.sender, one.edition.unsubscribe, _delivery(one.delivery))
        for one in claimed
    ]


def _delivery(one) -> tuple[object, ...]:
    return (one.recipient, one.part, one.message_id, one.date)


def test_no_flipped_bit_sends_anything_wrong(whole: Path, outbox, tmp_path: Path) -> None:
    make = type(outbox)
    expected = sent_from(Path(shutil.copy(whole, tmp_path / "copy.db")), make)
    assert len(expected) == ADDRESSED - 150 - 10
    data, dice = whole.read_bytes(), random.Random(7)
    refused, silent = 0, []
    for _ in range(PLACES):
        place, bit = dice.randrange(len(data)), dice.randrange(8)
        harmed = bytearray(data)
        harmed[place] ^= 1 << bit
        for ending in ("", "-wal", "-shm"):
            (tmp_path / f"harmed.db{ending}").unlink(missing_ok=True)
        (tmp_path / "harmed.db").write_bytes(harmed)
        try:
            if sent_from(tmp_path / "harmed.db", make) != expected:
                silent.append((place, bit))
        except LedgerError:
            refused += 1
    assert silent == []
    assert refused > 0
