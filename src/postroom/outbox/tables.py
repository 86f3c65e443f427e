"""The tables of the ledger, as the latest migration leaves them.

Moments are whole microseconds since 1970 in UTC: exact, sortable, the same in SQLite and
PostgreSQL. Structured values are JSON text with sorted keys. What never changes after an edition
is sealed (its content) is kept apart from what changes with every message (its counts), because
SQLite writes a changed row anew as a whole.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    and_,
    false,
    literal_column,
    not_,
    text,
)

from postroom.errors import LedgerCorrupt
from postroom.model import DeliveryState, EditionState

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@lru_cache(maxsize=4096)
def to_micros(moment: datetime) -> int:
    """Return an aware moment as whole microseconds since 1970 in UTC."""
    return (moment - _EPOCH) // _MICROSECOND


@lru_cache(maxsize=4096)
def to_moment(micros: int) -> datetime:
    """Return the moment, in UTC, that `to_micros` made a number of."""
    return _EPOCH + timedelta(microseconds=micros)


class Moment(TypeDecorator[datetime]):
    """An aware `datetime`, kept as whole microseconds since 1970 in UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Turn a moment into the number that is stored."""
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Turn the stored number into a moment in UTC; anything else is damage."""
        try:
            return None if value is None else to_moment(value)
        except (TypeError, OverflowError) as error:
            raise LedgerCorrupt(f"the ledger is damaged: {value!r} is no moment; restore a backup") from error


def is_state(column: ColumnElement[str], *states: DeliveryState | EditionState) -> ColumnElement[bool]:
    """Claim that `column` is one of `states`, spelt as literals.

    SQLite uses a partial index only where the query repeats its condition word for word.
    """
    words: list[ColumnElement[str]] = [literal_column(f"'{state.value}'") for state in states]
    return column == words[0] if len(words) == 1 else column.in_(words)


def _row_id() -> Column[int]:
    return Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True)


def _text(name: str, default: str = "") -> Column[str]:
    return Column(name, Text, nullable=False, server_default=default)


def _count(name: str, default: int = 0) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default=text(str(default)))


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, server_default=false())


def _one_of(name: str, states: type[DeliveryState] | type[EditionState]) -> CheckConstraint:
    words = ", ".join(f"'{state.value}'" for state in states)
    return CheckConstraint(f"state IN ({words})", name=name)


metadata = MetaData()

meta = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

channel = Table(
    "channel",
    metadata,
    Column("name", Text, primary_key=True),
    Column("first_seen", Moment, nullable=False),
    Column("was", Text),
)

article = Table(
    "article",
    metadata,
    Column("id", Text, primary_key=True),
    Column("path", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("publish_at", Moment),
    _text("image"),
    Column("body_hash", Text, nullable=False),
    Column("first_seen", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
    Column("pulled_at", Moment),
)

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
    _row_id(),
    Column("key", Text, nullable=False, unique=True),
    Column("channel", Text, nullable=False),
    Column("article", Text, nullable=False),
    Column("variant", Text, nullable=False),
    _text("slot"),
    _count("revision", 1),
    Column("title", Text, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("source_hash", Text, nullable=False),
    Column("transport", Text, nullable=False),
    Column("transport_kind", Text, nullable=False),
    _flag("rehearsal"),
    _text("settled"),
    Column("state", Text, nullable=False),
    _text("holds", "[]"),
    _text("reason"),
    Column("due_at", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("opened_at", Moment),
    Column("first_sent_at", Moment),
    Column("finished_at", Moment),
    Column("sender", Text),
    Column("unsubscribe", Text),
    _flag("one_click"),
    _flag("hold_when_uncertain"),
    _count("parts", 1),
    _text("filler"),
    *(_count(name) for name in COUNTS),
    _one_of("edition_state", EditionState),
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

content = Table(
    "content",
    metadata,
    Column("edition_id", ForeignKey("edition.id", ondelete="CASCADE"), primary_key=True),
    Column("body", Text, nullable=False),
    Column("digest", Text, nullable=False),
)

subscriber = Table(
    "subscriber",
    metadata,
    _row_id(),
    Column("identity", Text, nullable=False, unique=True),
    Column("uuid", Text, nullable=False, unique=True),
    Column("address", Text, nullable=False),
    Column("domain", Text, nullable=False),
    _text("name"),
    _text("attributes", "{}"),
    _text("language"),
    _text("state", "confirmed"),
    _text("source"),
    Column("created_at", Moment, nullable=False),
)

membership = Table(
    "membership",
    metadata,
    Column("list", Text, primary_key=True),
    Column("subscriber_id", ForeignKey("subscriber.id", ondelete="CASCADE"), primary_key=True),
    Column("created_at", Moment, nullable=False),
)

delivery = Table(
    "delivery",
    metadata,
    _row_id(),
    Column("edition_id", ForeignKey("edition.id", ondelete="CASCADE"), nullable=False),
    Column("identity", Text, nullable=False),
    Column("part", Integer, nullable=False),
    Column("state", Text, nullable=False),
    _flag("waits"),  # for the part before it; then it is neither due nor counted
    Column("due_at", Moment, nullable=False),
    Column("address", Text, nullable=False),
    Column("domain", Text, nullable=False),
    _text("name"),
    _text("merge", "{}"),
    _text("uuid"),
    Column("date", Moment, nullable=False),
    Column("message_id", Text, nullable=False, unique=True),
    _count("attempts"),
    _count("doubts"),  # how often it may have gone out without an answer
    Column("first_begun_at", Moment),
    Column("begun_at", Moment),
    Column("owner", Text),
    Column("lease_until", Moment),
    _text("reason"),
    Column("parent_id", Text),
    Column("remote_id", Text),
    Column("url", Text),
    _text("progress", "{}"),
    UniqueConstraint("edition_id", "identity", "part", name="delivery_once"),
    _one_of("delivery_state", DeliveryState),
)

IS_CLAIMABLE = and_(is_state(delivery.c.state, DeliveryState.QUEUED), not_(delivery.c.waits))

Index(
    "delivery_due",
    delivery.c.edition_id,
    delivery.c.due_at,
    sqlite_where=IS_CLAIMABLE,
    postgresql_where=IS_CLAIMABLE,
)
Index(
    "delivery_owned",
    delivery.c.owner,
    sqlite_where=delivery.c.owner.is_not(None),
    postgresql_where=delivery.c.owner.is_not(None),
)

attempt = Table(
    "attempt",
    metadata,
    _row_id(),
    Column("delivery_id", ForeignKey("delivery.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("ended_at", Moment, nullable=False),
    Column("outcome", Text, nullable=False),
    _text("reply"),
    _text("mail_from"),
)

suppression = Table(
    "suppression",
    metadata,
    Column("identity", Text, primary_key=True),
    _text("address"),
    Column("reason", Text, nullable=False),
    Column("at", Moment, nullable=False),
    _text("source"),
)

approval = Table(
    "approval",
    metadata,
    _row_id(),
    Column("channel", Text, nullable=False),
    Column("variant", Text, nullable=False),
    Column("article", Text, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("recipients", Integer),
    Column("at", Moment, nullable=False),
)

transport_state = Table(
    "transport_state",
    metadata,
    Column("name", Text, primary_key=True),
    _flag("paused"),
    _text("reason"),
    Column("until", Moment),
    Column("changed_at", Moment, nullable=False),
)

rejection = Table(
    "rejection",
    metadata,
    Column("edition_id", ForeignKey("edition.id", ondelete="CASCADE"), primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("why", Text, nullable=False),
)
