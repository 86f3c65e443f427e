"""Tell of whom nothing in the ledger says that they agreed to get mail."""

from __future__ import annotations

from sqlalchemy import Connection, and_, exists, func, not_, select

from postroom.outbox.leaving import Said
from postroom.outbox.tables import consent, membership

_AGREED = (Said.CONFIRMED.value, Said.ADDED.value)


def unproved(connection: Connection, name: str) -> int:
    """Count the members of a list of whom it is not kept when and how they agreed to be on it.

    It asks for each member: about a second a million of them.
    """
    agreed = exists().where(
        consent.c.subscriber_id == membership.c.subscriber_id,
        consent.c.list == membership.c.list,
        consent.c.what.in_(_AGREED),
    )
    query = select(func.count()).select_from(membership).where(and_(membership.c.list == name, not_(agreed)))
    return connection.execute(query).scalar_one()
