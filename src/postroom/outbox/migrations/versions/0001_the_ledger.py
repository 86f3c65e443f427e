"""Create the ledger's tables.

It names every column itself instead of asking `tables.py`, which will have moved on when a later
migration runs after this one.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create everything, in an empty database."""
    _create_memory()
    _create_editions()
    _create_people()
    _create_deliveries()
    _create_decisions()


def _number() -> sa.types.TypeEngine[int]:
    """SQLite numbers rows by itself only in a column of this very type."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _id() -> sa.Column[int]:
    return sa.Column("id", _number(), primary_key=True)


def _of(table: str, *, primary_key: bool = False, index: bool = False) -> sa.Column[int]:
    """Refer to a row of `table`, and go when it goes."""
    home = sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
    return sa.Column(
        f"{table}_id", _number(), home, nullable=False, primary_key=primary_key, index=index or None
    )


def _text(name: str, default: str | None = None, *, unique: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default=default, unique=unique or None)


def _key(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, primary_key=True)


def _maybe_text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text)


def _count(name: str, default: int = 0) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, server_default=sa.text(str(default)))


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())


def _moment(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def _partial_index(name: str, table: str, columns: list[str], sqlite: str, postgresql: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(sqlite), postgresql_where=sa.text(postgresql))


def _create_memory() -> None:
    op.create_table("meta", _key("name"), _text("value"))
    op.create_table(
        "channel",
        _key("name"),
        _moment("first_seen"),
        _maybe_text("was"),
    )
    op.create_table(
        "article",
        _key("id"),
        _text("path"),
        _text("title"),
        _moment("publish_at", nullable=True),
        _text("image", ""),
        _text("body_hash"),
        _moment("first_seen"),
        _moment("last_seen"),
        _moment("pulled_at", nullable=True),
    )


def _create_editions() -> None:
    counts = (
        *("rows_read", "rejected", "duplicate", "suppressed", "recipients"),
        *("queued", "sending", "sent", "failed", "uncertain", "cancelled"),
    )
    op.create_table(
        "edition",
        _id(),
        _text("key", unique=True),
        _text("channel"),
        _text("article"),
        _text("variant"),
        _text("slot", ""),
        _count("revision", 1),
        _text("title"),
        _text("content_hash"),
        _text("source_hash"),
        _text("transport"),
        _text("transport_kind"),
        _flag("rehearsal"),
        _text("settled", ""),
        _text("state"),
        _text("holds", "[]"),
        _text("reason", ""),
        _moment("due_at"),
        _moment("created_at"),
        _moment("opened_at", nullable=True),
        _moment("first_sent_at", nullable=True),
        _moment("finished_at", nullable=True),
        _maybe_text("sender"),
        _maybe_text("unsubscribe"),
        _flag("one_click"),
        _flag("hold_when_uncertain"),
        _count("parts", 1),
        _text("filler", ""),
        *(_count(name) for name in counts),
        sa.CheckConstraint(
            "state IN ('filling', 'held', 'open', 'finished', 'cancelled')", name="edition_state"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("edition_piece", "edition", ["channel", "variant", "article"])
    _partial_index("edition_open", "edition", ["transport", "due_at"], "state = 'open'", "state = 'open'")
    op.create_table("content", _of("edition", primary_key=True), _text("body"), _text("digest"))
    op.create_table(
        "rejection",
        _of("edition", primary_key=True),
        sa.Column("line", sa.Integer, primary_key=True),
        _text("why"),
    )


def _create_people() -> None:
    op.create_table(
        "subscriber",
        _id(),
        _text("identity", unique=True),
        _text("uuid", unique=True),
        _text("address"),
        _text("domain"),
        _text("name", ""),
        _text("attributes", "{}"),
        _text("language", ""),
        _text("state", "confirmed"),
        _text("source", ""),
        _moment("created_at"),
    )
    op.create_table(
        "membership",
        _key("list"),
        _of("subscriber", primary_key=True),
        _moment("created_at"),
    )
    op.create_table(
        "suppression",
        _key("identity"),
        _text("address", ""),
        _text("reason"),
        _moment("at"),
        _text("source", ""),
    )


def _create_deliveries() -> None:
    op.create_table(
        "delivery",
        _id(),
        _of("edition"),
        _text("identity"),
        sa.Column("part", sa.Integer, nullable=False),
        _text("state"),
        _flag("waits"),
        _moment("due_at"),
        _text("address"),
        _text("domain"),
        _text("name", ""),
        _text("merge", "{}"),
        _text("uuid", ""),
        _moment("date"),
        _text("message_id", unique=True),
        _count("attempts"),
        _count("doubts"),
        _moment("first_begun_at", nullable=True),
        _moment("begun_at", nullable=True),
        _maybe_text("owner"),
        _moment("lease_until", nullable=True),
        _text("reason", ""),
        _maybe_text("parent_id"),
        _maybe_text("remote_id"),
        _maybe_text("url"),
        _text("progress", "{}"),
        sa.UniqueConstraint("edition_id", "identity", "part", name="delivery_once"),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'sent', 'failed', 'uncertain', 'cancelled')",
            name="delivery_state",
        ),
    )
    _partial_index(
        "delivery_due",
        "delivery",
        ["edition_id", "due_at"],
        "state = 'queued' AND waits = 0",
        "state = 'queued' AND NOT waits",
    )
    _partial_index("delivery_owned", "delivery", ["owner"], "owner IS NOT NULL", "owner IS NOT NULL")
    op.create_table(
        "attempt",
        _id(),
        _of("delivery", index=True),
        sa.Column("number", sa.Integer, nullable=False),
        _moment("at"),
        _moment("ended_at"),
        _text("outcome"),
        _text("reply", ""),
        _text("mail_from", ""),
    )


def _create_decisions() -> None:
    op.create_table(
        "approval",
        _id(),
        _text("channel"),
        _text("variant"),
        _text("article"),
        _text("content_hash"),
        sa.Column("recipients", sa.Integer),
        _moment("at"),
    )
    op.create_table(
        "transport_state",
        _key("name"),
        _flag("paused"),
        _text("reason", ""),
        _moment("until", nullable=True),
        _moment("changed_at"),
    )
