"""Let an edition wait whose sender is told to: everyone who is still to get it would hear the same."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, update

from postroom.model import Deferred, Scope
from postroom.outbox.columns import to_micros
from postroom.outbox.consequences import stop
from postroom.outbox.endings import Ending
from postroom.outbox.hot import Hot
from postroom.outbox.tables import IS_CLAIMABLE, delivery

MINUTE = 60_000_000
"""Microseconds. Waits end with a full one, so that answers that come together write the edition's rows once."""

_PUT_BACK = Hot(
    update(delivery)
    .where(
        delivery.c.edition_id == bindparam("edition"),
        IS_CLAIMABLE,
        delivery.c.owner.is_(None),
        delivery.c.due_at < bindparam("due"),
    )
    .values(due_at=bindparam("due"))
)


def put_back(connection: Connection, ends: Sequence[Ending]) -> None:
    """Put an edition back as a whole, as far as the longest wait among its `ends`; other editions go on meanwhile.

    Where one of them has waited in vain for as long as a delivery is tried, the edition is held for a person instead:
    nobody else of it was given a chance.
    """
    waits: dict[int, int] = {}
    for row, change, outcome, _ in ends:
        if not isinstance(outcome, Deferred) or outcome.scope is not Scope.EDITION:
            continue
        if change.due_at is None:
            stop(connection, row.edition_id, f"its sender had to wait for too long ({outcome.reason})")
        else:
            waits[row.edition_id] = max(to_micros(change.due_at), waits.get(row.edition_id, 0))
    for edition_id, due in sorted(waits.items()):
        _PUT_BACK.count(connection, edition=edition_id, due=-(-due // MINUTE) * MINUTE)
