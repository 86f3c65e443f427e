"""One flipped bit anywhere in the ledger's file sends nothing wrong: it is refused, or has done no harm."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from postroom.errors import LedgerCorrupt, LedgerError
from postroom.model import Sent
from postroom.outbox import Ledger, backup, guard, meta, operate, restore, status
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


def altered(path: Path, *statements: str) -> str:
    connection = module_of(driver()).connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return f"sqlite:///{path}"


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t BEFORE UPDATE ON delivery BEGIN SELECT raise(ignore); END",
        "CREATE VIEW v AS SELECT 1",
    ],
)
def test_what_could_swallow_an_update_is_refused(whole: Path, statement: str) -> None:
    url = altered(whole, statement)
    with pytest.raises(LedgerCorrupt, match=r"could swallow or change.*`postroom outbox recover`"):
        Ledger(url)
    assert "could swallow" in restore.damage(url)
    with pytest.raises(LedgerCorrupt, match="could swallow"):
        backup.check(whole)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DELETE FROM alembic_version", "names 0 versions"),
        ("INSERT INTO alembic_version VALUES ('9999')", "names 2 versions"),
        ("UPDATE alembic_version SET version_num = '0000'", "version '0000'"),
        ("UPDATE alembic_version SET version_num = 'abc'", "version 'abc'"),
        ("DROP TABLE meta", "these tables are gone: meta"),
    ],
)
def test_tables_that_no_postroom_made_are_refused(whole: Path, statement: str, told: str) -> None:
    with pytest.raises(LedgerCorrupt, match=rf"{told}.*`postroom outbox recover`"):
        Ledger(altered(whole, statement))


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("epoch", "abc", lambda connection: guard.rise(connection, "a", NOW)),
        ("heartbeat", "99999999999999999999", meta.heartbeat),
        ("adopted_at", "x", meta.adopted_at),
        ("backup_at", "1.5", backup.made_at),
        ("last_good_config", "{}", meta.last_good_config),
        ("last_good_config", '{"text": 1, "digest": "", "path": ""}', meta.last_good_config),
        ("last_good_config", "[" * 60_000, meta.last_good_config),
        ("link_key", "zz", meta.link_key),
        ("link_key", "00", meta.link_key),
    ],
)
def test_a_fact_that_cannot_be_read_is_damage(
    whole: Path, name: str, value: str, read: Callable[..., object]
) -> None:
    url = altered(whole, f"INSERT OR REPLACE INTO meta VALUES ('{name}', '{value}')")
    with Ledger(url) as ledger, pytest.raises(LedgerCorrupt, match=rf"`{name}`.*`postroom outbox recover`"):
        ledger.write(read)
    assert f"`{name}`" in restore.damage(url), "`outbox recover` sees it too"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("holds", "x'ff00fe'"),
        ("holds", "99999999999999999"),
        ("holds", "'{'"),
        ("holds", "'{}'"),
        ("holds", "'[1]'"),
        ("state", "'{'"),
        ("failed", "x'ff00fe'"),
        ("failed", "'{'"),
        ("uncertain", "'text'"),
        ("uncertain", "1.5"),
        ("recipients", "char(27) || '[31m'"),
        ("sending", "char(27) || '[31m'"),
        ("title", "x'ff00fe'"),
        ("due_at", "9000000000000000000"),
        ("finished_at", "'{'"),
    ],
)
def test_an_edition_that_cannot_be_read_is_damage(whole: Path, name: str, value: str) -> None:
    harm = f"UPDATE edition SET {name} = {value}"
    url = altered(whole, "PRAGMA ignore_check_constraints=1", harm)
    with pytest.raises(LedgerCorrupt, match=rf"`{name}` of edition 1 .*`postroom outbox recover`") as told:
        Ledger(url)
    assert str(told.value).isprintable()
    assert restore.damage(url), "`outbox recover` sees it too"
    with pytest.raises(LedgerCorrupt, match="is damaged"):
        backup.check(whole)
