"""Tell after which edition somebody left: the newest of the list that was sent to them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, bindparam, exists, func, literal_column, not_, select

from postroom.model import DeliveryState
from postroom.outbox.columns import is_state
from postroom.outbox.hot import Hot
from postroom.outbox.tables import IS_FOR_ALL, delivery, edition

_NEWEST: Final = 20
"""How many editions of a list are looked through: who leaves, leaves after one of the latest, and must not wait."""

_older = edition.alias("older")
_BOUND = func.coalesce(
    select(_older.c.id)
    .where(_older.c.list == bindparam("list"), _older.c.greeting == literal_column("''"))
    .order_by(_older.c.id.desc())
    .limit(1)
    .offset(_NEWEST - 1)
    .scalar_subquery(),
    0,
)
_NEWEST_TO = Hot(
    select(edition.c.id)
    .where(
        edition.c.list == bindparam("list"),
        IS_FOR_ALL,
        edition.c.id >= _BOUND,
        edition.c.first_sent_at.is_not(None),
        exists().where(
            delivery.c.edition_id == edition.c.id,
            delivery.c.recipient == bindparam("recipient"),
            delivery.c.part == 0,
            is_state(delivery.c.state, DeliveryState.SENT, DeliveryState.UNCERTAIN),
        ),
    )
    .order_by(edition.c.id.desc())
    .limit(1)
)


_LATELY = Hot(
    select(edition.c.id)
    .where(edition.c.created_at > bindparam("since"), not_(edition.c.rehearsal), IS_FOR_ALL)
    .order_by(edition.c.id.desc())
    .limit(literal_column("200"))
)
"""The editions that feedback is about, as a rule. Each is looked through for one person by its index."""


def lately(connection: Connection, since: int) -> list[int]:
    """Give the numbers of the newest two hundred editions that went out for real, of those made after a moment."""
    return [row.id for row in _LATELY.rows(connection, since=since)]


def newest_to(connection: Connection, subscriber_id: int, name: str) -> int | None:
    """Return the number of the newest edition of the list `name` that went, or may have gone, to somebody.

    None where none of the latest did. The mails that greet who joins are no editions of a list.
    """
    found = _NEWEST_TO.rows(connection, recipient=subscriber_id, list=name)
    return found[0].id if found else None
