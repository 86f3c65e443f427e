"""Who gets mail, who does not any more, and what people said about it."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text, literal_column

from postroom.outbox.columns import Moment, flag, row_id, words
from postroom.outbox.tables.metadata import metadata

subscriber = Table(
    "subscriber",
    metadata,
    row_id(),
    Column("identity", Text, nullable=False, unique=True),
    Column("uuid", Text, nullable=False, unique=True),
    Column("address", Text, nullable=False),
    Column("domain", Text, nullable=False),
    words("name"),
    words("attributes", "{}"),
    words("tags", "[]"),
    words("language"),
    words("source"),
    Column("created_at", Moment, nullable=False),
    Column("seal", BigInteger),  # a checksum of who it is and where mail to them goes
)

membership = Table(
    "membership",
    metadata,
    Column("list", Text, primary_key=True),
    Column("subscriber_id", ForeignKey("subscriber.id", ondelete="CASCADE"), primary_key=True),
    Column("created_at", Moment, nullable=False),
)

# The numbers by which links name lists.
list_number = Table("list_number", metadata, row_id(), Column("name", Text, nullable=False, unique=True))

# Who left a list, and gets nothing more that goes to it. A list of the ledger has no member who left it; whoever left
# that of a file (`@NAME`) may still stand in the file.
departure = Table(
    "departure",
    metadata,
    Column("list", Text, primary_key=True),
    Column("subscriber_id", ForeignKey("subscriber.id", ondelete="CASCADE"), primary_key=True),
    Column("at", Moment, nullable=False),
)

# Who asked to be on a list and has not confirmed it yet.
request = Table(
    "request",
    metadata,
    Column("list", Text, primary_key=True),
    Column("subscriber_id", ForeignKey("subscriber.id", ondelete="CASCADE"), primary_key=True),
    Column("at", Moment, nullable=False, index=True),
)

# What people agreed to and took back, each time: when, how and from where. It is never changed.
consent = Table(
    "consent",
    metadata,
    row_id(),
    Column("subscriber_id", ForeignKey("subscriber.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("list", Text, nullable=False),
    Column("what", Text, nullable=False),
    words("how"),
    words("source"),
    Column("at", Moment, nullable=False),
    Column("edition_id", BigInteger().with_variant(Integer, "sqlite"), index=True),  # after which they left
)

# The mails that greet who joins a list: one row a mail. Until `edition_id` says in which edition it goes out, it is
# to be written. That somebody got one stays known, so that nobody can have a stranger flooded with them. A mail to
# confirm is for all that somebody asked for; its `list` is the one whose channel sends it.
greeting = Table(
    "greeting",
    metadata,
    row_id(),
    Column("subscriber_id", ForeignKey("subscriber.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("list", Text, nullable=False),
    Column("kind", Text, nullable=False),  # `confirm` or `welcome`
    Column("at", Moment, nullable=False),
    Column("batch", Text),  # those of one batch go out in one edition, whose key names it
    Column("edition_id", BigInteger().with_variant(Integer, "sqlite")),
)
IS_UNWRITTEN = greeting.c.edition_id.is_(None)
Index("greeting_unwritten", greeting.c.id, sqlite_where=IS_UNWRITTEN, postgresql_where=IS_UNWRITTEN)

suppression = Table(
    "suppression",
    metadata,
    Column("identity", Text, primary_key=True),
    words("address"),
    Column("reason", Text, nullable=False),
    Column("at", Moment, nullable=False),
    words("source"),
)

# Who had everything about them erased: a keyed hash of their identity, so that no import brings them back.
erasure = Table(
    "erasure",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("at", Moment, nullable=False),
    flag("suppressed"),
)

# What came back: bounces, complaints and wishes to be left alone, as `model.Feedback` tells them. The same event told
# twice is kept once. Until `outcome` says what came of it, nobody has looked at it.
feedback = Table(
    "feedback",
    metadata,
    row_id(),
    Column("source", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("kind", Text, nullable=False),
    *(words(name) for name in ("address", "message_id", "remote_id", "token", "status", "reason")),
    Column("happened_at", Moment),
    Column("heard_at", Moment, nullable=False),
    Column("delivery_id", BigInteger().with_variant(Integer, "sqlite")),
    Column("edition_id", BigInteger().with_variant(Integer, "sqlite"), index=True),
    Column("subscriber_id", BigInteger().with_variant(Integer, "sqlite"), index=True),
    words("outcome"),
)
Index("feedback_once", feedback.c.source, feedback.c.event, unique=True)
IS_UNHEARD = feedback.c.outcome == literal_column("''")
Index("feedback_unheard", feedback.c.id, sqlite_where=IS_UNHEARD, postgresql_where=IS_UNHEARD)
