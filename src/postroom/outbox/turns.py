"""A sender's turns: what the last messages came to and what goes out next, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from postroom.outbox.claim import Claimed, Hand, claim, release
from postroom.outbox.record import Result, record


def turn(
    connection: Connection, hand: Hand, results: Sequence[Result], room: int, now: datetime
) -> list[Claimed]:
    """Record `results`, then take up to `room` due deliveries."""
    if results:
        record(connection, hand.owner, results, now)
    return claim(connection, hand, room, now)


def last_turn(connection: Connection, hand: Hand, results: Sequence[Result], now: datetime) -> None:
    """Record `results`, then give back all else that is in hand: nobody is working on it.

    A run begins with this too: what a claim took whose answer was lost with the connection is in no list.
    """
    if results:
        record(connection, hand.owner, results, now)
    release(connection, hand)
