"""One daemon a ledger."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from postroom.errors import LedgerError, LedgerLocked
from postroom.outbox import DaemonLock

pytestmark = pytest.mark.sqlite_only

HOLDER = """
import sys, time
from postroom.outbox import DaemonLock
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
