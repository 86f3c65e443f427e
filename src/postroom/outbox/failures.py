"""Count the failed deliveries that are still a person's to decide about.

A decision that was made is none to make: whoever is suppressed gets nothing, what was withdrawn stays so, and a newer
revision or the real edition of a rehearsal goes to whomever the old one did not reach. Of a greeting there is none
either: whoever mistyped their address enters it again.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, and_, func, or_, select

from postroom.model import DeliveryState, EditionState
from postroom.outbox.columns import is_state
from postroom.outbox.history import REPLACED
from postroom.outbox.tables import IS_FOR_ALL, article, delivery, edition, subscriber, suppression

_FAILED = (
    select(edition.c.id, edition.c.key, edition.c.state, edition.c.failed)
    .outerjoin(article, article.c.id == edition.c.article)
    .where(
        *(edition.c.failed > 0, edition.c.settled == "", IS_FOR_ALL),
        *(edition.c.state != EditionState.CANCELLED.value, article.c.pulled_at.is_(None)),
    )
    .order_by(edition.c.due_at, edition.c.id)
)
_WITHDRAWN = (
    select(func.coalesce(func.sum(edition.c.uncertain), 0))
    .outerjoin(article, article.c.id == edition.c.article)
    .where(
        edition.c.uncertain > 0,
        or_(
            is_state(edition.c.state, EditionState.CANCELLED),
            edition.c.settled == REPLACED,
            article.c.pulled_at.is_not(None),
        ),
    )
)
# By the subscribers that are suppressed: they are fewer than the deliveries of an edition.
_SUPPRESSED = (
    select(delivery.c.edition_id, func.count())
    .select_from(
        suppression.join(subscriber, subscriber.c.identity == suppression.c.identity).join(
            delivery, delivery.c.recipient == subscriber.c.id
        )
    )
    .group_by(delivery.c.edition_id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failures:
    """How many deliveries of an edition failed that may be tried again, or given up. It may be `finished` by now."""

    edition: str
    number: int
    is_finished: bool


def undecided(connection: Connection) -> tuple[Failures, ...]:
    """List the editions that have such failures, the eldest first."""
    rows = connection.execute(_FAILED).all()
    if not rows:
        return ()
    ours = and_(
        delivery.c.edition_id.in_([row.id for row in rows]), is_state(delivery.c.state, DeliveryState.FAILED)
    )
    suppressed = {row[0]: row[1] for row in connection.execute(_SUPPRESSED.where(ours))}
    found = (
        Failures(
            edition=row.key,
            number=row.failed - suppressed.get(row.id, 0),
            is_finished=row.state == EditionState.FINISHED,
        )
        for row in rows
    )
    return tuple(each for each in found if each.number > 0)


def withdrawn(connection: Connection) -> int:
    """Count the uncertain deliveries that may be settled, but not tried again: their edition was cancelled, replaced
    or pulled.
    """
    return int(connection.execute(_WITHDRAWN).scalar_one())
