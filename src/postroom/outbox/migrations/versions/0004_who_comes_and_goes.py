"""Greet who joins, keep what comes back, and forget whom we must.

`request.mailed_at` goes: each mail of the kind is a row of `greeting` now.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the tables, and what people and editions are told of beside."""
    op.drop_column("request", "mailed_at")
    op.create_index("ix_request_at", "request", ["at"])
    op.add_column("subscriber", _words("tags", "[]"))
    for name in ("greeting", "url"):
        op.add_column("edition", _words(name))
    op.add_column("edition", sa.Column("pruned_at", sa.BigInteger))
    _partly("edition_of_list", "edition", "greeting = ''", "list", "id")
    op.add_column("consent", sa.Column("edition_id", _id()))
    op.create_index("ix_consent_edition_id", "consent", ["edition_id"])
    op.create_table(
        "erasure", sa.Column("hash", sa.Text, primary_key=True), _moment("at"), _flag("suppressed")
    )
    _greeting()
    _feedback()


def _greeting() -> None:
    reference = sa.ForeignKey("subscriber.id", ondelete="CASCADE")
    op.create_table(
        "greeting",
        sa.Column("id", _id(), primary_key=True),
        sa.Column("subscriber_id", _id(), reference, nullable=False, index=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("list", "kind")),
        _moment("at"),
        sa.Column("batch", sa.Text),
        sa.Column("edition_id", _id()),
    )
    _partly("greeting_unwritten", "greeting", "edition_id IS NULL")


def _feedback() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", _id(), primary_key=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("source", "event", "kind")),
        *(_words(name) for name in ("address", "message_id", "remote_id", "token", "status", "reason")),
        sa.Column("happened_at", sa.BigInteger),
        _moment("heard_at"),
        sa.Column("delivery_id", _id()),
        *(sa.Column(name, _id(), index=True) for name in ("edition_id", "subscriber_id")),
        _words("outcome"),
    )
    op.create_index("feedback_once", "feedback", ["source", "event"], unique=True)
    _partly("feedback_unheard", "feedback", "outcome = ''")


def _partly(name: str, table: str, condition: str, *columns: str) -> None:
    """Make an index over those rows alone of which a condition holds, by their numbers or by `columns`."""
    where = sa.text(condition)
    op.create_index(name, table, columns or ["id"], sqlite_where=where, postgresql_where=where)


def _id() -> sa.types.TypeEngine[int]:
    """SQLite numbers rows by itself only in a column of this very type."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _words(name: str, default: str = "") -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def _moment(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())
