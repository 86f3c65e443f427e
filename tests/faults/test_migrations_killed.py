"""A migration that is killed leaves the old tables or the new, and a newer ledger is left alone."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from postroom.errors import LedgerTooNew
from postroom.outbox import Ledger, status
from postroom.outbox.schema import HEAD

OLD = Path(__file__).with_name("ledger-0001.sql")
"""A ledger of the first release: one edition sent to twelve people, another queued for them."""

STATEMENTS = 400

MIGRATE = """
import os, signal, sys
from sqlalchemy import Engine, event
from postroom.outbox import Ledger
left = int(sys.argv[2])
@event.listens_for(Engine, "before_cursor_execute")
def count(*_):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
children = 0
for line in sys.stdin:
    left = int(line)
    child = os.fork()
    if child == 0:
        Ledger(f"sqlite:///{sys.argv[1]}").close()
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(OLD.read_text())
    connection.close()
    return path


def _said(path: Path) -> list[tuple[object, ...]]:
    """Read what decides who gets what, which a migration must not change."""
    with Ledger(f"sqlite:///{path}") as ledger:
        ledger.verify()
        assert ledger.read(status.reconcile) == []
        rows = ledger.read(lambda connection: list(status.deliveries(connection)))
    return [
        (
            each.edition,
            each.delivery.recipient.address,
            each.delivery.message_id,
            str(each.delivery.state),
            each.delivery.due_at,
            each.delivery.attempts,
        )
        for each in rows
    ]


def _version(path: Path) -> str:
    connection = sqlite3.connect(path)
    try:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])
    finally:
        connection.close()


@pytest.mark.timeout(300)
def test_a_migration_killed_at_each_statement_leaves_the_old_or_the_new(
    old: Path, tmp_path: Path, report
) -> None:
    whole = tmp_path / "whole.db"
    shutil.copyfile(old, whole)
    expected = _said(whole)
    assert len(expected) == 24
    path = tmp_path / "postroom.db"
    command = [sys.executable, "-c", MIGRATE, str(path), "0"]
    kills, after = 0, set()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as forge:
        assert forge.stdin is not None
        assert forge.stdout is not None
        for number in range(1, STATEMENTS):
            for left in tmp_path.glob("postroom.db*"):
                left.unlink()
            shutil.copyfile(old, path)
            forge.stdin.write(f"{number}\n")
            forge.stdin.flush()
            if (code := int(forge.stdout.readline())) == 0:
                break
            assert code == -9
            kills += 1
            after.add(_version(path))
            assert _said(path) == expected, number
        forge.stdin.close()
    report(kills=kills, old_or_new=sorted(after))
    assert code == 0
    assert kills >= 10
    assert after <= {"0001", HEAD}


def test_a_newer_ledger_is_refused_and_left_as_it_was(old: Path) -> None:
    connection = sqlite3.connect(old)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    before = old.read_bytes()
    with pytest.raises(LedgerTooNew, match="update Postroom"):
        Ledger(f"sqlite:///{old}")
    assert _version(old) == "9999"
    assert len(before) == len(old.read_bytes())
