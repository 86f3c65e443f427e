"""Take in people from a file: who they are, where they stand on a list, and what they agreed to.

    a page of rows ─► enrol ─► add to what is known ─► suppress ─► leave ─► join ─► ask

A page is a transaction, so that no sender waits for the end of a long file, and a kill leaves whole pages; importing
again does the rest, and what is there already it leaves as it is. Whoever left the list is not brought back by a file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from operator import itemgetter

from sqlalchemy import Connection, func, select

from postroom.model import Member, MembershipState
from postroom.outbox.additions import Known, add_what_is_new, known_people
from postroom.outbox.bulk import insert_new
from postroom.outbox.columns import to_micros
from postroom.outbox.entries import COLUMNS, Entry, entry_of
from postroom.outbox.erasures import erased
from postroom.outbox.ledger import Ledger
from postroom.outbox.standings import Errand, Place, ask, depart, join, places, suppress_all, suppressed_among
from postroom.outbox.tables import subscriber

PAGE = 20_000
"""Rows a transaction. Addresses fall all over their index, most of whose pages are written with every transaction:
half as many rows take twice as long for a million, and with these no sender waits for longer than half a second.
"""
_CACHE_KIB = 40 * 1024
"""What SQLite may keep of the file meanwhile: with its usual 2 MB it reads most pages of that index again and again."""
_USUAL_CACHE_KIB = 2000

_ADD = insert_new(subscriber, COLUMNS, key=("identity",))
_uuid = itemgetter(1)


@dataclass(slots=True, kw_only=True)
class Taken:
    """What came of an import.

    `changed` counts, by the state that a file says, whom it brought there: put on the list, asked to confirm,
    taken off it, suppressed. Of those it wants on the list `already` are on it, and `kept_out` left it before; so many
    of these are `suppressed`, and get nothing. `erased` had their data erased, and are passed over.
    `told_more` were known, and more is known of them now. `staying` are addresses of some who are on the list, though
    by the file they have not agreed; there are `stay` of them.
    """

    changed: Counter[MembershipState] = field(default_factory=Counter)
    already: int = 0
    kept_out: int = 0
    suppressed: int = 0
    erased: int = 0
    told_more: int = 0
    stay: int = 0
    staying: list[str] = field(default_factory=list)

    def add(self, page: Taken, most: int = 50) -> None:
        """Count what a transaction did, once it is committed."""
        self.changed += page.changed
        self.already += page.already
        self.kept_out += page.kept_out
        self.suppressed += page.suppressed
        self.erased += page.erased
        self.told_more += page.told_more
        self.stay += page.stay
        self.staying += page.staying[: most - len(self.staying)]


def take_in(ledger: Ledger, errand: Errand, members: Iterable[Member]) -> Taken:
    """Store all that a file tells of its people, in constant memory."""
    at = to_micros(errand.now)
    entries = (entry_of(member, errand.source, at) for member in members)
    taken = Taken()
    with _room(ledger):
        while page := tuple(islice(entries, PAGE)):
            taken.add(ledger.write(_take_page, errand, page))
            del page  # before the next is made
    return taken


def _take_page(connection: Connection, errand: Errand, page: Sequence[Entry]) -> Taken:
    """Take in a page. Whoever had their data erased is not even written down."""
    unwanted = erased(connection, (entry.identity for entry in page))
    if unwanted:
        page = [entry for entry in page if entry.identity not in unwanted]
    first: dict[str, Entry] = {}
    for entry in page:
        first.setdefault(entry.identity, entry)
    numbers, known = _enrol(connection, [entry.row for entry in first.values()])
    taken = Taken(erased=len(unwanted))
    taken.told_more = add_what_is_new(connection, page, known, update=errand.update)
    if len(first) < len(page):
        twice = Counter(entry.identity for entry in page)
        new = [identity for identity in first if twice[identity] > 1 and identity not in known]
        add_what_is_new(connection, page, known_people(connection, new), update=errand.update)
    told = _by_state(page)
    here = places(connection, errand.list, [one.number for one in known.values()])
    place = Place(numbers=numbers, is_new=numbers.keys() - known.keys(), here=here)
    for state in (MembershipState.BOUNCED, MembershipState.COMPLAINED):
        taken.changed[state] = suppress_all(connection, errand, told[state], place)
    left = depart(connection, errand, told[MembershipState.UNSUBSCRIBED], place)
    taken.changed[MembershipState.UNSUBSCRIBED] = left
    joined = join(connection, errand, told[MembershipState.CONFIRMED], place)
    taken.changed[MembershipState.CONFIRMED] = joined.new
    taken.already, taken.kept_out = joined.already, joined.kept_out
    taken.suppressed = len(suppressed_among(connection, list(told[MembershipState.CONFIRMED])))
    unsure, sure = told[MembershipState.UNCONFIRMED], told[MembershipState.CONFIRMED]
    asked = ask(connection, errand, {who: unsure[who] for who in unsure if who not in sure}, place)
    taken.changed[MembershipState.UNCONFIRMED] = asked.new
    taken.stay, taken.staying = len(asked.members), asked.members[:50]
    return taken


def _enrol(
    connection: Connection, rows: Sequence[tuple[object, ...]]
) -> tuple[dict[str, int], dict[str, Known]]:
    """Make subscribers of those who are none yet. Return everybody's number, and who was known before."""
    added = _ADD.put(connection, rows)
    if added == len(rows) and connection.dialect.name == "sqlite":
        # SQLite numbers rows one by one after the largest number, and nobody else writes meanwhile.
        last = connection.execute(select(func.max(subscriber.c.id))).scalar_one()
        return {str(row[0]): last - added + place for place, row in enumerate(rows, 1)}, {}
    found = known_people(connection, [str(row[0]) for row in rows])
    uuids = set(map(_uuid, rows))
    known = {identity: one for identity, one in found.items() if one.uuid not in uuids}
    return {identity: one.number for identity, one in found.items()}, known


def _by_state(page: Sequence[Entry]) -> dict[MembershipState, dict[str, Entry]]:
    """Part a page by what its rows say; of those that say the same of one person the first counts."""
    told: dict[MembershipState, dict[str, Entry]] = {state: {} for state in MembershipState}
    for entry in page:
        told[entry.state].setdefault(entry.identity, entry)
    return told


@contextmanager
def _room(ledger: Ledger) -> Iterator[None]:
    """Let SQLite keep more of its file in memory for a while."""
    ledger.read(_keep, _CACHE_KIB)
    try:
        yield
    finally:
        ledger.read(_keep, _USUAL_CACHE_KIB)


def _keep(connection: Connection, kib: int) -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"PRAGMA cache_size = -{kib:d}")
