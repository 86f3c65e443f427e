"""Write an SQLite ledger anew, so that nothing of what was erased is left between its rows.

SQLite writes zeros over what is deleted, where it is told to, but a page that was once divided may hold copies of rows
that moved to another (sqlite.org/pragma.html#pragma_secure_delete speaks of deleted content alone; read 2026-11-23).
VACUUM builds the file from its rows. What the disk itself keeps of old blocks is out of reach.
"""

from __future__ import annotations

import time
from contextlib import closing

from sqlalchemy import Connection

from postroom.errors import LedgerError
from postroom.outbox import meta, sqlite
from postroom.outbox.engine import told
from postroom.outbox.ledger import Ledger

MOST_BYTES = 500_000_000
"""What is written anew lies in memory meanwhile (SQLite built with TEMP_STORE=3, as the `pysqlite3` package is), and
nobody else can write to the ledger, and waits 10 seconds at most: so much takes 7."""

_ERASURES, _WIPED = "erasures", "erasures_wiped"
_TRIES = 20
_PAUSE_SECONDS = 0.25


def due(connection: Connection) -> bool:
    """Whether somebody was erased since the file was last written anew; never on PostgreSQL."""
    is_file = connection.dialect.name == "sqlite"
    return is_file and _erasures(connection) != (meta.number(connection, _WIPED) or 0)


def note(connection: Connection) -> None:
    """Note that somebody was erased, in the transaction that does it."""
    meta.put(connection, _ERASURES, str(_erasures(connection) + 1))


def wipe(ledger: Ledger) -> None:
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
    number = ledger.read(_erasures)
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
    ledger.write(meta.put, _WIPED, str(number))


def _erasures(connection: Connection) -> int:
    return meta.number(connection, _ERASURES) or 0
