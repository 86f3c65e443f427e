"""One person: who they are, what they are on, what they said, and what went to them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from postroom.outbox.content import decode_map
from postroom.outbox.entries import encode_tags
from postroom.outbox.suppressions import Suppression, suppression_of
from postroom.outbox.tables import (
    consent,
    delivery,
    departure,
    membership,
    request,
    subscriber,
    went_to,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a person stands to a list: `on`, `asked` (and has yet to confirm) or `left`, since when."""

    list: str
    how: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What a person said about a list, how, and from where."""

    list: str
    what: str
    how: str
    source: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A subscriber. `source` is where they came from, `mails` how many messages stand in each state."""

    number: int
    identity: str
    uuid: str
    address: str
    name: str
    attributes: dict[str, str]
    tags: tuple[str, ...]
    language: str
    source: str
    since: datetime
    standings: tuple[Standing, ...]
    statements: tuple[Statement, ...]
    suppressed: Suppression | None
    mails: dict[str, int] = field(default_factory=dict)


def find(connection: Connection, identity: str) -> Person | None:
    """Find everything that the ledger keeps of a person; None where they are no subscriber."""
    row = connection.execute(select(subscriber).where(subscriber.c.identity == identity)).one_or_none()
    if row is None:
        return None
    return Person(
        number=row.id,
        identity=row.identity,
        uuid=row.uuid,
        address=row.address,
        name=row.name,
        attributes=decode_map(row.attributes),
        tags=tuple(json.loads(row.tags)),
        language=row.language,
        source=row.source,
        since=row.created_at,
        standings=_standings(connection, row.id),
        statements=_statements(connection, row.id),
        suppressed=suppression_of(connection, identity),
        mails=_mails(connection, row.id),
    )


def tag(
    connection: Connection, identity: str, more: Sequence[str], fewer: Sequence[str]
) -> tuple[str, ...] | None:
    """Give somebody tags and take others away, whose case does not count; return all that they have.

    Returns None where there is nobody.
    """
    mine = subscriber.c.identity == identity
    kept = connection.execute(select(subscriber.c.tags).where(mine).with_for_update()).scalar_one_or_none()
    if kept is None:
        return None
    gone = {each.casefold() for each in (*fewer, *more)}
    tags = {each for each in json.loads(kept) if each.casefold() not in gone} | set(more)
    connection.execute(update(subscriber).where(mine).values(tags=encode_tags(tags)))
    return tuple(sorted(tags))


def _standings(connection: Connection, number: int) -> tuple[Standing, ...]:
    found: list[Standing] = []
    for how, table, at in (
        ("on", membership, membership.c.created_at),
        ("asked", request, request.c.at),
        ("left", departure, departure.c.at),
    ):
        rows = connection.execute(select(table.c.list, at).where(table.c.subscriber_id == number))
        found += [Standing(list=name, how=how, since=since) for name, since in rows]
    return tuple(sorted(found, key=lambda each: (each.list, each.how)))


def _statements(connection: Connection, number: int) -> tuple[Statement, ...]:
    rows = connection.execute(select(consent).where(consent.c.subscriber_id == number).order_by(consent.c.id))
    return tuple(
        Statement(list=row.list, what=row.what, how=row.how, source=row.source, at=row.at) for row in rows
    )


def _mails(connection: Connection, number: int) -> dict[str, int]:
    """Count what went to them, and what waits, by state: edition by edition, for each has its people in an index."""
    rows = connection.execute(
        select(delivery.c.state, func.count().label("number"))
        .where(went_to(number))
        .group_by(delivery.c.state)
        .order_by(delivery.c.state)
    )
    return {row.state: row.number for row in rows}
