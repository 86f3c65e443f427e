"""Show what is in the ledger: editions, deliveries, attempts, and the proof of the accounts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, func, not_, or_, select

from postroom.model import Accounts, Delivery, DeliveryState, Edition, EditionState
from postroom.outbox.accounts import disproof
from postroom.outbox.columns import is_state
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
from postroom.outbox.tables import COUNTS, IS_DOUBTED, IS_FOR_ALL, attempt, delivery, edition, rejection


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionRow:
    """An edition without its content, and its accounts. Moments are None where they have not come.

    `greeting` is what the edition's is; `all` for the greetings of a channel in one row.
    """

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
    greeting: str
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
    """List editions, the eldest first; of one channel or in some states where asked.

    Greetings that are done with, of which there are soon thousands, come as one row a channel, before all others.
    """
    which = []
    if channel is not None:
        which.append(edition.c.channel == channel)
    if states:
        which.append(edition.c.state.in_([state.value for state in states]))
    query = select(edition).where(not_(_IS_GREETED), *which).order_by(edition.c.due_at, edition.c.id)
    return [
        *map(_greeted_row, connection.execute(_GREETED.where(*which))),
        *map(_edition_row, connection.execute(query)),
    ]


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


_IS_GREETED = and_(
    not_(IS_FOR_ALL), is_state(edition.c.state, EditionState.FINISHED), edition.c.uncertain == 0
)
_GREETED = (
    select(
        edition.c.channel,
        func.min(edition.c.due_at).label("due_at"),
        func.max(edition.c.finished_at).label("finished_at"),
        *(func.sum(edition.c[name]).label(name) for name in COUNTS),
    )
    .where(_IS_GREETED)
    .group_by(edition.c.channel)
    .order_by(edition.c.channel)
)


def _greeted_row(row: AnyRow) -> EditionRow:
    """Sum up the greetings of a channel."""
    names = ("article", "title", "reason", "transport", "transport_kind", "settled", "content_hash")
    return EditionRow(
        **dict.fromkeys(names, ""),
        id=0,
        key=f"greeting/{row.channel}",
        channel=row.channel,
        variant="greeting",
        revision=1,
        state=EditionState.FINISHED,
        holds=(),
        rehearsal=False,
        parts=1,
        due_at=row.due_at,
        created_at=row.due_at,
        opened_at=row.due_at,
        first_sent_at=None,
        finished_at=row.finished_at,
        greeting="all",
        accounts=Accounts(**{name: int(getattr(row, name)) for name in COUNTS}),
    )


def _edition_row(row: AnyRow) -> EditionRow:
    plain = (
        "id key channel article variant title revision reason transport transport_kind rehearsal settled "
        "content_hash parts due_at created_at opened_at first_sent_at finished_at greeting"
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
