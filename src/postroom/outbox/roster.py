"""Read who is on a list, page by page: however long it is, it takes no more memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Select, select

from postroom.outbox.content import decode_map
from postroom.outbox.ledger import Ledger
from postroom.outbox.rows import AnyRow
from postroom.outbox.tables import membership, subscriber

_PAGE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """Somebody on a list. `attributes` are their merge values, name among them."""

    address: str
    name: str
    language: str
    tags: tuple[str, ...]
    attributes: dict[str, str]


def roster(ledger: Ledger, name: str) -> Iterator[Listed]:
    """Yield who is on a list, in the order in which the ledger came to know them."""
    last = 0
    while page := ledger.read(_page, name, last):
        yield from map(_listed, page)
        last = page[-1].id


def attribute_names(ledger: Ledger, name: str) -> tuple[str, ...]:
    """Name the attributes that anybody on a list has, as they first occur."""
    return tuple(dict.fromkeys(each for one in roster(ledger, name) for each in one.attributes))


def _page(connection: Connection, name: str, after: int) -> list[AnyRow]:
    return list(connection.execute(_following(name, after)))


def _following(name: str, after: int) -> Select[tuple[object, ...]]:
    names = ("id", "address", "name", "language", "tags", "attributes")
    return (
        select(*(subscriber.c[each] for each in names))
        .join(membership, membership.c.subscriber_id == subscriber.c.id)
        .where(membership.c.list == name, membership.c.subscriber_id > after)
        .order_by(membership.c.subscriber_id)
        .limit(_PAGE)
    )


def _listed(row: AnyRow) -> Listed:
    return Listed(
        address=row.address,
        name=row.name,
        language=row.language,
        tags=tuple(json.loads(row.tags)),
        attributes=decode_map(row.attributes),
    )
