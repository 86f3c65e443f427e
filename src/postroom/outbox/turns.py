"""A sender's turns: what the last ones came to and what goes out next, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from postroom.outbox.claim import begin, put_back
from postroom.outbox.record import Result, record


def next_turn(
    connection: Connection, owner: str, results: Sequence[Result], ids: Sequence[int], now: datetime
) -> list[int]:
    """Record `results`, then begin leased deliveries; return the ids of which bytes may go out."""
    if results:
        record(connection, owner, results, now)
    return begin(connection, ids, owner, now) if ids else []


def last_turn(
    connection: Connection, owner: str, results: Sequence[Result], ids: Sequence[int], now: datetime
) -> list[int]:
    """Record `results`, then give back those of the leased deliveries that have not begun; begin none."""
    if results:
        record(connection, owner, results, now)
    put_back(connection, ids, owner)
    return []
