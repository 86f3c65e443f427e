"""What people choose for themselves: their lists, and the language that they are written to in."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from postroom.outbox.leaving import Act, add, leave, lists_of
from postroom.outbox.rows import AnyRow
from postroom.outbox.tables import departure, subscriber


@dataclass(frozen=True, slots=True, kw_only=True)
class Chooser:
    """Somebody who chooses: the lists that they get mail of, by name, and their language, empty where not known."""

    number: int
    address: str
    language: str
    lists: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants from now on: of the lists that they were `offered`, those that are `ticked`.

    What was not offered stays as it is. None for `language` leaves that.
    """

    offered: Collection[str]
    ticked: Collection[str]
    language: str | None = None


def chooser(connection: Connection, uuid: str) -> Chooser | None:
    """Find whom a link names; None where there is nobody."""
    row = connection.execute(select(subscriber).where(subscriber.c.uuid == uuid)).one_or_none()
    return _chooser(connection, row) if row is not None else None


def choose(connection: Connection, uuid: str, wish: Wish, act: Act, now: datetime) -> Chooser | None:
    """Do what somebody wishes, and tell what holds now; None where there is nobody.

    Who reads mail to an address may join from there without another mail to confirm.
    """
    before = chooser(connection, uuid)
    if before is None:
        return None
    for name in sorted(wish.offered):
        if name in wish.ticked and name not in before.lists:
            add(connection, before.number, name, act, now)
        elif name not in wish.ticked and name in before.lists:
            leave(connection, before.number, name, act, now)
    if wish.language is not None and wish.language != before.language:
        mine = subscriber.c.id == before.number
        connection.execute(update(subscriber).where(mine).values(language=wish.language))
    return chooser(connection, uuid)


def _chooser(connection: Connection, row: AnyRow) -> Chooser:
    left = connection.execute(select(departure.c.list).where(departure.c.subscriber_id == row.id)).scalars()
    lists = {*lists_of(connection, row.id)} - {*left}
    return Chooser(number=row.id, address=row.address, language=row.language, lists=tuple(sorted(lists)))
