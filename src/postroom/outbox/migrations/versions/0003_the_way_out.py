"""Let people leave a list, ask to be on one, and have it written down.

`membership` keeps who gets mail, and nobody else: a million of them are copied without a look at more than its key. Who
left or has yet to confirm stands in tables of their own (docs/decisions/0011).
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the tables, and what editions know of their list."""
    op.add_column("edition", sa.Column("list", sa.Text, nullable=False, server_default=""))
    op.drop_column("subscriber", "state")
    op.create_table(
        "list_number",
        sa.Column("id", _id(), primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
    )
    op.create_table("departure", *_of_list(), _moment("at"))
    op.create_table("request", *_of_list(), _moment("at"), sa.Column("mailed_at", sa.BigInteger))
    op.create_table(
        "consent",
        sa.Column("id", _id(), primary_key=True),
        _subscriber(primary_key=False, index=True),
        sa.Column("list", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False, server_default="") for name in ("how", "source")),
        _moment("at"),
    )


def _id() -> sa.types.TypeEngine[int]:
    """SQLite numbers rows by itself only in a column of this very type."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _subscriber(*, primary_key: bool, index: bool = False) -> sa.Column[int]:
    reference = sa.ForeignKey("subscriber.id", ondelete="CASCADE")
    return sa.Column("subscriber_id", _id(), reference, primary_key=primary_key, nullable=False, index=index)


def _of_list() -> tuple[sa.Column[str], sa.Column[int]]:
    return sa.Column("list", sa.Text, primary_key=True), _subscriber(primary_key=True)


def _moment(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)
