"""What the ledger knows of itself, of those who work with it, and of what they may send when."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, Table, Text

from postroom.outbox.columns import Moment, count, flag, words
from postroom.outbox.tables.metadata import metadata

meta = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

transport_state = Table(
    "transport_state",
    metadata,
    Column("name", Text, primary_key=True),
    flag("paused"),
    words("reason"),
    Column("until", Moment),
    Column("changed_at", Moment, nullable=False),
    count("faults"),  # how many hopeless ones came in a row
)

# When a transport, or a domain on it (`domain` is empty for the transport itself), may be given the next
# message: GCRA's theoretical arrival time, the gap between two that the domain's own answers taught us, and
# the end of a rest that it asked for.
pace = Table(
    "pace",
    metadata,
    Column("transport", Text, primary_key=True),
    Column("domain", Text, primary_key=True),
    Column("tat", Moment, nullable=False),
    Column("gap", BigInteger, nullable=False),  # microseconds that the domain itself made us keep; 0: none
    Column("until", Moment),
)

worker = Table(
    "worker",
    metadata,
    Column("name", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("beat_at", Moment, nullable=False),
)

notice = Table(
    "notice",
    metadata,
    Column("cause", Text, primary_key=True),
    Column("told_at", Moment, nullable=False),
    Column("cleared_at", Moment),
)
