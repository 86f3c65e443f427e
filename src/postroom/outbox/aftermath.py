"""Tell what followed from answers beyond their own deliveries: which editions they stopped, whom they suppressed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection, select

from postroom.model import Deferred, EditionState, Refused, Scope
from postroom.outbox.columns import is_state
from postroom.outbox.endings import Result
from postroom.outbox.rows import DELIVERED_OF_EDITION, IDENTITY
from postroom.outbox.tables import delivery, edition, suppression

P = ParamSpec("P")
T = TypeVar("T")

_OPEN = (
    select(edition.c.id)
    .join(delivery, delivery.c.edition_id == edition.c.id)
    .where(is_state(edition.c.state, EditionState.OPEN))
    .distinct()
)
_HELD = select(edition.c.key, edition.c.reason).where(is_state(edition.c.state, EditionState.HELD))
_SUPPRESSED = select(delivery.c.id, edition.c.key, suppression.c.address, suppression.c.reason).select_from(
    DELIVERED_OF_EDITION.join(suppression, suppression.c.identity == IDENTITY)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An edition that was stopped for a person, and why."""

    edition: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """An address that gets nothing any more, since the answer to a delivery of an edition."""

    delivery: int
    edition: str
    address: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """What followed from the results of one transaction."""

    held: tuple[Held, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()


def momentous(results: Sequence[Result]) -> list[int]:
    """Find the deliveries whose results may concern others: of those a `witness` is worth its queries."""
    return [
        result.delivery_id
        for result in results
        if isinstance(result.outcome, Refused)
        or (isinstance(result.outcome, Deferred) and result.outcome.scope is Scope.EDITION)
    ]


def witness(
    connection: Connection,
    numbers: Collection[int],
    now: datetime,
    work: Callable[Concatenate[Connection, P], T],
    *args: P.args,
    **options: P.kwargs,
) -> tuple[T, Aftermath]:
    """Do `work`, which records the results of deliveries with these `numbers` as of `now`; tell what followed."""
    ours = delivery.c.id.in_(numbers)
    were_open = connection.execute(_OPEN.where(ours)).scalars().all()
    done = work(connection, *args, **options)
    held = connection.execute(_HELD.where(edition.c.id.in_(were_open)).order_by(edition.c.id))
    fresh = connection.execute(_SUPPRESSED.where(ours, suppression.c.at == now).order_by(delivery.c.id))
    return done, Aftermath(
        held=tuple(Held(edition=row.key, reason=row.reason) for row in held),
        suppressed=tuple(
            Suppressed(delivery=row.id, edition=row.key, address=row.address, reason=row.reason)
            for row in fresh
        ),
    )
