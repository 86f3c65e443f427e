"""People leave a list and come back to it. What they said is written down, each time.

Whoever left a list gets nothing more that goes to it: what waits for them is cancelled in the same transaction,
and every claim asks again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, Table, bindparam, delete, func, insert, select
from sqlalchemy.types import NullType

from postroom.outbox.attribution import newest_to
from postroom.outbox.bulk import insert_new, lookup
from postroom.outbox.columns import to_micros
from postroom.outbox.erasures import lift
from postroom.outbox.hot import Hot
from postroom.outbox.suppressions import cancel_queued
from postroom.outbox.tables import (
    consent,
    delivery,
    departure,
    edition,
    list_number,
    membership,
    request,
    subscriber,
    went_to,
)

# A mail service may post for thousands within a minute: what leaving asks is asked at the price of the driver.
_IS_GONE = Hot(
    select(
        *(
            select(table.c.list)
            .where(table.c.list == bindparam("named"), table.c.subscriber_id == bindparam("theirs"))
            .exists()
            .label(table.name)
            for table in (departure, membership, request)
        )
    )
)
_DROP = tuple(
    Hot(delete(table).where(table.c.list == bindparam("named"), table.c.subscriber_id == bindparam("theirs")))
    for table in (membership, request)
)
_PERSON = Hot(select(subscriber.c.id).where(subscriber.c.uuid == bindparam("named")))
_LIST = Hot(select(list_number.c.name).where(list_number.c.id == bindparam("number")))
_SAID = ("subscriber_id", "list", "what", "how", "source", "at", "edition_id")
_WRITE_DOWN = Hot(insert(consent).values({name: bindparam(name, type_=NullType()) for name in _SAID}))

LEFT = "they left the list"

_WHO = (subscriber.c.identity, subscriber.c.id)
_ASKED = 500
_KEY = ("list", "subscriber_id")
_ADD_DEPARTURE = insert_new(departure, (*_KEY, "at"), key=_KEY)
_ADD_MEMBER = insert_new(membership, (*_KEY, "created_at"), key=_KEY)
_ADD_LIST = insert_new(list_number, ("name",), key=("name",))
_ADD_REQUEST = insert_new(request, (*_KEY, "at"), key=_KEY)


class Said(StrEnum):
    """What somebody said about a list."""

    ASKED = "asked"
    CONFIRMED = "confirmed"
    ADDED = "added"
    LEFT = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """How something was said, in words such as `one-click`, and from where: an address of the network, a file.

    `edition_id` is the edition in answer to which it was said, where that is known.
    """

    how: str
    source: str = ""
    edition_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a signed link names: a subscriber, and the number of a list, or 0."""

    uuid: str
    list: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What leaving came to: whether they had not left before, and how many messages it cancelled."""

    is_new: bool
    cancelled: int


def leave(connection: Connection, subscriber_id: int, name: str, act: Act, now: datetime) -> Left:
    """Take somebody off the list `name` and cancel what is queued for them of it. To leave twice changes nothing.

    A message that is being sent at this moment is not recalled. Where `act` names no edition, the newest of the list
    that was sent to them counts as the one after which they left. Who is gone is looked up in one statement: what was
    queued for them is cancelled, and every claim asks again.
    """
    if _is_gone(connection, subscriber_id, name):
        return Left(is_new=False, cancelled=0)
    is_new = bool(_ADD_DEPARTURE.put(connection, [(name, subscriber_id, to_micros(now))]))
    for drop in _DROP:
        drop.count(connection, named=name, theirs=subscriber_id)
    if is_new:
        after = act.edition_id or newest_to(connection, subscriber_id, name)
        write_down(connection, subscriber_id, name, Said.LEFT, replace(act, edition_id=after), now)
    cancelled = cancel_queued(connection, subscriber_id, LEFT, now, edition.c.list == name)
    return Left(is_new=is_new, cancelled=cancelled)


def _is_gone(connection: Connection, subscriber_id: int, name: str) -> bool:
    """Whether somebody left a list and has not asked for it since."""
    (found,) = _IS_GONE.rows(connection, named=name, theirs=subscriber_id)
    return bool(found.departure) and not (found.membership or found.request)


def leave_all(connection: Connection, subscriber_id: int, act: Act, now: datetime) -> tuple[str, ...]:
    """Take somebody off all lists that they are on, or get mail of; return those that they had not left before."""
    names = lists_of(connection, subscriber_id)
    return tuple(name for name in names if leave(connection, subscriber_id, name, act, now).is_new)


def leave_by_link(connection: Connection, whom: Link, act: Act, now: datetime) -> Left | None:
    """Do as `leave` for whom a link names; None where nobody is, or no such list. A link without a list, from before
    there were numbers, is for all of a person's lists.
    """
    who, name = person(connection, whom.uuid), list_of(connection, whom.list) if whom.list else None
    if who is None or (whom.list and name is None):
        return None
    names = [name] if name is not None else lists_of(connection, who)
    done = [leave(connection, who, each, act, now) for each in names]
    return Left(is_new=any(each.is_new for each in done), cancelled=sum(each.cancelled for each in done))


def ask(connection: Connection, subscriber_id: int, name: str, act: Act, now: datetime) -> bool:
    """Note that somebody asks to be on a list; tell whether it still has to be confirmed. Who is on it stays so.

    To ask again before that changes nothing.
    """
    if is_member(connection, subscriber_id, name):
        return False
    if _ADD_REQUEST.put(connection, [(name, subscriber_id, to_micros(now))]):
        write_down(connection, subscriber_id, name, Said.ASKED, act, now)
    return True


def confirm(connection: Connection, subscriber_id: int, name: str, act: Act, now: datetime) -> bool:
    """Put somebody on a list who asked for it; False where nobody asked, or they have been on it already."""
    mine = (request.c.list == name, request.c.subscriber_id == subscriber_id)
    if not connection.execute(delete(request).where(*mine)).rowcount:
        return False
    _join(connection, subscriber_id, name, now)
    lift(connection, subscriber_id)
    write_down(connection, subscriber_id, name, Said.CONFIRMED, act, now)
    return True


def add(connection: Connection, subscriber_id: int, name: str, act: Act, now: datetime) -> bool:
    """Put somebody on a list because a person says so, also who had left; False where they are on it."""
    if is_member(connection, subscriber_id, name):
        return False
    _join(connection, subscriber_id, name, now)
    lift(connection, subscriber_id)
    write_down(connection, subscriber_id, name, Said.ADDED, act, now)
    return True


def is_member(connection: Connection, subscriber_id: int, name: str) -> bool:
    """Whether somebody is on a list of the ledger."""
    mine = (membership.c.list == name, membership.c.subscriber_id == subscriber_id)
    return connection.execute(select(membership.c.list).where(*mine)).one_or_none() is not None


def departed(connection: Connection, name: str, identities: Sequence[str]) -> set[str]:
    """Tell who of some people has left a list."""
    any_left = select(departure.c.subscriber_id).where(departure.c.list == name).limit(1)
    if connection.execute(any_left).one_or_none() is None:
        return set()
    numbers = {
        number: identity for identity, number in lookup(connection, subscriber.c.identity, identities, *_WHO)
    }
    found: set[str] = set()
    known = list(numbers)
    for start in range(0, len(known), _ASKED):
        some = departure.c.subscriber_id.in_(known[start : start + _ASKED])
        asked = select(departure.c.subscriber_id).where(departure.c.list == name, some)
        found |= {numbers[number] for number in connection.execute(asked).scalars()}
    return found


def person(connection: Connection, uuid: str) -> int | None:
    """Return the number of the subscriber whom links name by `uuid`; None where there is nobody."""
    found = _PERSON.rows(connection, named=uuid)
    return found[0].id if found else None


def number_of(connection: Connection, name: str) -> int:
    """Return the number by which links name a list; it is given once and stays."""
    query = select(list_number.c.id).where(list_number.c.name == name)
    found: int | None = connection.execute(query).scalar_one_or_none()
    if found is None:
        _ADD_LIST.put(connection, [(name,)])
        found = connection.execute(query).scalar_one()
    return found


def list_of(connection: Connection, number: int) -> str | None:
    """Return the name of the list with a number; None where there is none."""
    found = _LIST.rows(connection, number=number)
    return found[0].name if found else None


def write_down(
    connection: Connection, subscriber_id: int, name: str, said: Said, act: Act, now: datetime
) -> None:
    """Keep what somebody said about a list."""
    told = (subscriber_id, name, said.value, act.how, act.source, to_micros(now), act.edition_id)
    _WRITE_DOWN.count(connection, **dict(zip(_SAID, told, strict=True)))


def lists_of(connection: Connection, subscriber_id: int) -> list[str]:
    """Name the lists that somebody is on, or gets mail of."""
    sent = (
        select(edition.c.list)
        .distinct()
        .join(delivery, delivery.c.edition_id == edition.c.id)
        .where(went_to(subscriber_id), edition.c.list != "")
    )
    on = {name for name in lists_in(connection, membership) if is_member(connection, subscriber_id, name)}
    return sorted(on | {*connection.execute(sent).scalars()})


def lists_in(connection: Connection, table: Table) -> Iterator[str]:
    """Name the lists in `membership`, `request` or `departure`: from one to the next in its index, which begins with
    them, however many people each has.
    """
    name = connection.execute(select(func.min(table.c.list))).scalar_one()
    while name is not None:
        yield name
        name = connection.execute(select(func.min(table.c.list)).where(table.c.list > name)).scalar_one()


def _join(connection: Connection, subscriber_id: int, name: str, now: datetime) -> None:
    mine = (departure.c.list == name, departure.c.subscriber_id == subscriber_id)
    connection.execute(delete(departure).where(*mine))
    _ADD_MEMBER.put(connection, [(name, subscriber_id, to_micros(now))])
