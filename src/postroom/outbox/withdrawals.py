"""Take back an edition that was only a proposal: held for approval, and nothing of it begun."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, update

from postroom.outbox.names import find
from postroom.outbox.operate import Withdrawal, cancel
from postroom.outbox.tables import edition


def withdraw(connection: Connection, key: str, reason: str, now: datetime) -> Withdrawal:
    """Cancel a held edition and set its name free, so that another rendering may take its place.

    Readiness forgets it; the ledger keeps it under a name of its own.
    """
    row = find(connection, key)
    done = cancel(connection, row.key, reason, now)
    freed = f"{row.key}~withdrawn-{row.id}"
    connection.execute(update(edition).where(edition.c.id == row.id).values(settled="withdrawn", key=freed))
    return done
