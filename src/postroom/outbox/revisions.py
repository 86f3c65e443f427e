"""Call for a newer revision of an edition: for everybody to whom it has not begun to go out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, func, not_, select, update

from postroom.errors import LedgerError
from postroom.model import DeliveryState, EditionState
from postroom.outbox import operate
from postroom.outbox.columns import is_state
from postroom.outbox.history import REPLACED
from postroom.outbox.names import find
from postroom.outbox.rows import AnyRow, accounts_of
from postroom.outbox.tables import IS_DOUBTED, article, delivery, edition, subscriber, suppression

_NOT_OUT = (DeliveryState.FAILED, DeliveryState.CANCELLED)
_COUNT = select(func.count()).select_from(delivery)
# By the subscribers that are suppressed: they are fewer than the deliveries of an edition.
_SUPPRESSED = select(func.count()).select_from(
    suppression.join(subscriber, subscriber.c.identity == suppression.c.identity).join(
        delivery, delivery.c.recipient == subscriber.c.id
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Superseded:
    """Of an edition's recipients, how many are `left` to get the next revision, and how many got this, or may have."""

    edition: str
    left: int
    beyond_recall: int


def supersede(connection: Connection, key: str, now: datetime) -> Superseded:
    """Withdraw an edition, so that the next tick freezes its article anew as the next revision.

    That goes to whoever failed, too, but to nobody who is suppressed. Raises `LedgerError` where nobody is left
    who could get that, or where nothing would freeze it.
    """
    row = find(connection, key)
    _refuse(connection, row)
    done = operate.replace(connection, row.key, now)
    connection.execute(
        update(edition).where(edition.c.id == row.id).values(settled=REPLACED, finished_at=now)
    )
    not_reached = and_(
        delivery.c.edition_id == row.id, is_state(delivery.c.state, *_NOT_OUT), not_(delivery.c.waits)
    )
    doubtful = connection.execute(_COUNT.where(not_reached, IS_DOUBTED)).scalar_one()
    suppressed = connection.execute(_SUPPRESSED.where(not_reached, delivery.c.doubts == 0)).scalar_one()
    beyond = done.beyond_recall + doubtful
    return Superseded(edition=row.key, left=row.recipients - beyond - suppressed, beyond_recall=beyond)


def _refuse(connection: Connection, row: AnyRow) -> None:
    counts = accounts_of(row)
    if row.settled:
        raise LedgerError(f"{row.key} cannot be replaced: it was settled already ({row.settled})")
    if row.state == EditionState.HELD and row.holds != "[]" and counts.queued == counts.recipients:
        raise LedgerError(
            f"{row.key} need not be replaced: it waits for approval, and follows its file until then"
        )
    if row.state != EditionState.FILLING and counts.sent + counts.uncertain == counts.recipients:
        raise LedgerError(
            f"{row.key} cannot be replaced: it has gone out to everybody; what corrects it is a new article"
        )
    pulled = select(article.c.pulled_at).where(article.c.id == row.article)
    if connection.execute(pulled).scalar_one_or_none() is not None:
        raise LedgerError(f"{row.key} cannot be replaced: its article was pulled")
