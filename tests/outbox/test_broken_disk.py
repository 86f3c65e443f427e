"""A disk that fails to write ends the work at once, and loses nothing that was promised."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from postgresql_server import missing

from postroom.outbox import Ledger, operate

pytestmark = pytest.mark.sqlite_only

WRITER = """
import sys
from datetime import UTC, datetime
from postroom.errors import LedgerBroken
from postroom.outbox import Ledger, operate

with Ledger(sys.argv[1]) as ledger:
    try:
        for number in range(12):
            address = f"{number}@example.com"
            ledger.write(operate.suppress, address, address, "asked", datetime(2026, 11, 22, tzinfo=UTC))
            print(number, flush=True)
    except LedgerBroken as error:
        print(error, flush=True)
        sys.exit(75)
"""


@pytest.mark.parametrize("call", ["fsync,fdatasync", "pwrite64"])
@pytest.mark.parametrize("number", [2, 5, 8])
def test_a_failing_disk_is_broken_and_what_was_acknowledged_is_there(
    ledger: Ledger, url: str, call: str, number: int
) -> None:
    if shutil.which("strace") is None:
        missing("strace, which makes calls fail, is not installed")
    ledger.close()
    fault = f"inject={call}:error=EIO:when={number}+"
    command = [
        "strace",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-P",
        _file(url),
        "-P",
        f"{_file(url)}-wal",
        "-e",
        fault,
    ]
    done = subprocess.run(
        [*command, sys.executable, "-c", WRITER, url], capture_output=True, text=True, timeout=60, check=False
    )
    *acknowledged, said = done.stdout.splitlines()
    assert done.returncode == 75, done.stdout + done.stderr
    assert "the disk under the ledger" in said
    assert "check the disk, then start again" in said
    with Ledger(url) as again:
        again.verify()
        kept = {each.identity for each in again.read(operate.suppressions)}
    assert {f"{each}@example.com" for each in acknowledged} <= kept


def _file(url: str) -> str:
    return str(Path(url.removeprefix("sqlite:///")))
