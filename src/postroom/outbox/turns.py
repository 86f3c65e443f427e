"""A sender's turns: what the last messages came to and what goes out next, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from postroom.outbox.accounts import Books
from postroom.outbox.claim import Claimed, Hand, give_back, take, unbegin
from postroom.outbox.pace import UNLIMITED, lock
from postroom.outbox.record import Result, is_any_domain_slow, write_down


def turn(
    connection: Connection, hand: Hand, results: Sequence[Result], room: int, now: datetime
) -> list[Claimed]:
    """Record `results`, then take up to `room` due deliveries."""
    books = Books(now)
    _record(connection, hand, results, books)
    taken = take(connection, hand, room, books)
    books.close(connection)
    return taken


def last_turn(
    connection: Connection, hand: Hand, results: Sequence[Result], left: Sequence[int], now: datetime
) -> None:
    """Record `results`, and give back what is `left`: no byte of those deliveries went out."""
    if results:
        books = Books(now)
        _record(connection, hand, results, books)
        books.close(connection)
    if left:
        give_back(connection, left, hand.owner)
        unbegin(connection, left, hand.owner)


def _record(connection: Connection, hand: Hand, results: Sequence[Result], books: Books) -> None:
    """Write `results` down, with the paces locked where any are kept."""
    is_any_slow = is_any_domain_slow(connection)
    if is_any_slow or hand.limits != UNLIMITED:
        lock(connection, hand.carrier.name)
    write_down(connection, hand.owner, results, books, is_any_slow=is_any_slow)
