"""Move many people at once: onto a list, off it, to those who have yet to confirm, to those who get nothing.

It does to a page of a file what `leaving` and `suppressions` do to one person, and writes down what they said where
that changes where they stand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, bindparam, delete, insert, select

from postroom.model import EditionState
from postroom.outbox.bulk import Bulk, insert_new, lookup
from postroom.outbox.columns import is_state, to_micros
from postroom.outbox.entries import Entry
from postroom.outbox.hot import Among, Hot
from postroom.outbox.leaving import LEFT, Said
from postroom.outbox.suppressions import cancel_queued
from postroom.outbox.tables import consent, departure, edition, membership, request, suppression

_KEY = ("list", "subscriber_id")
_ASKED = 5000
_JOIN = insert_new(membership, (*_KEY, "created_at"), key=_KEY)
_LEAVE = insert_new(departure, (*_KEY, "at"), key=_KEY)
_ASK = insert_new(request, (*_KEY, "at"), key=_KEY)
_SUPPRESS = insert_new(suppression, ("identity", "address", "reason", "source", "at"), key=("identity",))
_STATED = ("subscriber_id", "list", "what", "how", "source", "at")
_STATE = Bulk(insert(consent), _STATED)
_THERE = {
    table: Hot(
        select(table.c.subscriber_id).where(table.c.list == bindparam("name"), Among(table.c.subscriber_id))
    )
    for table in (membership, departure, request)
}
_OFF = {
    table: Hot(delete(table).where(table.c.list == bindparam("name"), Among(table.c.subscriber_id)))
    for table in (membership, request)
}
_UNFINISHED = is_state(edition.c.state, EditionState.FILLING, EditionState.HELD, EditionState.OPEN)
_UNDER_WAY = select(edition.c.id).where(_UNFINISHED).limit(1)
_ANY_SUPPRESSED = select(suppression.c.identity).limit(1)
BY_FILE = "import"


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What an import is about: the `list` it fills, the file as its `source`, and when.

    With `update` the file is right where it tells otherwise than what is known.
    """

    list: str
    source: str
    now: datetime
    update: bool = False


@dataclass(slots=True, kw_only=True)
class Here:
    """The numbers of people who are on a list, left it, or asked to be on it."""

    members: set[int]
    departed: set[int]
    asked: set[int]


@dataclass(slots=True, kw_only=True)
class Place:
    """A page's people: their `numbers` by identity, who of them are new, and where the others stand.

    What a step changes, the next one sees.
    """

    numbers: Mapping[str, int]
    is_new: Collection[str]
    here: Here


@dataclass(slots=True, kw_only=True)
class Moved:
    """How many were `new` there, were there `already`, or left before; and the `members` who stay on the list
    and may be written to although their row would have them asked first, by address.
    """

    new: int = 0
    already: int = 0
    kept_out: int = 0
    members: list[str] = field(default_factory=list)


def places(connection: Connection, name: str, numbers: Sequence[int]) -> Here:
    """Tell where people stand to a list."""
    found = (_there(_THERE[table], connection, name, numbers) for table in (membership, departure, request))
    members, departed, asked = found
    return Here(members=members, departed=departed, asked=asked)


def join(connection: Connection, errand: Errand, told: Mapping[str, Entry], place: Place) -> Moved:
    """Put people on the list, but not who left it."""
    moved, here = Moved(), place.here
    numbers = {place.numbers[identity]: entry for identity, entry in told.items()}
    if here.departed:
        moved.kept_out = len(here.departed.intersection(numbers))
        numbers = {number: entry for number, entry in numbers.items() if number not in here.departed}
    if here.members:
        moved.already = len(here.members.intersection(numbers))
        numbers = {number: entry for number, entry in numbers.items() if number not in here.members}
    at = to_micros(errand.now)
    moved.new = _JOIN.put(connection, [(errand.list, number, at) for number in numbers])
    _take_off(_OFF[request], connection, errand.list, here.asked.intersection(numbers))
    here.members.update(numbers)
    _write_down(connection, errand, Said.CONFIRMED, numbers.items())
    return moved


def ask(connection: Connection, errand: Errand, told: Mapping[str, Entry], place: Place) -> Moved:
    """Note that people have yet to confirm; who is on the list stays on it, and who left it stays away."""
    moved, asking, staying = Moved(), [], {}
    for identity, entry in told.items():
        number = place.numbers[identity]
        if number in place.here.departed:
            moved.kept_out += 1
        elif number in place.here.members:
            staying[identity] = str(entry.row[2])
        elif number in place.here.asked:
            moved.already += 1
        else:
            asking.append((number, entry))
    at = to_micros(errand.now)
    silent = suppressed_among(connection, list(staying))
    moved.members = [address for identity, address in staying.items() if identity not in silent]
    moved.new = _ASK.put(connection, [(errand.list, number, at) for number, _ in asking])
    _write_down(connection, errand, Said.ASKED, asking)
    return moved


def depart(connection: Connection, errand: Errand, told: Mapping[str, Entry], place: Place) -> int:
    """Take people off the list and cancel what is queued for them of it; return how many had not left before."""
    leaving = [
        (place.numbers[identity], entry)
        for identity, entry in told.items()
        if place.numbers[identity] not in place.here.departed
    ]
    numbers = [number for number, _ in leaving]
    rows = [(errand.list, number, _since(errand, entry)) for number, entry in leaving]
    _LEAVE.put(connection, rows)
    here = place.here
    agreed = [(number, entry) for number, entry in leaving if number not in here.members | here.asked]
    for table, there in ((membership, here.members), (request, here.asked)):
        _take_off(_OFF[table], connection, errand.list, there.intersection(numbers))
        there.difference_update(numbers)
    here.departed.update(numbers)
    _write_down(connection, errand, Said.CONFIRMED, agreed)
    _STATE.put(
        connection, [(row[1], errand.list, Said.LEFT.value, BY_FILE, errand.source, row[2]) for row in rows]
    )
    known = {place.numbers[identity] for identity in told if identity not in place.is_new}
    _cancel(connection, errand.now, known.intersection(numbers), LEFT, edition.c.list == errand.list)
    return len(leaving)


def suppress_all(connection: Connection, errand: Errand, told: Mapping[str, Entry], place: Place) -> int:
    """Write to these people never again, on any list; return how many had not been suppressed before."""
    there = suppressed_among(connection, list(told))
    new = {identity: entry for identity, entry in told.items() if identity not in there}
    _SUPPRESS.put(
        connection,
        [
            (identity, entry.row[2], entry.state.value, errand.source, _since(errand, entry))
            for identity, entry in new.items()
        ],
    )
    for identity, entry in new.items():
        if identity not in place.is_new:
            _cancel(connection, errand.now, [place.numbers[identity]], f"suppressed: {entry.state}")
    return len(new)


def suppressed_among(connection: Connection, identities: Sequence[str]) -> set[str]:
    """Tell which of some people are suppressed."""
    if connection.execute(_ANY_SUPPRESSED).one_or_none() is None:
        return set()
    found: set[str] = set()
    for start in range(0, len(identities), _ASKED):
        some = identities[start : start + _ASKED]
        found.update(row[0] for row in lookup(connection, suppression.c.identity, some))
    return found


def _there(query: Hot, connection: Connection, name: str, numbers: Sequence[int]) -> set[int]:
    return {row[0] for row in query.rows(connection, name=name, ids=list(numbers))} if numbers else set()


def _take_off(statement: Hot, connection: Connection, name: str, numbers: Collection[int]) -> None:
    if numbers:
        statement.count(connection, name=name, ids=sorted(numbers))


def _since(errand: Errand, entry: Entry) -> int:
    """Tell since when somebody gets no more, in microseconds: as the file says, but not in the future."""
    return to_micros(errand.now if entry.ended_at is None else min(entry.ended_at, errand.now))


def _write_down(
    connection: Connection, errand: Errand, said: Said, people: Iterable[tuple[int, Entry]]
) -> None:
    """Keep what people agreed to, where the file tells of it."""
    _STATE.put(
        connection,
        [
            (
                number,
                errand.list,
                said.value,
                entry.consent.how or BY_FILE,
                entry.consent.source or errand.source,
                to_micros(entry.consent.at or errand.now),
            )
            for number, entry in people
            if entry.consent is not None
        ],
    )


def _cancel(
    connection: Connection, now: datetime, numbers: Iterable[int], reason: str, *which: ColumnElement[bool]
) -> None:
    """Cancel what is queued for some people."""
    for number in sorted(numbers):
        if connection.execute(_UNDER_WAY).one_or_none() is None:
            return
        cancel_queued(connection, number, reason, now, *which)
