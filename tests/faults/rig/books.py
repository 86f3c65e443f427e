"""The books: what the ledger says became of everyone, against what the sink took."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from postroom.model import DeliveryState
from postroom.outbox import status
from postroom.outbox.status import AttemptRow, DeliveryRow, EditionRow
from rig.sink import Taken
from rig.station import Station

_ALL = 10**9
_COMING = (DeliveryState.QUEUED, DeliveryState.SENDING, DeliveryState.UNCERTAIN)
_EXPLAINED = (DeliveryState.FAILED, DeliveryState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Books:
    """What a ledger says, and what the sink took, at one moment."""

    editions: list[EditionRow]
    rows: list[DeliveryRow]
    attempts: list[AttemptRow]
    taken: list[Taken]

    @property
    def states(self) -> Counter[str]:
        """Count deliveries by state."""
        return Counter(str(each.delivery.state) for each in self.rows)

    @property
    def doubled(self) -> dict[str, int]:
        """Message-IDs that the sink took more than once, and how often too many."""
        counts = Counter(each.message_id for each in self.taken)
        return {message_id: count - 1 for message_id, count in counts.items() if count > 1}

    @property
    def listed(self) -> Counter[str]:
        """Message-IDs that the ledger lists as possibly gone out, and how often."""
        named = {each.delivery.id: _id(each.delivery.message_id) for each in self.rows}
        return Counter(named[each.delivery_id] for each in self.attempts if each.outcome == "unknown")

    @property
    def lost(self) -> list[str]:
        """Who is absent from the sink's log although nothing says that they will yet get it, or why not."""
        got = {(each.recipient, each.message_id) for each in self.taken}
        return [
            each.delivery.recipient.address
            for each in self.rows
            if "@" in each.delivery.recipient.address  # a post goes elsewhere
            and each.delivery.state not in _COMING
            and not (each.delivery.state in _EXPLAINED and each.delivery.reason)
            and (each.delivery.recipient.address, _id(each.delivery.message_id)) not in got
        ]

    @property
    def unnamed(self) -> list[str]:
        """Who got it although the ledger would simply send it, as if it had never gone out."""
        got = {each.message_id for each in self.taken}
        listed = self.listed
        return [
            each.delivery.recipient.address
            for each in self.rows
            if each.delivery.state is DeliveryState.QUEUED
            and _id(each.delivery.message_id) in got
            and not listed[_id(each.delivery.message_id)]
        ]

    def check(self) -> None:
        """Nobody is lost, nobody forgotten, every copy too many is listed."""
        assert self.lost == []
        assert self.unnamed == []
        listed = self.listed
        assert {each: count for each, count in self.doubled.items() if count > listed[each]} == {}
        for row in self.editions:
            _balance(row)

    def check_complete(self, everyone: list[str]) -> None:
        """Each of `everyone` was sent it."""
        self.check()
        assert {each.recipient for each in self.taken} == set(everyone)
        assert self.states == {"sent": len(everyone)}, self.states


def open_books(station: Station) -> Books:
    """Read the ledger, which must be whole and balanced, and the sink's log before that.

    No daemon may run, or it must rest: what happens in between would look like a fault.
    """
    taken = station.sink.taken()
    with station.ledger() as ledger:
        ledger.verify()
        assert ledger.read(status.reconcile) == []
        editions = ledger.read(status.editions)
        rows = ledger.read(lambda connection: list(status.deliveries(connection)))
        attempts: list[AttemptRow] = []
        for key in {each.key for each in editions if each.greeting != "all"} | {
            each.edition for each in rows
        }:
            attempts += ledger.read(status.show, key, attempts=_ALL).attempts
    return Books(editions, rows, attempts, taken)


def runs_of(events: list[dict[str, str]], event: str) -> list[list[dict[str, str]]]:
    """Sort events by the daemon that logged them; a daemon's first words are those before `started`."""
    runs: dict[int, list[dict[str, str]]] = defaultdict(list)
    number = 0
    for each in events:
        if each["event"] == "started":
            number += 1
        elif each["event"] == event:
            runs[number].append(each)
    return list(runs.values())


def _id(message_id: str) -> str:
    """Write a Message-ID as the sink does."""
    return message_id.strip("<>")


def _balance(row: EditionRow) -> None:
    one = row.accounts
    assert one.rows_read == one.rejected + one.duplicate + one.suppressed + one.recipients, row.key
    states = one.queued + one.sending + one.sent + one.failed + one.uncertain + one.cancelled
    assert one.recipients == states, row.key
