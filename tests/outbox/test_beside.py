"""What stands beside the ledger under our names and is not ours is neither followed, emptied nor waited for."""

from __future__ import annotations

import os
import pwd
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from postroom.errors import LedgerError
from postroom.outbox import DaemonLock, Ledger, backup, durable, guard, restore
from postroom.outbox.disk import Reserve, Room

pytestmark = [pytest.mark.sqlite_only, pytest.mark.timeout(20)]

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
GB = 1024**3


def link(path: Path, precious: Path) -> None:
    path.symlink_to(precious)


def dangling(path: Path, precious: Path) -> None:
    path.symlink_to(precious.with_name("made-by-us"))


def second_name(path: Path, precious: Path) -> None:
    path.hardlink_to(precious)


def pipe(path: Path, precious: Path) -> None:
    os.mkfifo(path)


def folder(path: Path, precious: Path) -> None:
    path.mkdir()


Foreign = Callable[[Path, Path], None]
FOREIGN = pytest.mark.parametrize("foreign", [link, dangling, second_name, pipe, folder])


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    path = tmp_path / "precious"
    path.write_text("years of work")
    return path


def is_untouched(precious: Path) -> bool:
    return precious.read_text() == "years of work" and not precious.with_name("made-by-us").exists()


@FOREIGN
def test_a_lock_that_is_not_ours_is_refused_and_left_alone(
    foreign: Foreign, url: str, precious: Path
) -> None:
    foreign(precious.with_name("postroom.db.lock"), precious)
    with pytest.raises(LedgerError, match=r"postroom\.db\.lock is a link.*move it away"), DaemonLock(url):
        pass
    assert is_untouched(precious)


@FOREIGN
def test_a_reserve_that_is_not_ours_is_refused_and_left_alone(foreign: Foreign, precious: Path) -> None:
    reserve = Reserve(precious.with_name("postroom.db"))
    foreign(reserve.path, precious)
    room = Room(path=Path("/"), free=50 * GB, stop_enqueue=GB, stop_claims=GB)
    with pytest.raises(LedgerError, match=r"postroom\.db\.reserve is a link.*move it away"):
        reserve.restore(room)
    assert is_untouched(precious)
    assert os.path.lexists(reserve.path)


def test_a_link_is_no_reserve_to_give_up(precious: Path) -> None:
    reserve = Reserve(precious.with_name("postroom.db"))
    link(reserve.path, precious)
    assert not reserve.release()
    assert reserve.path.is_symlink()


@pytest.mark.parametrize("foreign", [link, pipe, folder])
def test_a_mark_of_home_that_is_not_ours_is_refused(foreign: Foreign, url: str, precious: Path) -> None:
    with Ledger(url) as ledger:
        foreign(precious.with_name("postroom.db.instance"), precious)
        with pytest.raises(LedgerError, match=r"postroom\.db\.instance is a link.*move it away"):
            guard.beat(ledger, guard.place_of(url), NOW)
    assert is_untouched(precious)


@FOREIGN
def test_a_file_is_not_written_through_what_stands_in_its_way(foreign: Foreign, precious: Path) -> None:
    path = precious.with_name("postroom.db.instance")
    foreign(precious.with_name("postroom.db.instance.new"), precious)
    with pytest.raises(LedgerError, match=r"instance\.new is a link"):
        durable.write(path, b"{}")
    assert is_untouched(precious)
    assert not path.exists()


def test_a_ledger_with_two_names_is_refused_through_both(url: str, tmp_path: Path) -> None:
    Ledger(url).close()
    other = tmp_path / "other.db"
    other.hardlink_to(tmp_path / "postroom.db")
    for each in (url, f"sqlite:///{other}"):
        with pytest.raises(LedgerError, match=r"has a second name.*remove that name"):
            Ledger(each)
    other.unlink()
    Ledger(url).close()


BACKUP = "postroom-20261122T090000Z.db"


@pytest.mark.parametrize("name", [f".{BACKUP}.part", f".{BACKUP}.part-journal", f".{BACKUP}.part-wal"])
@pytest.mark.parametrize("foreign", [link, dangling, second_name, pipe])
def test_a_backup_is_not_written_through_what_stands_in_its_way(
    foreign: Foreign, name: str, url: str, precious: Path
) -> None:
    folder = precious.with_name("backups")
    folder.mkdir()
    foreign(folder / name, precious)
    with Ledger(url) as ledger:
        made = backup.run(ledger, url, NOW)
    assert is_untouched(precious)
    assert [each.name for each in folder.iterdir() if each.name != "made-by-us"] == [made.path.name]
    backup.check(made.path)


@FOREIGN
def test_a_backup_takes_the_place_of_nothing_that_is_there(
    foreign: Foreign, url: str, precious: Path
) -> None:
    target = precious.with_name("copies")
    target.mkdir()
    foreign(target / BACKUP, precious)
    with Ledger(url) as ledger, pytest.raises(LedgerError, match="takes no other file's place"):
        backup.run(ledger, url, NOW, target)
    assert is_untouched(precious)
    assert os.path.lexists(target / BACKUP)


@FOREIGN
def test_a_ledger_is_not_restored_through_what_stands_in_its_way(
    foreign: Foreign, url: str, precious: Path
) -> None:
    with Ledger(url) as ledger:
        made = backup.run(ledger, url, NOW)
    way = precious.with_name("postroom.db.restoring")
    foreign(way, precious)
    with pytest.raises(LedgerError, match=r"postroom\.db\.restoring is a link.*move it away"):
        restore.restore(url, NOW, made.path)
    assert is_untouched(precious)
    assert os.path.lexists(way)
    assert precious.with_name("postroom.db").is_file()


@pytest.mark.parametrize("foreign", [link, dangling])
def test_a_link_in_the_place_of_a_journal_is_moved_aside_with_the_ledger(
    foreign: Foreign, url: str, precious: Path
) -> None:
    with Ledger(url) as ledger:
        made = backup.run(ledger, url, NOW)
    wal = precious.with_name("postroom.db-wal")
    wal.unlink(missing_ok=True)
    foreign(wal, precious)
    restore.restore(url, NOW, made.path)
    assert not os.path.lexists(wal)
    assert is_untouched(precious)


def test_a_link_among_the_backups_is_not_restored(url: str, precious: Path) -> None:
    with Ledger(url) as ledger:
        good = backup.run(ledger, url, NOW)
    elsewhere = precious.with_name("elsewhere.db")
    good.path.rename(elsewhere)
    good.path.symlink_to(elsewhere)
    with pytest.raises(LedgerError, match=r"no good backup.*is a link"):
        restore.restore(url, NOW)
    assert restore.restore(url, NOW, elsewhere).backup == elsewhere


@pytest.mark.parametrize("ending", ["-journal", "-wal", "-shm"])
@pytest.mark.parametrize("foreign", [link, dangling, pipe, folder])
def test_what_stands_where_sqlite_keeps_its_own_is_neither_opened_nor_waited_for(
    foreign: Foreign, ending: str, url: str, precious: Path
) -> None:
    Ledger(url).close()
    file = Path(url.removeprefix("sqlite:///"))
    beside = file.with_name(file.name + ending)
    beside.unlink(missing_ok=True)
    foreign(beside, precious)
    with pytest.raises(LedgerError, match=f"{beside.name} is a link, a folder, a pipe"):
        Ledger(url)
    assert is_untouched(precious)


SERVICE = 65534
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files that another user should have")


@ROOT
def test_what_root_makes_belongs_to_the_owner_of_the_folder(url: str, tmp_path: Path) -> None:
    os.chown(tmp_path, SERVICE, SERVICE)
    with DaemonLock(url), Ledger(url) as ledger:
        guard.beat(ledger, guard.place_of(url), NOW)
        Reserve(tmp_path / "postroom.db", 4096).restore(
            Room(path=Path("/"), free=50 * GB, stop_enqueue=GB, stop_claims=GB)
        )
        made = backup.run(ledger, url, NOW)
    restore.restore(url, NOW, made.path)
    made_here = {each.name: (each.stat().st_uid, each.stat().st_gid) for each in tmp_path.rglob("*")}
    assert {
        "postroom.db",
        "postroom.db.lock",
        "postroom.db.instance",
        "postroom.db.reserve",
        "backups",
    } < set(made_here)
    assert set(made_here.values()) == {(SERVICE, SERVICE)}, made_here


@ROOT
def test_what_root_copies_elsewhere_stays_its_own(url: str, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    os.chown(elsewhere, SERVICE, SERVICE)
    with Ledger(url) as ledger:
        assert backup.run(ledger, url, NOW, elsewhere).path.stat().st_uid == 0


@ROOT
def test_a_file_with_something_in_it_is_not_given_away(tmp_path: Path) -> None:
    os.chown(tmp_path, SERVICE, SERVICE)
    found = tmp_path / "postroom.db.lock"
    found.write_text("1\n")
    with DaemonLock(f"sqlite:///{tmp_path}/postroom.db"):
        assert found.stat().st_uid == 0


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that the service's user owns and may reach, which `tmp_path` is not."""
    with tempfile.TemporaryDirectory() as name:
        os.chown(name, SERVICE, SERVICE)
        yield Path(name)


def as_service(work: Callable[[], object]) -> str:
    """Have the service's user do `work`; return how it is refused."""
    os.seteuid(SERVICE)
    try:
        with pytest.raises(LedgerError) as caught:
            work()
    finally:
        os.seteuid(0)
    return str(caught.value)


@ROOT
@pytest.mark.parametrize("name", ["", ".lock", ".instance"])
def test_a_file_of_roots_is_named_with_its_owner_and_the_cure(shared_folder: Path, name: str) -> None:
    url, file = f"sqlite:///{shared_folder}/postroom.db", shared_folder / f"postroom.db{name}"

    def work() -> None:
        with DaemonLock(url), Ledger(url) as ledger:
            guard.beat(ledger, guard.place_of(url), NOW)

    work()
    os.chown(file, 0, 0)
    user = pwd.getpwuid(SERVICE).pw_name
    told = as_service(work)
    assert f"{file}: Permission denied; it belongs to root, and this is run by {user}" in told
    assert f"`sudo chown {user} {file}`" in told
    os.chown(file, 1, 1)
    assert f"`sudo -u {pwd.getpwuid(1).pw_name} postroom …`" in as_service(work)
