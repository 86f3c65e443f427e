"""Write an SQLite ledger anew, so that nothing of what was erased is left between its rows.

SQLite writes zeros over what is deleted, where it is told to, but a page that was once divided may hold copies of rows
that moved to another (sqlite.org/pragma.html#pragma_secure_delete speaks of deleted content alone; read 2026-11-23).
VACUUM builds the file from its rows. What the disk itself keeps of old blocks is out of reach.
"""

from __future__ import annotations

import time
from contextlib import closing
from datetime import datetime

from sqlalchemy import Connection

from postroom.errors import LedgerError
from postroom.outbox import meta, sqlite
from postroom.outbox.columns import to_micros
from postroom.outbox.engine import told
from postroom.outbox.ledger import Ledger

MOST_BYTES = 1_000_000_000
"""What is written anew lies in memory meanwhile (SQLite built with TEMP_STORE=3, as the `pysqlite3` package is), and
nobody else can write to the ledger: some 4 seconds for so much."""

_TRIES = 20
_PAUSE_SECONDS = 0.25


def due(connection: Connection) -> bool:
    """Whether somebody was erased since the file was last written anew; never on PostgreSQL."""
    erased_at, wiped_at = meta.moment(connection, "erased_at"), meta.moment(connection, "wiped_at")
    is_file = connection.dialect.name == "sqlite"
    return is_file and erased_at is not None and (wiped_at is None or wiped_at <= erased_at)


def wipe(ledger: Ledger, now: datetime) -> None:
    """Write the ledger anew and empty its write-ahead log. Whoever writes to it meanwhile waits.

    Raises LedgerError where the ledger is too large, in use without a pause, or the disk full; then nothing is
    changed but what was done already, and it can be tried again.
    """
    path = sqlite.path_of(ledger.url)
    if path is None:
        return
    if (size := path.stat().st_size) > MOST_BYTES:
        raise LedgerError(
            f"{path} has {size / 1e9:.1f} GB, too much to be written anew while others wait; stop the daemon, then "
            f"once: sqlite3 {path} VACUUM"
        )
    with told(ledger.url), closing(sqlite.connect(path, sqlite.driver())) as alone:
        alone.execute("PRAGMA secure_delete=ON")
        alone.execute("VACUUM")
        for _ in range(_TRIES):
            busy = alone.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            if not busy:
                break
            time.sleep(_PAUSE_SECONDS)
        else:
            raise LedgerError(f"{path} is being read all the time, and its log cannot be emptied; try again")
    ledger.write(_note, now)


def _note(connection: Connection, now: datetime) -> None:
    meta.put(connection, "wiped_at", str(to_micros(now)))
