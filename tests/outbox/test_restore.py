"""A damaged or lost ledger gets a good backup in its place, and the damaged file is kept."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from postroom.errors import LedgerError
from postroom.outbox import Ledger, backup, guard, restore, sqlite, status

pytestmark = pytest.mark.sqlite_only

NOW = datetime.fromisoformat("2026-11-22T09:00:00+00:00")
HOUR = timedelta(hours=1)


@pytest.fixture
def lost(outbox, url: str, tmp_path: Path) -> Path:
    """A ledger with two backups, closed; its file."""
    outbox.freeze(*(f"reader{number}" for number in range(100)))
    for number in range(2):
        backup.run(outbox.ledger, url, NOW + number * HOUR)
    outbox.freeze("ada", article="later")
    outbox.ledger.close()
    return tmp_path / "postroom.db"


def spoil(file: Path) -> bytes:
    data = bytearray(file.read_bytes())
    for place in range(len(data) // 2, len(data), 512):
        data[place] ^= 0xFF
    file.write_bytes(data)
    return bytes(data)


def test_a_whole_ledger_has_no_damage(lost: Path, url: str) -> None:
    assert restore.damage(url) == ""


def test_the_newest_backup_takes_the_place_and_the_damaged_file_is_kept(lost: Path, url: str) -> None:
    spoilt = spoil(lost)
    assert "damaged" in restore.damage(url)
    done = restore.restore(url, NOW + 2 * HOUR)
    assert done.backup.name == "postroom-20261122T100000Z.db"
    assert done.damaged is not None
    assert done.damaged.name == "postroom.db.damaged-20261122T110000Z"
    assert done.damaged.read_bytes() == spoilt
    assert restore.damage(url) == ""
    with Ledger(url) as ledger:
        assert [row.article for row in ledger.read(status.editions)] == ["post-rooms"]
    assert lost.stat().st_mode & 0o777 == 0o600


def test_a_lost_ledger_is_restored(lost: Path, url: str) -> None:
    lost.unlink()
    assert restore.damage(url) == "there is no ledger"
    assert restore.restore(url, NOW).damaged is None
    assert restore.damage(url) == ""


def test_a_damaged_backup_is_skipped_for_an_older_one(lost: Path, url: str) -> None:
    spoil(lost)
    spoil(backup.kept(lost)[0])
    done = restore.restore(url, NOW)
    assert done.backup.name == "postroom-20261122T090000Z.db"
    (why,) = done.skipped
    assert "postroom-20261122T100000Z.db" in why


def test_the_copy_of_another_ledger_is_skipped_unless_it_is_named(
    lost: Path, url: str, tmp_path: Path
) -> None:
    with Ledger(url) as ledger:
        guard.beat(ledger, guard.place_of(url), NOW)
        backup.run(ledger, url, NOW + 2 * HOUR)
    (tmp_path / "other").mkdir()
    other = f"sqlite:///{tmp_path}/other/postroom.db"
    with Ledger(other) as ledger:
        guard.beat(ledger, guard.place_of(other), NOW)
        foreign = backup.run(ledger, other, NOW + 3 * HOUR)
    strange = foreign.path.rename(backup.folder_of(lost) / foreign.path.name)
    lost.unlink()
    done = restore.restore(url, NOW + 4 * HOUR)
    assert done.backup.name == "postroom-20261122T110000Z.db"
    (why,) = done.skipped
    assert f"postroom outbox recover {strange}" in why
    assert restore.restore(url, NOW + 4 * HOUR, strange).backup == strange


def test_without_a_good_backup_nothing_is_touched(lost: Path, url: str) -> None:
    spoilt = spoil(lost)
    for each in backup.kept(lost):
        spoil(each)
    with pytest.raises(LedgerError, match=r"no good backup.*outbox recover FILE"):
        restore.restore(url, NOW)
    assert lost.read_bytes() == spoilt


def test_a_backup_may_be_named(lost: Path, url: str, tmp_path: Path) -> None:
    done = restore.restore(url, NOW, tmp_path / "backups/postroom-20261122T090000Z.db")
    assert done.backup.name == "postroom-20261122T090000Z.db"
    with pytest.raises(LedgerError, match="there is no file"):
        restore.restore(url, NOW, tmp_path / "nowhere.db")


def test_a_ledger_with_a_journal_beside_it_is_not_taken_in_part(
    outbox, lost: Path, url: str, tmp_path: Path
) -> None:
    """As it lies on the disk of a host that died: what was written last is in the journal alone."""
    there = tmp_path / "dead"
    there.mkdir()
    with Ledger(url) as ledger:
        ledger.write(
            lambda connection: connection.exec_driver_sql("UPDATE edition SET reason = 'written last'")
        )
        for each in (lost, lost.with_name(f"{lost.name}-wal")):
            shutil.copy(each, there / each.name)
    found = there / lost.name
    with pytest.raises(LedgerError, match=rf"{found}-wal holds a part .*: sqlite3 {found} \.tables"):
        restore.restore(url, NOW, found)
    whole = sqlite.module_of(sqlite.driver()).connect(found)
    whole.execute("SELECT count(*) FROM edition").fetchone()
    whole.close()
    restore.restore(url, NOW, found)
    with Ledger(url) as ledger:
        reasons = ledger.read(
            lambda connection: connection.exec_driver_sql("SELECT reason FROM edition").all()
        )
    assert {reason for (reason,) in reasons} == {"written last"}


def test_a_backup_that_may_not_be_read_is_skipped_for_an_older_one(
    lost: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoil(lost)
    whole = restore.opened

    def refuse(path: Path, flags: int) -> int:
        if path.name == "postroom-20261122T100000Z.db":
            raise PermissionError(13, "Permission denied", str(path))
        return whole(path, flags)

    monkeypatch.setattr(restore, "opened", refuse)
    done = restore.restore(url, NOW)
    assert done.backup.name == "postroom-20261122T090000Z.db"
    assert "Permission denied" in done.skipped[0]


def test_damage_in_a_content_is_damage(lost: Path, url: str) -> None:
    with Ledger(url) as ledger:
        ledger.write(
            lambda connection: connection.exec_driver_sql(
                "UPDATE content SET body = replace(body, 'Dear', 'Deer')"
            )
        )
    assert "is damaged" in restore.damage(url)


def test_postgresql_is_told_its_own_way() -> None:
    with pytest.raises(LedgerError, match="pg_restore"):
        restore.restore("postgresql://localhost/a", NOW)
