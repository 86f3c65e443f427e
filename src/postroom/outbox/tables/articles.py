"""What was seen of channels and articles, and what a person let go."""

from __future__ import annotations

from sqlalchemy import Column, Integer, Table, Text

from postroom.outbox.columns import Moment, row_id, words
from postroom.outbox.tables.metadata import metadata

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
    words("image"),
    Column("body_hash", Text, nullable=False),
    Column("first_seen", Moment, nullable=False),
    Column("last_seen", Moment, nullable=False),
    Column("pulled_at", Moment),
)

approval = Table(
    "approval",
    metadata,
    row_id(),
    Column("channel", Text, nullable=False),
    Column("variant", Text, nullable=False),
    Column("article", Text, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("recipients", Integer),
    Column("at", Moment, nullable=False),
)
