"""Tell who of an audience gets nothing, whatever a file says of them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from postroom.outbox.bulk import lookup
from postroom.outbox.erasures import erased
from postroom.outbox.leaving import departed
from postroom.outbox.tables import suppression


def absent(connection: Connection, list_name: str, identities: Sequence[str]) -> set[str]:
    """Tell which of a few thousand people are suppressed, left the list, or had their data erased."""
    out = {identity for (identity,) in lookup(connection, suppression.c.identity, identities)}
    return out | departed(connection, list_name, identities) | erased(connection, identities)
