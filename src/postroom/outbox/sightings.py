"""Remember when the ledger first saw each channel and article."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select, update

from postroom.model import Article
from postroom.outbox.bulk import insert_new
from postroom.outbox.columns import to_micros
from postroom.outbox.rows import AnyRow
from postroom.outbox.tables import article, channel

# `last_seen` is for people who wonder when a file went away; writing it each tick would wear the disk.
_SEEN_EVERY = timedelta(days=1)

_FACTS = ("path", "title", "publish_at", "image", "body_hash")
# Where two processes see the same for the first time, the sight of the first counts.
_ADD_CHANNEL = insert_new(channel, ("name", "first_seen", "was"), key=("name",))
_ADD_ARTICLES = insert_new(article, ("id", *_FACTS, "first_seen", "last_seen"), key=("id",))
_UPDATE_ARTICLE = (
    update(article)
    .where(article.c.id == bindparam("known"))
    .values({name: bindparam(f"new_{name}") for name in (*_FACTS, "last_seen")})
)


def see(
    connection: Connection, channels: Mapping[str, str | None], articles: Iterable[Article], now: datetime
) -> None:
    """Note which channels and articles there are at `now`; what was first seen earlier stays.

    `channels` maps a name to the name it had before (`was`), or None: a renamed channel takes over
    the first sight of its old name, and with it everything that went out under it. Seeing the same
    again writes nothing.
    """
    _see_channels(connection, channels, now)
    _see_articles(connection, articles, now)


def _see_channels(connection: Connection, channels: Mapping[str, str | None], now: datetime) -> None:
    known = {row.name: row for row in connection.execute(select(channel))}
    for name, was in channels.items():
        old = known.get(was) if was and was != name else None
        row = known.get(name)
        if row is None:
            first_seen = old.first_seen if old is not None else now
            seen = {
                "name": name,
                "first_seen": to_micros(first_seen),
                "was": was if old is not None else None,
            }
            _ADD_CHANNEL.run(connection, [seen])
        elif old is not None and row.was != was:
            first_seen = min(row.first_seen, old.first_seen)
            connection.execute(
                update(channel).where(channel.c.name == name).values(was=was, first_seen=first_seen)
            )


def _see_articles(connection: Connection, articles: Iterable[Article], now: datetime) -> None:
    known = {row.id: row for row in connection.execute(select(article))}
    new, changed = [], []
    for one in articles:
        facts = _facts(one)
        row = known.get(one.id)
        if row is None:
            published = None if one.publish_at is None else to_micros(one.publish_at)
            seen = {"first_seen": to_micros(now), "last_seen": to_micros(now)}
            new.append({"id": one.id, **facts, "publish_at": published, **seen})
        elif _is_stale(row, facts, now):
            changed.append(
                {"known": one.id, **{f"new_{k}": v for k, v in facts.items()}, "new_last_seen": now}
            )
    _ADD_ARTICLES.run(connection, new)
    if changed:
        connection.execute(_UPDATE_ARTICLE, changed)


def _facts(one: Article) -> dict[str, object]:
    return {
        "path": one.path,
        "title": one.title,
        "publish_at": one.publish_at,
        "image": one.image.src if one.image else "",
        "body_hash": one.body_hash,
    }


def _is_stale(row: AnyRow, facts: Mapping[str, object], now: datetime) -> bool:
    return now - row.last_seen >= _SEEN_EVERY or any(getattr(row, name) != facts[name] for name in _FACTS)
