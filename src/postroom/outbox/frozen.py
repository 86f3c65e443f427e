"""Keep frozen mail as it was approved, whatever becomes known of the people it goes to."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, func, or_, select, update

from postroom.model import DeliveryState, EditionState
from postroom.outbox.columns import is_state
from postroom.outbox.hot import Among, Hot
from postroom.outbox.tables import delivery, edition, subscriber

# Deliveries that may go out yet: also of a finished edition, where a person may try again what failed.
_UNFINISHED = or_(
    is_state(edition.c.state, EditionState.FILLING, EditionState.HELD, EditionState.OPEN),
    edition.c.uncertain > 0,
    edition.c.failed > 0,
)
_MAY_GO_OUT = (
    DeliveryState.QUEUED,
    DeliveryState.SENDING,
    DeliveryState.UNCERTAIN,
    DeliveryState.FAILED,
)
_KEPT = {
    "identity": subscriber.c.identity,
    "address": subscriber.c.address,
    "domain": subscriber.c.domain,
    "name": subscriber.c.name,
    "merge": subscriber.c.attributes,
}
_COPY = Hot(
    update(delivery)
    .where(
        Among(delivery.c.recipient),
        delivery.c.edition_id.in_(select(edition.c.id).where(_UNFINISHED)),
        is_state(delivery.c.state, *_MAY_GO_OUT),
        delivery.c.recipient == subscriber.c.id,
    )
    .values({name: func.coalesce(delivery.c[name], value) for name, value in _KEPT.items()})
)
_ANY = select(edition.c.id).where(_UNFINISHED).limit(1)


def keep_frozen(connection: Connection, subscribers: Sequence[int]) -> int:
    """Copy who these subscribers are, and their merge values, into what has yet to go to them; return to how many.

    Whoever changes what a subscriber's seal proves calls it first, in the same transaction.
    """
    if not subscribers or connection.execute(_ANY).one_or_none() is None:
        return 0
    return _COPY.count(connection, ids=list(subscribers))
