"""Keep people: who they are, and on which lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from uuid import uuid4

from sqlalchemy import Connection, Select, delete, func, select

from postroom.model import Recipient
from postroom.outbox.bulk import insert_new, lookup
from postroom.outbox.columns import to_micros
from postroom.outbox.content import decode_map, encode_map
from postroom.outbox.ledger import Ledger
from postroom.outbox.rows import seal_subscriber
from postroom.outbox.tables import membership, subscriber, suppression

_PAGE = 2000

_ADD_SUBSCRIBERS = insert_new(
    subscriber,
    ("identity", "uuid", "address", "domain", "name", "attributes", "source", "created_at", "seal"),
    key=("identity",),
)
_ADD_MEMBERS = insert_new(membership, ("list", "subscriber_id", "created_at"), key=("list", "subscriber_id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of imported rows: `added` to the list, there `already`, or `suppressed`.

    A suppressed person is put on the list all the same, but gets nothing.
    """

    added: int
    already: int
    suppressed: int


@dataclass(frozen=True, slots=True)
class Known:
    """A subscriber's number, and what the ledger tells of them, by the names that a delivery uses."""

    id: int
    told: Mapping[str, str]


def enrol(
    connection: Connection, people: Sequence[Recipient], source: str, now: datetime
) -> dict[str, Known]:
    """Make subscribers of those who are none yet; return everybody by identity.

    A uuid is made once and kept, so that a link in an old mail still works.
    """
    known = _known(connection, people)
    new = [person for person in people if person.identity not in known]
    if new:
        _ADD_SUBSCRIBERS.run(connection, [_row(person, source, now) for person in new])
        known.update(_known(connection, new))
    return known


def import_rows(
    ledger: Ledger, list_name: str, recipients: Iterable[Recipient], source: str, now: datetime
) -> Imported:
    """Put people on a list; those who are on it stay as they are. `source` says where they came from.

    A page of them is a transaction, so that no sender waits for the end of a long file; where it stops
    half-way, importing again does the rest.
    """
    read = suppressed = added = 0
    rest = iter(recipients)
    while page := tuple(islice(rest, _PAGE)):
        read += len(page)
        new, known_bad = ledger.write(_import_page, list_name, page, source, now)
        added += new
        suppressed += known_bad
    return Imported(added=added, already=read - added, suppressed=suppressed)


def _import_page(
    connection: Connection, list_name: str, page: Sequence[Recipient], source: str, now: datetime
) -> tuple[int, int]:
    """Put a page of people on a list; return how many were not on it, and how many are suppressed."""
    return _subscribe(connection, list_name, page, source, now), _suppressed(connection, page)


def stream(ledger: Ledger, list_name: str) -> Iterator[Recipient]:
    """Yield the members of a list on any thread, page by page, in constant memory."""
    last = 0
    while page := ledger.read(_page, list_name, last):
        yield from (person for _, person in page)
        last = page[-1][0]


def count(connection: Connection, list_name: str) -> int:
    """Count the members of a list."""
    return connection.execute(
        select(func.count()).select_from(membership).where(membership.c.list == list_name)
    ).scalar_one()


def headcount(connection: Connection, list_name: str) -> tuple[int, int]:
    """Count the members of a list, and those of them who are suppressed."""
    suppressed = (
        select(func.count())
        .select_from(suppression)
        .join(subscriber, subscriber.c.identity == suppression.c.identity)
        .join(membership, membership.c.subscriber_id == subscriber.c.id)
        .where(membership.c.list == list_name)
    )
    return count(connection, list_name), connection.execute(suppressed).scalar_one()


def list_names(connection: Connection) -> tuple[str, ...]:
    """Name all lists that have a member."""
    return tuple(
        connection.execute(select(membership.c.list).distinct().order_by(membership.c.list)).scalars()
    )


def remove(connection: Connection, list_name: str, identity: str) -> bool:
    """Take someone off a list; tell whether they were on it."""
    theirs = select(subscriber.c.id).where(subscriber.c.identity == identity).scalar_subquery()
    gone = connection.execute(
        delete(membership).where(membership.c.list == list_name, membership.c.subscriber_id == theirs)
    )
    return gone.rowcount > 0


def _row(person: Recipient, source: str, now: datetime) -> dict[str, object]:
    told = {
        "identity": person.identity,
        "uuid": person.uuid or str(uuid4()),
        "address": person.address,
        "domain": person.domain,
        "name": person.name,
        "attributes": encode_map(person.merge),
    }
    seal = seal_subscriber(tuple(told.values()))
    return {**told, "source": source, "created_at": to_micros(now), "seal": seal}


def _known(connection: Connection, people: Sequence[Recipient]) -> dict[str, Known]:
    identities = [person.identity for person in people]
    wanted = (
        *(subscriber.c.identity, subscriber.c.id, subscriber.c.address),
        *(subscriber.c.domain, subscriber.c.name, subscriber.c.attributes),
    )
    return {
        identity: Known(id_, {"address": address, "domain": domain, "name": name, "merge": attributes})
        for identity, id_, address, domain, name, attributes in lookup(
            connection, subscriber.c.identity, identities, *wanted
        )
    }


def _subscribe(
    connection: Connection, list_name: str, people: Sequence[Recipient], source: str, now: datetime
) -> int:
    known = enrol(connection, people, source, now)
    at = to_micros(now)
    members = [{"list": list_name, "subscriber_id": one.id, "created_at": at} for one in known.values()]
    return _ADD_MEMBERS.run(connection, members)


def _suppressed(connection: Connection, people: Sequence[Recipient]) -> int:
    return len(lookup(connection, suppression.c.identity, [person.identity for person in people]))


def _page(connection: Connection, list_name: str, after: int) -> list[tuple[int, Recipient]]:
    rows = connection.execute(_members(list_name).where(subscriber.c.id > after).limit(_PAGE))
    return [
        (
            row.id,
            Recipient(
                address=row.address,
                identity=row.identity,
                domain=row.domain,
                name=row.name,
                uuid=row.uuid,
                merge=decode_map(row.attributes),
            ),
        )
        for row in rows
    ]


def _members(list_name: str) -> Select[tuple[object, ...]]:
    return (
        select(subscriber)
        .join(membership, membership.c.subscriber_id == subscriber.c.id)
        .where(membership.c.list == list_name)
        .order_by(subscriber.c.id)
    )
