"""Show what is in the ledger: editions, deliveries, attempts, and the proof of the accounts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, or_, select

from postroom.model import Accounts, Delivery, DeliveryState, Edition, EditionState
from postroom.outbox.accounts import disproof
from postroom.outbox.names import find
from postroom.outbox.rows import (
    DELIVERED_OF_EDITION,
    DELIVERY,
    STAMP,
    AnyRow,
    accounts_of,
    delivery_to_show,
    read_edition,
    stamp_of,
)
from postroom.outbox.tables import IS_DOUBTED, attempt, delivery, edition, rejection


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionRow:
    """An edition without its content, and its accounts. Moments are None where they have not come."""

    id: int
    key: str
    channel: str
    article: str
    variant: str
    title: str
    revision: int
    state: EditionState
    reason: str
    holds: tuple[str, ...]
    transport: str
    transport_kind: str
    rehearsal: bool
    settled: str
    content_hash: str
    parts: int
    due_at: datetime
    created_at: datetime
    opened_at: datetime | None
    first_sent_at: datetime | None
    finished_at: datetime | None
    accounts: Accounts


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """A delivery as a list shows it. `doubts` counts how often it may have gone out unanswered."""

    edition: str
    delivery: Delivery
    url: str | None
    doubts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """One try: when it began and ended, how, and what the other side said."""

    delivery_id: int
    number: int
    at: datetime
    ended_at: datetime
    outcome: str
    reply: str
    mail_from: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Everything about one edition: the latest `attempts`, the eldest of them first, and how many came `earlier`.

    `rejections` are (line, why) of its audience's refused rows.
    """

    row: EditionRow
    edition: Edition
    attempts: tuple[AttemptRow, ...]
    earlier: int
    rejections: tuple[tuple[int, str], ...]


def editions(
    connection: Connection, *, channel: str | None = None, states: Sequence[EditionState] = ()
) -> list[EditionRow]:
    """List editions, the eldest first; of one channel or in some states where asked."""
    query = select(edition).order_by(edition.c.due_at, edition.c.id)
    if channel is not None:
        query = query.where(edition.c.channel == channel)
    if states:
        query = query.where(edition.c.state.in_([state.value for state in states]))
    return [_edition_row(row) for row in connection.execute(query)]


def deliveries(
    connection: Connection,
    key: str | None = None,
    state: DeliveryState | None = None,
    *,
    in_doubt: bool = False,
    lost: Sequence[int] = (),
) -> Iterator[DeliveryRow]:
    """Yield deliveries in the order of their enqueue; of one edition, in one state or in doubt where asked.

    Those that are `lost` (`doubts.lost`) are in doubt too.

    Must be used up on the ledger's thread: `ledger.read(lambda c: list(deliveries(c)))`.
    """
    query = (
        select(*DELIVERY, delivery.c.url, delivery.c.doubts, edition.c.key, *STAMP)
        .select_from(DELIVERED_OF_EDITION)
        .order_by(delivery.c.id)
    )
    if key is not None:
        query = query.where(delivery.c.edition_id == find(connection, key).id)
    if state is not None:
        query = query.where(delivery.c.state == state.value)
    if in_doubt:
        query = query.where(or_(IS_DOUBTED, delivery.c.id.in_(lost)))
    for row in connection.execute(query):
        yield DeliveryRow(
            edition=row.key, delivery=delivery_to_show(row, stamp_of(row)), url=row.url, doubts=row.doubts
        )


def show(connection: Connection, key: str, *, attempts: int = 200) -> Shown:
    """Read everything about one edition, its content and the latest `attempts` of its log too."""
    row = find(connection, key)
    of_it = attempt.join(delivery, delivery.c.id == attempt.c.delivery_id)
    is_of_it = delivery.c.edition_id == row.id
    made = connection.execute(select(func.count()).select_from(of_it).where(is_of_it)).scalar_one()
    log = connection.execute(
        select(attempt).select_from(of_it).where(is_of_it).order_by(attempt.c.id.desc()).limit(attempts)
    ).all()
    refused = connection.execute(
        select(rejection.c.line, rejection.c.why)
        .where(rejection.c.edition_id == row.id)
        .order_by(rejection.c.line)
    )
    return Shown(
        row=_edition_row(row),
        edition=read_edition(connection, row.id),
        attempts=tuple(_attempt_row(one) for one in reversed(log)),
        earlier=made - len(log),
        rejections=tuple((line, why) for line, why in refused),
    )


def reconcile(connection: Connection) -> list[str]:
    """Count every delivery and say where an edition's accounts differ from it; empty proves them.

    Editions that are still being filled have no accounts yet.
    """
    rows = connection.execute(
        select(edition).where(edition.c.state != EditionState.FILLING.value).order_by(edition.c.id)
    ).all()
    found = ((row.key, disproof(connection, row)) for row in rows)
    return [f"{key}: {wrong}" for key, wrong in found if wrong]


def _edition_row(row: AnyRow) -> EditionRow:
    plain = (
        "id key channel article variant title revision reason transport transport_kind rehearsal settled "
        "content_hash parts due_at created_at opened_at first_sent_at finished_at"
    )
    return EditionRow(
        **{name: getattr(row, name) for name in plain.split()},
        state=EditionState(row.state),
        holds=tuple(json.loads(row.holds)),
        accounts=accounts_of(row),
    )


def _attempt_row(row: AnyRow) -> AttemptRow:
    return AttemptRow(
        delivery_id=row.delivery_id,
        number=row.number,
        at=row.at,
        ended_at=row.ended_at,
        outcome=row.outcome,
        reply=row.reply,
        mail_from=row.mail_from,
    )
