"""The ledger's thread, its transactions, and how its failures are told."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection

from postroom.errors import LedgerCorrupt, LedgerError, NoSuchEdition
from postroom.outbox import Ledger, driver, exists, meta
from postroom.outbox.sqlite import module_of

# Within one process the same library must be used: two of them do not see each other's locks.
SQLITE = module_of(driver())


def put(connection: Connection, name: str, value: str) -> str:
    meta.put(connection, name, value)
    return threading.current_thread().name


def put_and_fail(connection: Connection, error: Exception) -> None:
    meta.put(connection, "a", "1")
    raise error


def test_all_work_runs_on_the_one_thread(ledger: Ledger) -> None:
    names = {ledger.write(put, "a", str(number)) for number in range(3)}
    names.add(ledger.submit(put, "a", "4").result())
    assert len(names) == 1
    assert names != {threading.current_thread().name}


def test_what_returned_is_there_after_opening_again(url: str) -> None:
    with Ledger(url) as ledger:
        ledger.write(put, "a", "1")
    with Ledger(url) as ledger:
        assert ledger.read(meta.get, "a") == "1"


def test_what_raised_is_undone_and_its_error_arrives(ledger: Ledger) -> None:
    with pytest.raises(NoSuchEdition, match="none"):
        ledger.write(put_and_fail, NoSuchEdition("none"))
    with pytest.raises(KeyError):
        ledger.write(put_and_fail, KeyError("a"))
    assert ledger.read(meta.get, "a") is None


def test_work_is_done_in_the_order_in_which_it_came(ledger: Ledger) -> None:
    for number in range(50):
        ledger.submit(put, "a", str(number))
    assert ledger.read(meta.get, "a") == "49"


def test_many_threads_lose_nothing(ledger: Ledger) -> None:
    def work(name: str) -> None:
        for number in range(20):
            ledger.write(put, f"{name}-{number}", "1")

    threads = [threading.Thread(target=work, args=(str(number),)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    count = ledger.read(lambda c: c.exec_driver_sql("SELECT count(*) FROM meta").scalar_one())
    assert count == 100


def test_a_function_must_not_call_its_own_ledger(ledger: Ledger) -> None:
    with pytest.raises(RuntimeError, match="must not call"):
        ledger.read(lambda _: ledger.read(meta.get, "a"))


def test_what_a_second_run_would_find_used_up_is_no_argument(ledger: Ledger) -> None:
    with pytest.raises(TypeError, match="hand in a list"):
        ledger.write(put, "a", iter("1"))


def test_a_closed_ledger_says_so(url: str) -> None:
    ledger = Ledger(url)
    ledger.close()
    ledger.close()
    with pytest.raises(RuntimeError, match="closed"):
        ledger.read(meta.get, "a")


@pytest.mark.sqlite_only
def test_a_ledger_exists_once_it_was_opened(url: str) -> None:
    assert not exists(url)
    Ledger(url).close()
    assert exists(url)
    assert exists("postgresql://localhost/a")


@pytest.mark.sqlite_only
def test_opening_without_making_leaves_nothing_behind(url: str, tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="no ledger"):
        Ledger(url, create=False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.sqlite_only
def test_the_file_is_for_its_owner_alone(url: str, tmp_path: Path) -> None:
    with Ledger(url) as ledger:
        ledger.write(put, "a", "1")
        modes = {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {0o600}


@pytest.mark.parametrize("url", ["mysql://localhost/a", "sqlite://", "nonsense"])
def test_an_unknown_database_is_refused_with_the_setting(url: str) -> None:
    with pytest.raises(LedgerError, match=r"outbox: database:.*sqlite:///FILE"):
        Ledger(url)


@pytest.mark.sqlite_only
def test_a_file_that_is_no_database_is_corrupt(url: str, tmp_path: Path) -> None:
    path = tmp_path / "postroom.db"
    path.write_text("Dear editor, this is a letter and no database. " * 100)
    with pytest.raises(LedgerCorrupt, match=r"postroom\.db is damaged.*backup"):
        Ledger(url)


@pytest.mark.sqlite_only
def test_a_database_locked_by_others_is_told_with_the_cure(ledger: Ledger, tmp_path: Path) -> None:
    ledger.read(lambda c: c.exec_driver_sql("PRAGMA busy_timeout=50"))
    other = SQLITE.connect(tmp_path / "postroom.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerError, match="another program keeps it locked"):
        ledger.write(put, "a", "1")
    other.execute("ROLLBACK")
    other.close()
    ledger.write(put, "a", "1")


@pytest.mark.sqlite_only
def test_reading_goes_on_while_another_process_writes(ledger: Ledger, tmp_path: Path) -> None:
    other = SQLITE.connect(tmp_path / "postroom.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert ledger.read(meta.get, "a") is None
    other.close()


FILL = """
import resource, sys
from postroom.errors import LedgerError
from postroom.outbox import Ledger, meta
with Ledger(sys.argv[1]) as ledger:
    ledger.write(meta.put, "small", "1")
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
    import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        ledger.write(meta.put, "big", "x" * 1_000_000)
    except LedgerError as error:
        print(error)
"""


@pytest.mark.sqlite_only
def test_a_full_disk_undoes_the_write_and_says_so(url: str) -> None:
    done = subprocess.run([sys.executable, "-c", FILL, url], capture_output=True, text=True, check=False)
    assert "disk" in done.stdout, done.stderr
    with Ledger(url) as ledger:
        assert ledger.read(meta.get, "small") == "1"
        assert ledger.read(meta.get, "big") is None
        ledger.verify()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.sqlite_only
def test_a_read_only_file_is_told_with_the_cure(url: str, tmp_path: Path) -> None:
    Ledger(url).close()
    (tmp_path / "postroom.db").chmod(0o400)
    with pytest.raises(LedgerError, match="writable"), Ledger(url) as ledger:
        ledger.write(put, "a", "1")


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_closing_gives_every_file_back(url: str) -> None:
    files = Path("/proc/self/fd")
    before = len(list(files.iterdir()))
    Ledger(url).close()
    assert len(list(files.iterdir())) == before
