"""Tell which editions anybody may read, and what is in them.

A piece is what a channel tells of an article. It is shown as its newest revision that went out to people; a rehearsal,
and what waits for a person or for its time, is nobody's business.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, false, select

from postroom.model import Content, EditionState
from postroom.outbox.history import REPLACED, version
from postroom.outbox.rows import AnyRow, read_content
from postroom.outbox.tables import article, edition

__all__ = ["Piece", "content_of", "pieces", "version"]

_SENT = (
    select(
        *(edition.c[name] for name in ("id", "channel", "variant", "article", "revision", "title", "url")),
        *(edition.c[name] for name in ("state", "settled", "token", "first_sent_at", "content_hash")),
        article.c.pulled_at,
    )
    .outerjoin(article, article.c.id == edition.c.article)
    .where(
        edition.c.first_sent_at.is_not(None),
        edition.c.rehearsal == false(),
        edition.c.greeting == "",
    )
    .order_by(edition.c.revision, edition.c.id)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A piece that went out. `edition` is the number of the revision that is shown, `content_hash` what it holds.

    `token` is the same for all its revisions and for no other piece. `revised_at` is when the first mail of a
    correction went out, None without one. It `is_gone` when it was taken back.
    """

    edition: int
    content_hash: str
    channel: str
    variant: str
    article: str
    title: str
    url: str
    token: str
    sent_at: datetime
    revised_at: datetime | None
    is_gone: bool


def pieces(connection: Connection, channels: Sequence[str]) -> tuple[Piece, ...]:
    """List the pieces of some channels that anybody may read, or might until they were taken back; the newest first."""
    revisions: dict[tuple[str, str, str], list[AnyRow]] = {}
    for row in connection.execute(_SENT.where(edition.c.channel.in_(channels))):
        revisions.setdefault((row.channel, row.variant, row.article), []).append(row)
    shown = (_piece(rows) for rows in revisions.values() if rows[-1].state != EditionState.HELD)
    return tuple(sorted(shown, key=lambda piece: (piece.sent_at, piece.edition), reverse=True))


def content_of(connection: Connection, piece: Piece) -> Content:
    """Read what a piece holds. Raises LedgerCorrupt where that is not, to the byte, what was frozen."""
    return read_content(connection, piece.edition, piece.content_hash)


def _piece(revisions: Sequence[AnyRow]) -> Piece:
    first, last = revisions[0], revisions[-1]
    return Piece(
        edition=last.id,
        content_hash=last.content_hash,
        channel=last.channel,
        variant=last.variant,
        article=last.article,
        title=last.title,
        url=last.url,
        token=first.token,
        sent_at=first.first_sent_at,
        revised_at=last.first_sent_at if len(revisions) > 1 else None,
        is_gone=_is_gone(revisions),
    )


def _is_gone(revisions: Iterable[AnyRow]) -> bool:
    """Whether a piece was pulled, or its newest revision cancelled, but for a newer one."""
    *_, last = revisions
    was_cancelled = last.state == EditionState.CANCELLED and last.settled != REPLACED
    return was_cancelled or last.pulled_at is not None
