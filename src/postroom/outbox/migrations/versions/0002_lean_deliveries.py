"""Let a delivery refer to its subscriber, and make room for pace, presence and notices.

A delivery repeated the address, the name and the merge values of its subscriber, and a Message-ID in an index
of its own; a million of them took minutes. Now a million are one INSERT … SELECT (docs/decisions/0009).
SQLite cannot drop a column that a constraint names, so the table is written anew; whoever migrates has switched
SQLite's foreign keys off, for otherwise dropping the old table would empty the log of attempts.
"""

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any
from zlib import crc32

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_KEPT = (
    "id, edition_id, part, state, waits, due_at, attempts, doubts, first_begun_at, begun_at, owner, reason, "
    "parent_id, remote_id, url, progress, message_id"
)


def upgrade() -> None:
    """Write the deliveries anew, and add what is missing elsewhere."""
    _widen_editions()
    _find_recipients()
    _create_lean_deliveries()
    _copy_deliveries()
    _replace_deliveries()
    _seal_editions()
    _seal_subscribers()
    _create_operation()


def _number() -> sa.types.TypeEngine[int]:
    """SQLite numbers rows by itself only in a column of this very type."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _text(name: str, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, server_default=default)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, server_default=sa.text("0"))


def _moment(name: str, *, nullable: bool = True) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable)


def _is_sqlite() -> bool:
    return op.get_context().dialect.name == "sqlite"


def _widen_editions() -> None:
    op.add_column("edition", _text("token", ""))
    op.add_column("edition", _moment("frozen_at"))
    op.add_column("edition", _count("refused_in_row"))
    op.add_column("edition", _moment("checksum"))
    op.add_column("subscriber", _moment("seal"))
    op.execute(
        "UPDATE edition SET token = 'e' || id, frozen_at = coalesce("
        "(SELECT min(delivery.date) FROM delivery WHERE delivery.edition_id = edition.id), created_at)"
    )


def _find_recipients() -> None:
    """Make a subscriber of everybody who was written to and is none: each mail had a uuid of its own."""
    op.execute(
        "INSERT INTO subscriber (identity, uuid, address, domain, name, attributes, source, created_at) "
        "SELECT identity, max(uuid), max(address), max(domain), max(name), max(merge), 'audience', min(date) "
        "FROM delivery WHERE uuid <> '' "
        "AND identity NOT IN (SELECT identity FROM subscriber) AND uuid NOT IN (SELECT uuid FROM subscriber) "
        "GROUP BY identity"
    )


def _create_lean_deliveries() -> None:
    op.create_table(
        "lean_delivery",
        sa.Column("id", _number(), primary_key=True),
        sa.Column("edition_id", _number(), nullable=False),
        sa.Column("recipient", sa.BigInteger, nullable=False),
        sa.Column("part", sa.Integer, nullable=False),
        _text("state"),
        sa.Column("waits", sa.Boolean, nullable=False, server_default=sa.false()),
        _moment("due_at", nullable=False),
        *(sa.Column(name, sa.Text) for name in ("identity", "address", "domain", "name", "merge")),
        sa.Column("message_id", sa.Text),
        _count("attempts"),
        _count("doubts"),
        _moment("first_begun_at"),
        _moment("begun_at"),
        sa.Column("owner", sa.Text),
        _text("reason", ""),
        *(sa.Column(name, sa.Text) for name in ("parent_id", "remote_id", "url")),
        _text("progress", "{}"),
    )


def _copy_deliveries() -> None:
    """Keep the values of each mail as they were frozen, where they are not the subscriber's own."""
    kept = ", ".join(f"d.{name}" for name in _KEPT.split(", "))
    own = ", ".join(
        f"CASE WHEN s.id IS NULL OR s.{theirs} <> d.{name} THEN d.{name} END"
        for name, theirs in {
            "address": "address",
            "domain": "domain",
            "name": "name",
            "merge": "attributes",
        }.items()
    )
    op.execute(
        f"INSERT INTO lean_delivery ({_KEPT}, recipient, identity, address, domain, name, merge) "  # noqa: S608
        f"SELECT {kept}, coalesce(s.id, 0), CASE WHEN s.id IS NULL THEN d.identity END, {own} "
        "FROM delivery d LEFT JOIN subscriber s ON s.identity = d.identity AND d.uuid <> ''"
    )


def _replace_deliveries() -> None:
    op.execute("DROP TABLE delivery" if _is_sqlite() else "DROP TABLE delivery CASCADE")
    op.rename_table("lean_delivery", "delivery")
    op.create_index("delivery_once", "delivery", ["edition_id", "recipient", "part"], unique=True)
    _partial_index(
        "delivery_due",
        ["edition_id", "due_at"] if _is_sqlite() else ["edition_id", "due_at", "id"],
        "state = 'queued' AND waits = 0",
        "state = 'queued' AND NOT waits",
    )
    _partial_index("delivery_owned", ["owner"], "owner IS NOT NULL", "owner IS NOT NULL")
    _partial_index("delivery_doubted", ["edition_id"], "doubts > 0", "doubts > 0")
    if not _is_sqlite():
        op.execute(
            "SELECT setval(pg_get_serial_sequence('delivery', 'id'), "
            "(SELECT coalesce(max(id), 0) + 1 FROM delivery), false)"
        )
        op.create_foreign_key(
            "attempt_delivery", "attempt", "delivery", ["delivery_id"], ["id"], ondelete="CASCADE"
        )


def _partial_index(name: str, columns: list[str], sqlite: str, postgresql: str) -> None:
    op.create_index(
        name, "delivery", columns, sqlite_where=sa.text(sqlite), postgresql_where=sa.text(postgresql)
    )


def _seal_editions() -> None:
    """Note which deliveries each edition has, and let the seal of its content cover what else a message is made of.

    A content that is damaged already keeps the seal that does not fit.
    """
    op.execute(
        "UPDATE edition SET checksum = (SELECT coalesce(sum(id + 3 * recipient + 5 * part), 0) "
        "FROM delivery WHERE delivery.edition_id = edition.id) WHERE state <> 'filling'"
    )
    query = (
        "SELECT e.id, c.body, c.digest, e.sender, e.unsubscribe, e.token "
        "FROM edition e JOIN content c ON c.edition_id = e.id WHERE e.id > :last ORDER BY e.id LIMIT 100"
    )
    for page in _pages(query):
        whole = [row for row in page if sha256(row.body.encode()).hexdigest() == row.digest]
        _update(
            "UPDATE content SET digest = :seal WHERE edition_id = :id",
            [(row.id, _seal(row)) for row in whole],
        )


def _seal(row: Any) -> str:
    told = [row.body, row.sender, row.unsubscribe, row.token]
    return sha256(json.dumps(told).encode()).hexdigest()


def _seal_subscribers() -> None:
    query = (
        "SELECT id, identity, uuid, address, domain, name, attributes "
        "FROM subscriber WHERE id > :last ORDER BY id LIMIT 5000"
    )
    for page in _pages(query):
        seals = [(row.id, crc32("\0".join(row[1:]).encode("utf-8", "surrogatepass"))) for row in page]
        _update("UPDATE subscriber SET seal = :seal WHERE id = :id", seals)


def _pages(query: str) -> Iterator[Sequence[Any]]:
    """Read rows by their numbers, some at a time."""
    last = 0
    while page := op.get_bind().execute(sa.text(query), {"last": last}).all():
        yield page
        last = page[-1].id


def _update(statement: str, seals: Sequence[tuple[int, object]]) -> None:
    if seals:
        op.get_bind().execute(sa.text(statement), [{"id": id_, "seal": seal} for id_, seal in seals])


def _create_operation() -> None:
    op.add_column("transport_state", _count("faults"))
    op.create_table(
        "pace",
        sa.Column("transport", sa.Text, primary_key=True),
        sa.Column("domain", sa.Text, primary_key=True),
        _moment("tat", nullable=False),
        _moment("gap", nullable=False),
        _moment("until"),
    )
    op.create_table(
        "worker",
        sa.Column("name", sa.Text, primary_key=True),
        _text("host"),
        sa.Column("pid", sa.Integer, nullable=False),
        _moment("started_at", nullable=False),
        _moment("beat_at", nullable=False),
    )
    op.create_table(
        "notice",
        sa.Column("cause", sa.Text, primary_key=True),
        _moment("told_at", nullable=False),
        _moment("cleared_at"),
    )
