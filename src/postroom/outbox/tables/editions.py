"""Editions, and what goes out of them to whom.

What never changes after an edition is sealed (its content) is kept apart from what changes with every message
(its counts), because SQLite writes a changed row anew as a whole.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    and_,
    literal_column,
    not_,
    select,
)

from postroom.model import DeliveryState, EditionState
from postroom.outbox.columns import Moment, count, flag, is_state, one_of, row_id, words
from postroom.outbox.tables.metadata import metadata

# The counts of an edition, in the order of `model.Accounts`.
COUNTS = (
    "rows_read",
    "rejected",
    "duplicate",
    "suppressed",
    "recipients",
    *(state.value for state in DeliveryState),
)

edition = Table(
    "edition",
    metadata,
    row_id(),
    Column("key", Text, nullable=False, unique=True),
    Column("channel", Text, nullable=False),
    Column("article", Text, nullable=False),
    Column("variant", Text, nullable=False),
    words("slot"),
    count("revision", 1),
    Column("title", Text, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("source_hash", Text, nullable=False),
    Column("transport", Text, nullable=False),
    Column("transport_kind", Text, nullable=False),
    flag("rehearsal"),
    words("settled"),
    Column("state", Text, nullable=False),
    words("holds", "[]"),
    words("reason"),
    Column("due_at", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("opened_at", Moment),
    Column("first_sent_at", Moment),
    Column("finished_at", Moment),
    Column("sender", Text),
    Column("unsubscribe", Text),
    flag("one_click"),
    flag("hold_when_uncertain"),
    count("parts", 1),
    words("filler"),
    Column("checksum", BigInteger),  # of which deliveries it has, and whose they are
    words("token"),  # the beginning of every Message-ID
    words("list"),  # what its readers can leave
    words("url"),  # the article's own page
    Column("frozen_at", Moment),  # the Date of every mail
    count("refused_in_row"),  # how often the message itself was refused since the last time it was taken
    *(count(name) for name in COUNTS),
    Column("pruned_at", Moment),  # since when nobody knows any more who got it
    words("greeting"),  # `confirm` or `welcome` where it greets those who join; these go before all others
    one_of("edition_state", EditionState),
    sqlite_autoincrement=True,
)
Index("edition_piece", edition.c.channel, edition.c.variant, edition.c.article)
Index(
    "edition_open",
    edition.c.transport,
    edition.c.due_at,
    sqlite_where=is_state(edition.c.state, EditionState.OPEN),
    postgresql_where=is_state(edition.c.state, EditionState.OPEN),
)
IS_FOR_ALL = edition.c.greeting == literal_column("''")
Index("edition_of_list", edition.c.list, edition.c.id, sqlite_where=IS_FOR_ALL, postgresql_where=IS_FOR_ALL)

content = Table(
    "content",
    metadata,
    Column("edition_id", ForeignKey("edition.id", ondelete="CASCADE"), primary_key=True),
    Column("body", Text, nullable=False),
    Column("digest", Text, nullable=False),
)

# A row has only what is its own. Whom it goes to stands once, with the subscriber: `recipient` is
# their number. 0 is the account of a network, told in the five columns after `due_at`; for a subscriber these
# are null, but where the file of an audience says otherwise than what is known of the person.
# `edition_id` is no foreign key, which would be looked up for each of a million: whoever writes deliveries locks
# their edition first (`filling.guard`), and no edition is ever deleted.
# `message_id` is null but for rows from before migration 0002; `rows.message_id_of` makes it.
delivery = Table(
    "delivery",
    metadata,
    row_id(),
    Column("edition_id", BigInteger().with_variant(Integer, "sqlite"), nullable=False),
    Column("recipient", BigInteger, nullable=False),
    Column("part", Integer, nullable=False),
    Column("state", Text, nullable=False),
    flag("waits"),  # for the part before it; then it is neither due nor counted
    Column("due_at", Moment, nullable=False),
    Column("identity", Text),
    Column("address", Text),
    Column("domain", Text),
    Column("name", Text),
    Column("merge", Text),
    Column("message_id", Text),
    count("attempts"),
    count("doubts"),  # how often it may have gone out without an answer
    Column("first_begun_at", Moment),
    Column("begun_at", Moment),
    Column("owner", Text),  # the process that has it in hand
    words("reason"),
    Column("parent_id", Text),
    Column("remote_id", Text),
    Column("url", Text),
    words("progress", "{}"),
)
Index("delivery_once", delivery.c.edition_id, delivery.c.recipient, delivery.c.part, unique=True)

IS_CLAIMABLE = and_(is_state(delivery.c.state, DeliveryState.QUEUED), not_(delivery.c.waits))

# The order of a claim ends with the row's number. Every index of SQLite does so by itself, and would have it twice;
# PostgreSQL without it would sort all that waits, each time.
for _dialect, _number in (("sqlite", ()), ("postgresql", (delivery.c.id,))):
    Index(
        "delivery_due",
        *(delivery.c.edition_id, delivery.c.due_at, *_number),
        sqlite_where=IS_CLAIMABLE,
        postgresql_where=IS_CLAIMABLE,
    ).ddl_if(dialect=_dialect)
Index(
    "delivery_owned",
    delivery.c.owner,
    sqlite_where=delivery.c.owner.is_not(None),
    postgresql_where=delivery.c.owner.is_not(None),
)


def went_to(number: int) -> ColumnElement[bool]:
    """Claim that a delivery is one to the subscriber with a number, whatever it is of.

    The index of deliveries begins with their edition: unless these are spelt out, SQLite reads every delivery there is.
    """
    return and_(delivery.c.edition_id.in_(select(edition.c.id)), delivery.c.recipient == number)


IS_DOUBTED = delivery.c.doubts > literal_column("0")

Index("delivery_doubted", delivery.c.edition_id, sqlite_where=IS_DOUBTED, postgresql_where=IS_DOUBTED)

attempt = Table(
    "attempt",
    metadata,
    row_id(),
    Column("delivery_id", ForeignKey("delivery.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("ended_at", Moment, nullable=False),
    Column("outcome", Text, nullable=False),
    words("reply"),
    words("mail_from"),
)

rejection = Table(
    "rejection",
    metadata,
    Column("edition_id", ForeignKey("edition.id", ondelete="CASCADE"), primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("why", Text, nullable=False),
)
