"""Keep people: who they are, and on which lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import eq
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Connection, Select, and_, exists, func, not_, select

from postroom.model import Member, MembershipState, Recipient
from postroom.outbox.bulk import insert_new, lookup
from postroom.outbox.columns import to_micros
from postroom.outbox.content import decode_map
from postroom.outbox.entries import new_row, told_of
from postroom.outbox.intake import take_in
from postroom.outbox.ledger import Ledger
from postroom.outbox.standings import Errand
from postroom.outbox.tables import membership, subscriber, suppression

Told: TypeAlias = tuple[str | None, str | None, str | None, str | None]
_NOTHING: Told = (None, None, None, None)
_PAGE = 2000
_ASKED = 500
"""How many people are asked about in one query."""

_ADD_SUBSCRIBERS = insert_new(
    subscriber,
    ("identity", "uuid", "address", "domain", "name", "attributes", "source", "created_at", "seal"),
    key=("identity",),
)
_KNOWN = (
    *(subscriber.c.identity, subscriber.c.id, subscriber.c.address),
    *(subscriber.c.domain, subscriber.c.name, subscriber.c.attributes),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What became of imported rows: `added` to the list, there `already`, or not, since they `left` it.

    Of those that are `suppressed`, each is put on the list all the same, but gets nothing.
    """

    added: int
    already: int
    left: int
    suppressed: int


class Enrolled(NamedTuple):
    """A subscriber's number, and what an audience tells otherwise than the ledger does: address, domain, name
    and merge values as JSON, each None where the subscriber's row has the same.
    """

    id: int
    own: Told


def enrol(
    connection: Connection, people: Sequence[Recipient], source: str, now: datetime
) -> dict[str, Enrolled]:
    """Make subscribers of those who are none yet; return everybody by identity, each of whom occurs once.

    A uuid is made once and kept, so that a link in an old mail still works.
    """
    told = {person.identity: told_of(person) for person in people}
    known = _known(connection, list(told))
    new = [person for person in people if person.identity not in known]
    if new:
        rest = (source, to_micros(now))
        _ADD_SUBSCRIBERS.put(connection, [new_row(person, told[person.identity], rest) for person in new])
        known.update(_known(connection, [person.identity for person in new]))
    return {identity: Enrolled(id_, _own(told[identity], kept)) for identity, (id_, *kept) in known.items()}


def enrol_one(connection: Connection, person: Recipient, source: str, now: datetime) -> int:
    """Make a subscriber of somebody who is none yet; return their number."""
    return enrol(connection, [person], source, now)[person.identity].id


def import_rows(
    ledger: Ledger, list_name: str, recipients: Iterable[Recipient], source: str, now: datetime
) -> Imported:
    """Put people on a list who are known to want its mail. `source` says where they came from.

    Whoever had their data erased is not even known: they count as having left.
    """
    read = 0

    def members() -> Iterator[Member]:
        nonlocal read
        for person in recipients:
            read += 1
            yield Member(recipient=person, state=MembershipState.CONFIRMED)

    taken = take_in(ledger, Errand(list=list_name, source=source, now=now), members())
    added, left = taken.changed[MembershipState.CONFIRMED], taken.kept_out + taken.erased
    return Imported(added=added, already=read - added - left, left=left, suppressed=taken.suppressed)


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
    is_member = exists().where(  # asked of each of the suppressed: a join would ask every member
        subscriber.c.identity == suppression.c.identity,
        membership.c.subscriber_id == subscriber.c.id,
        membership.c.list == list_name,
    )
    suppressed = select(func.count()).select_from(suppression).where(is_member)
    return count(connection, list_name), connection.execute(suppressed).scalar_one()


def list_names(connection: Connection) -> tuple[str, ...]:
    """Name all lists that have a member."""
    return tuple(
        connection.execute(select(membership.c.list).distinct().order_by(membership.c.list)).scalars()
    )


def still_written_to(connection: Connection, list_name: str, identities: Sequence[str]) -> list[str]:
    """Find the addresses of those of some people who are on a list and not suppressed, in alphabetical order."""
    on_it = exists().where(membership.c.subscriber_id == subscriber.c.id, membership.c.list == list_name)
    is_suppressed = exists().where(suppression.c.identity == subscriber.c.identity)
    written_to = and_(on_it, not_(is_suppressed))
    found: list[str] = []
    for start in range(0, len(identities), _ASKED):
        some = subscriber.c.identity.in_(identities[start : start + _ASKED])
        found += connection.execute(select(subscriber.c.address).where(some, written_to)).scalars()
    return sorted(set(found))


def _own(told: Sequence[str], kept: Sequence[str]) -> Told:
    """Return what is told otherwise than it is kept."""
    if all(map(eq, told, kept)):
        return _NOTHING
    address, domain, name, merge = (
        mine if mine != theirs else None for mine, theirs in zip(told, kept, strict=True)
    )
    return address, domain, name, merge


def _known(connection: Connection, identities: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    """Find subscribers by identity: the number of each, then what `told_of` tells."""
    return {
        identity: tuple(rest)
        for identity, *rest in lookup(connection, subscriber.c.identity, identities, *_KNOWN)
    }


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
