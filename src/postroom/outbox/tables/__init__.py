"""The tables of the ledger, as the latest migration leaves them.

Moments are whole microseconds since 1970 in UTC: exact, sortable, the same in SQLite and PostgreSQL. Structured values
are JSON text with sorted keys.
"""

from postroom.outbox.tables.articles import approval, article, channel
from postroom.outbox.tables.audience import (
    IS_UNHEARD,
    IS_UNWRITTEN,
    consent,
    departure,
    erasure,
    feedback,
    greeting,
    list_number,
    membership,
    request,
    subscriber,
    suppression,
)
from postroom.outbox.tables.editions import (
    COUNTS,
    IS_CLAIMABLE,
    IS_DOUBTED,
    IS_FOR_ALL,
    attempt,
    content,
    delivery,
    edition,
    rejection,
    went_to,
)
from postroom.outbox.tables.metadata import metadata
from postroom.outbox.tables.operation import meta, notice, pace, transport_state, worker

__all__ = [
    "COUNTS",
    "IS_CLAIMABLE",
    "IS_DOUBTED",
    "IS_FOR_ALL",
    "IS_UNHEARD",
    "IS_UNWRITTEN",
    "approval",
    "article",
    "attempt",
    "channel",
    "consent",
    "content",
    "delivery",
    "departure",
    "edition",
    "erasure",
    "feedback",
    "greeting",
    "list_number",
    "membership",
    "meta",
    "metadata",
    "notice",
    "pace",
    "rejection",
    "request",
    "subscriber",
    "suppression",
    "transport_state",
    "went_to",
    "worker",
]
