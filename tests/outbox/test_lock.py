"""One daemon a ledger."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from postroom.errors import LedgerError, LedgerLocked
from postroom.outbox import DaemonLock, Ledger
from postroom.outbox.ledger import exists

pytestmark = pytest.mark.sqlite_only

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere flock(2) is one with SQLite's locks")

WRITER = """
import sqlite3, sys
found = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)
try:
    found.execute("BEGIN IMMEDIATE")
    print("free")
except sqlite3.OperationalError as error:
    print(error)
"""

HOLDER = """
import sys, time
from postroom.outbox import DaemonLock, Ledger
from postroom.outbox.ledger import exists
with DaemonLock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def hold(url: str) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLDER, url], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_a_second_daemon_is_refused_with_the_pid_of_the_first(url: str) -> None:
    process = hold(url)
    try:
        with pytest.raises(LedgerLocked, match=f"process {process.pid}") as caught, DaemonLock(url):
            pass
        assert caught.value.pid == process.pid
    finally:
        end(process)


def test_a_killed_daemon_leaves_the_lock_free(url: str) -> None:
    process = hold(url)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with DaemonLock(url):
        pass


def test_the_lock_is_free_again_after_the_block(url: str, tmp_path: Path) -> None:
    for _ in range(2):
        with DaemonLock(url):
            assert (tmp_path / "postroom.db.lock").read_text() == f"{os.getpid()}\n"


def test_an_unreadable_pid_still_locks(url: str, tmp_path: Path) -> None:
    with DaemonLock(url):
        (tmp_path / "postroom.db.lock").write_text("")
        with pytest.raises(LedgerLocked, match="another process") as caught, DaemonLock(url):
            pass
    assert caught.value.pid is None


def test_an_unwritable_place_is_told_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="writable"), DaemonLock(f"sqlite:///{tmp_path}/file/a.db"):
        pass


def test_daemons_on_postgresql_share() -> None:
    with DaemonLock("postgresql://localhost/a"), DaemonLock("postgresql://localhost/a"):
        pass


def test_a_ledger_that_is_reached_by_a_link_has_one_lock(url: str, tmp_path: Path) -> None:
    (tmp_path / "postroom.db").touch()
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere/other.db"
    link.symlink_to(tmp_path / "postroom.db")
    with DaemonLock(url), pytest.raises(LedgerLocked), DaemonLock(f"sqlite:///{link}"):
        pass


def test_the_refusal_says_never_to_delete_the_lock(url: str) -> None:
    with (
        DaemonLock(url),
        pytest.raises(LedgerLocked, match=r"never delete postroom\.db\.lock"),
        DaemonLock(url),
    ):
        pass


@LINUX
def test_a_lock_that_was_deleted_lets_no_second_daemon_in(url: str, tmp_path: Path) -> None:
    Ledger(url).close()
    process = hold(url)
    try:
        for _ in range(2):
            (tmp_path / "postroom.db.lock").unlink()
            with (
                pytest.raises(LedgerLocked, match=r"although postroom\.db\.lock was deleted"),
                DaemonLock(url),
            ):
                pass
    finally:
        end(process)
    with DaemonLock(url):
        pass


@LINUX
def test_a_ledger_that_was_made_after_the_lock_is_locked_as_well(url: str, tmp_path: Path) -> None:
    with DaemonLock(url) as lock, Ledger(url):
        lock.claim()
        (tmp_path / "postroom.db.lock").unlink()
        with pytest.raises(LedgerLocked), DaemonLock(url):
            pass


@pytest.mark.parametrize("name", ["postroom.db.lock", "postroom.db"])
def test_a_daemon_finds_out_that_its_lock_was_deleted_or_replaced(
    url: str, tmp_path: Path, name: str
) -> None:
    Ledger(url).close()
    with DaemonLock(url) as lock:
        lock.verify()
        (tmp_path / name).unlink()
        with pytest.raises(LedgerLocked, match=f"{name} was deleted or replaced"):
            lock.verify()
        (tmp_path / name).touch()
        with pytest.raises(LedgerLocked, match=f"{name} was deleted or replaced"):
            lock.verify()


def test_a_lock_that_is_deleted_while_it_is_taken_is_taken_anew(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    file, flock = tmp_path / "postroom.db.lock", fcntl.flock
    removals = iter([file.unlink, file.unlink])

    def slow(handle: int, how: int) -> None:
        next(removals, lambda: None)()
        flock(handle, how)

    monkeypatch.setattr(fcntl, "flock", slow)
    with DaemonLock(url) as lock:
        lock.verify()


@LINUX
def test_the_lock_on_the_ledger_takes_none_of_the_database_s_own_away(url: str, tmp_path: Path) -> None:
    def asked() -> str:
        done = subprocess.run(
            [sys.executable, "-c", WRITER, str(tmp_path / "postroom.db")], capture_output=True, text=True
        )
        return done.stdout.strip()

    Ledger(url).close()
    for journal in ("WAL", "DELETE"):
        mine = sqlite3.connect(tmp_path / "postroom.db", isolation_level=None)
        mine.execute(f"PRAGMA journal_mode={journal}")
        with DaemonLock(url):
            assert asked() == "free", "others may go on"
            mine.execute("BEGIN IMMEDIATE")
            mine.execute("INSERT INTO meta VALUES (?, '')", (journal,))
            assert asked() == "database is locked"
        assert asked() == "database is locked", "giving back the daemon's lock must not free the database's"
        with DaemonLock(url):
            mine.execute("COMMIT")
            assert asked() == "free"
        mine.close()


@LINUX
def test_no_descriptor_is_left_behind_where_nobody_has_the_ledger_open(url: str) -> None:
    Ledger(url).close()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        with DaemonLock(url) as lock, Ledger(url):
            assert len(lock.handles) == 2
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@LINUX
def test_a_crew_that_outlives_its_daemon_keeps_the_lock(url: str, tmp_path: Path) -> None:
    Ledger(url).close()
    with DaemonLock(url) as lock:
        crew = subprocess.Popen(["/bin/sleep", "60"], pass_fds=lock.handles)
    try:
        with pytest.raises(LedgerLocked), DaemonLock(url):
            pass
        (tmp_path / "postroom.db.lock").unlink()
        with pytest.raises(LedgerLocked), DaemonLock(url):
            pass
    finally:
        crew.kill()
        crew.wait()
    with DaemonLock(url):
        pass


@pytest.mark.parametrize("what", ["device", "pipe"])
def test_what_is_no_file_is_no_ledger(url: str, tmp_path: Path, what: str) -> None:
    if what == "device":
        (tmp_path / "postroom.db").symlink_to("/dev/null")
    else:
        os.mkfifo(tmp_path / "postroom.db")
    assert exists(url), "so that a command opens it, and tells"
    for opening in (DaemonLock, Ledger):
        with (
            pytest.raises(LedgerError, match=r"is a pipe, a device or a socket.*must name a file"),
            opening(url),
        ):
            pass
