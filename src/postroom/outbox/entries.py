"""A member of a list as an import takes them in: what is written into the ledger of them, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import count as counter
from os import urandom
from typing import NamedTuple

from postroom.model import Consent, Member, MembershipState, Recipient
from postroom.outbox.content import dumps, encode_map
from postroom.outbox.rows import seal_subscriber

_COUNT = counter()

# The columns of a new subscriber, in the order of `Entry.row`.
COLUMNS = (
    *("identity", "uuid", "address", "domain", "name", "attributes"),
    *("source", "created_at", "seal", "tags", "language"),
)


class Entry(NamedTuple):
    """One row of an import: who, the `row` that the table of subscribers gets, and what the file says of the list."""

    identity: str
    row: tuple[object, ...]
    state: MembershipState
    consent: Consent | None
    ended_at: datetime | None


def entry_of(member: Member, source: str, at: int) -> Entry:
    """Write a member down; `at` is the moment of the import in microseconds."""
    person = member.recipient
    row = new_row(person, told_of(person), (source, at))
    more = (encode_tags(member.tags) if member.tags else "[]", member.language)
    return Entry(person.identity, row + more, member.state, member.consent, member.ended_at)


def told_of(person: Recipient) -> tuple[str, str, str, str]:
    """Return what an audience tells of a person: address, domain, name and merge values as JSON."""
    return person.address, person.domain, person.name, encode_map(person.merge)


def new_row(person: Recipient, told: tuple[str, str, str, str], rest: tuple[str, int]) -> tuple[object, ...]:
    """Return the row of a new subscriber, its seal with it; `rest` are where they came from, and when."""
    who = (person.identity, person.uuid or _new_uuid(rest[1] // 1000), *told)
    return (*who, *rest, seal_subscriber(who))


def encode_tags(tags: Iterable[str]) -> str:
    """Return tags as the JSON list that is kept: each once, in alphabetical order."""
    return dumps(sorted(set(tags))) if tags else "[]"


def _new_uuid(milliseconds: int) -> str:
    """Make a UUID of version 7 (RFC 9562 §5.7) as text. Its last 62 bits are random, as many as that asks for.

    Its beginning, the time and a count (§6.2, method 1), lets a million new ones be written to the end of
    their index: random ones would fall all over it, and cost eight times as long.
    """
    beginning, digits = f"{milliseconds:012x}", urandom(8).hex()
    count = (next(_COUNT) >> 8) & 0xFFF
    variant = "89ab"[int(digits[0], 16) % 4]
    return f"{beginning[:8]}-{beginning[8:]}-7{count:03x}-{variant}{digits[1:4]}-{digits[4:]}"
