"""Part the members of a list by a condition, page by page, in constant memory.

The condition is asked here, of each member, as it is of the row of a file: it never becomes SQL.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, func, select

from postroom.condition import Condition, traits
from postroom.model import Attribute, Recipient
from postroom.outbox.columns import to_moment
from postroom.outbox.content import decode_map
from postroom.outbox.hot import Among, Hot
from postroom.outbox.ledger import Ledger
from postroom.outbox.tables import membership, subscriber, suppression

PAGE = 5000
"""Members a transaction: some 50 ms."""
_NAMES_KEPT = 1000
"""Names of attributes that are told of a list, so that memory stays bounded; a table has no more columns."""

_MEMBERS = Hot(
    select(
        *(
            subscriber.c.id,
            subscriber.c.identity,
            subscriber.c.uuid,
            subscriber.c.address,
            subscriber.c.domain,
        ),
        *(
            subscriber.c.name,
            subscriber.c.attributes,
            subscriber.c.tags,
            subscriber.c.language,
            subscriber.c.source,
        ),
        membership.c.created_at,
    )
    .join(membership, membership.c.subscriber_id == subscriber.c.id)
    .where(membership.c.list == bindparam("name"), membership.c.subscriber_id > bindparam("last"))
    .order_by(membership.c.subscriber_id)
    .limit(bindparam("most"))
)
_SILENT = Hot(
    select(func.count().label("number"))
    .select_from(suppression.join(subscriber, subscriber.c.identity == suppression.c.identity))
    .where(Among(subscriber.c.id))
)
_ANY_SILENT = select(suppression.c.identity).limit(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """The members of a list for whom a condition holds."""

    list: str
    only: Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some members that follow each other: the number of the last, how many they are, and the `chosen`."""

    last: int
    seen: int
    chosen: list[Recipient]
    numbers: list[int]


@dataclass(slots=True, kw_only=True)
class Survey:
    """How many members a list has, how many of them a segment has, and how many have which attributes."""

    members: int = 0
    chosen: int = 0
    names: Counter[str] = field(default_factory=Counter)


def page(connection: Connection, segment: Segment, last: int, most: int = PAGE) -> Page | None:
    """Read the members after number `last`, and choose; None after the end."""
    rows = _MEMBERS.rows(connection, name=segment.list, last=last, most=most)
    if not rows:
        return None
    people = [(row, _recipient(row)) for row in rows]
    chosen = [(row.id, who) for row, who in people if segment.only.holds(_traits(row, who))]
    return Page(
        last=rows[-1].id,
        seen=len(rows),
        chosen=[who for _, who in chosen],
        numbers=[number for number, _ in chosen],
    )


def stream(ledger: Ledger, segment: Segment) -> Iterator[Recipient]:
    """Yield the people of a segment on any thread."""
    last = 0
    while (found := ledger.read(page, segment, last)) is not None:
        yield from found.chosen
        last = found.last


def headcount(ledger: Ledger, segment: Segment) -> tuple[int, int]:
    """Count the people of a segment, and those of them who are suppressed."""
    last = chosen = silent = 0
    while (found := ledger.read(_counted, segment, last)) is not None:
        last, more, suppressed = found
        chosen, silent = chosen + more, silent + suppressed
    return chosen, silent


def survey(ledger: Ledger, segment: Segment) -> Survey:
    """Look at every member of a list, to say what its segment comes to."""
    found, last = Survey(), 0
    while (part := ledger.read(_surveyed, segment, last)) is not None:
        last, more = part
        found.members += more.members
        found.chosen += more.chosen
        for name, number in more.names.items():
            if name in found.names or len(found.names) < _NAMES_KEPT:
                found.names[name] += number
    return found


def traits_of(connection: Connection, list_name: str, number: int) -> Mapping[str, Attribute] | None:
    """Return what a condition sees of one member of a list; None where they are not on it."""
    rows = _MEMBERS.rows(connection, name=list_name, last=number - 1, most=1)
    return _traits(rows[0], _recipient(rows[0])) if rows and rows[0].id == number else None


def _counted(connection: Connection, segment: Segment, last: int) -> tuple[int, int, int] | None:
    found = page(connection, segment, last)
    if found is None:
        return None
    silent = 0
    if found.numbers and connection.execute(_ANY_SILENT).one_or_none() is not None:
        silent = _SILENT.rows(connection, ids=found.numbers)[0].number
    return found.last, len(found.numbers), silent


def _surveyed(connection: Connection, segment: Segment, last: int) -> tuple[int, Survey] | None:
    rows = _MEMBERS.rows(connection, name=segment.list, last=last, most=PAGE)
    if not rows:
        return None
    found = Survey(members=len(rows))
    for row in rows:
        who = _recipient(row)
        found.names.update(name for name, value in who.merge.items() if value)
        found.chosen += segment.only.holds(_traits(row, who))
    return rows[-1].id, found


def _recipient(row: Any) -> Recipient:  # a row of `_MEMBERS`, as the driver gives it
    return Recipient(
        address=row.address,
        identity=row.identity,
        domain=row.domain,
        name=row.name,
        uuid=row.uuid,
        merge=decode_map(row.attributes),
    )


def _traits(row: Any, who: Recipient) -> Mapping[str, Attribute]:  # a row of `_MEMBERS`
    return traits(
        who,
        tags=json.loads(row.tags) if row.tags != "[]" else (),
        language=row.language,
        joined=to_moment(row.created_at).date().isoformat(),
        source=row.source,
    )
