"""Let one process at a time publish, of all that share a ledger on PostgreSQL.

The leader holds an advisory lock of its session. It is lost with the connection, so a process that closes its
ledger at a clean stop, that dies, or that the server cannot reach any more, gives way to the next that asks; and so
does one that steps down.
A lock is no fence: a leader whose connection broke may finish what it was doing. That it does so without harm is
for `enqueue` to see, whose every batch names the freeze that it belongs to.

A leader that hangs with its connection open must give way too: the server ends a leading session that has been
silent for as long as makes a process count as dead.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, text

from postroom.outbox import presence

# Advisory locks belong to one database; this number tells ours from those of other programs there.
_KEY = int.from_bytes(b"post")

# Asking for a lock that the session holds would count it twice; so that is looked up first.
_LEAD = text(
    """
    SELECT CASE WHEN EXISTS (
        SELECT FROM pg_locks
        WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted AND objsubid = 2
          AND classid = CAST(:key AS oid)
          AND objid = CAST(CAST(hashtext(current_schema()) AS bit(32)) AS bigint)::oid
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    ) THEN true ELSE pg_try_advisory_lock(:key, hashtext(current_schema())) END
    """
)
_WITH_IDLE_TIMEOUT = 14_00_00
"""The first version of PostgreSQL that can end a session which does nothing (`idle_session_timeout`)."""

_END = text("SELECT pg_advisory_unlock(:key, hashtext(current_schema()))")
_GIVE_WAY = text("SELECT set_config('idle_session_timeout', :milliseconds, false)")
_TAKE_TIME = text("RESET idle_session_timeout")
_VERSION = text("SELECT current_setting('server_version_num')::integer")


def lead(connection: Connection) -> bool:
    """Tell whether this process may publish now: it leads already, or nobody does and it begins to.

    Ask before each tick: it costs one short statement, and a connection that broke meanwhile took the lead
    with it. On SQLite always: there one daemon holds the file (`lock.DaemonLock`).
    """
    if connection.dialect.name == "sqlite":
        return True
    if not connection.execute(_LEAD, {"key": _KEY}).scalar_one():
        return False
    if _has_idle_timeout(connection):
        span = presence.STALLED // timedelta(milliseconds=1)
        connection.execute(_GIVE_WAY, {"milliseconds": str(span)})
    return True


def step_down(connection: Connection) -> None:
    """Let another process publish from now on: for one that leads, has published, and goes on with other work."""
    if connection.dialect.name == "sqlite":
        return
    connection.execute(_END, {"key": _KEY})
    if _has_idle_timeout(connection):
        connection.execute(_TAKE_TIME)


def _has_idle_timeout(connection: Connection) -> bool:
    return bool(connection.execute(_VERSION).scalar_one() >= _WITH_IDLE_TIMEOUT)
