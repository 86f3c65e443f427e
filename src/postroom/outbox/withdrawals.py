"""Take back an edition that was only a proposal: held for approval, and nothing of it begun."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Text, bindparam, cast, update

from postroom.model import DeliveryState, EditionState
from postroom.outbox.columns import is_state
from postroom.outbox.history import TAKEN_BACK
from postroom.outbox.moves import cancel_waiting, move
from postroom.outbox.operate import Withdrawal
from postroom.outbox.tables import edition

# Asked and done in one statement: whoever read the history a moment ago may not know that it was let go.
_TAKE_BACK = (
    update(edition)
    .where(
        edition.c.key == bindparam("named"),
        is_state(edition.c.state, EditionState.HELD),
        edition.c.holds != "[]",
        edition.c.queued + edition.c.cancelled == edition.c.recipients,
    )
    .values(
        key=edition.c.key + "~withdrawn-" + cast(edition.c.id, Text),
        settled=TAKEN_BACK,
        state=EditionState.CANCELLED.value,
        reason=bindparam("why"),
        finished_at=bindparam("at"),
    )
    .returning(edition.c.id)
)


def withdraw(connection: Connection, key: str, reason: str, now: datetime) -> Withdrawal | None:
    """Cancel the proposal called `key` and set its name free, so that another rendering may take its place.

    Readiness forgets it but for what held it; the ledger keeps it under a name of its own. Does nothing, and returns
    None, where it is no proposal any more: someone has let it go meanwhile.
    """
    taken = connection.execute(_TAKE_BACK, {"named": key, "why": reason, "at": now}).scalar_one_or_none()
    if taken is None:
        return None
    cancelled = move(connection, taken, (DeliveryState.QUEUED, DeliveryState.CANCELLED), {"reason": reason})
    cancel_waiting(connection, taken, reason)
    return Withdrawal(edition=key, cancelled=cancelled, beyond_recall=0)
