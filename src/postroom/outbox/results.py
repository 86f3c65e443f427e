"""Tell what became of editions: how many got them, bounced, complained, and left.

What was sent is told by the counts that each edition keeps; what came back, and who left, by indexes. So it takes
no longer for a million deliveries than for a thousand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias

from sqlalchemy import ColumnElement, Connection, and_, distinct, false, func, or_, select

from postroom.model import EditionState, FeedbackKind
from postroom.outbox.leaving import Said
from postroom.outbox.names import find
from postroom.outbox.rows import AnyRow
from postroom.outbox.tables import IS_FOR_ALL, consent, edition, feedback

_ASKED: Final = 500
"""How many editions are asked about in one query."""

_begun_at = func.coalesce(edition.c.first_sent_at, edition.c.opened_at, edition.c.due_at)
_PLAIN: Final = ("id", "key", "channel", "article", "variant", "title", "list", "transport_kind", "rehearsal")
_COUNTS: Final = ("recipients", "sent", "failed", "uncertain", "cancelled", "queued", "sending")
_HAS_BEGUN = or_(
    edition.c.first_sent_at.is_not(None), edition.c.failed > 0, edition.c.uncertain > 0, edition.c.sending > 0
)
_IS_REAL = and_(edition.c.rehearsal == false(), edition.c.state != EditionState.FILLING.value, _HAS_BEGUN)
_RESULT = select(
    *(edition.c[name] for name in (*_PLAIN, *_COUNTS, "state", "greeting")),
    edition.c.sender.is_not(None).label("is_mail"),
    _begun_at.label("begun_at"),
)

# What came back of a mail is told once however often it was, and so is what was told of no mail that is known.
_MAIL = func.coalesce(feedback.c.delivery_id, -feedback.c.id)

_Came: TypeAlias = "dict[tuple[object, str], int]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of messages: `recipients` are all who were to get one, `sent` those that the next hop took.

    Of those sent, `bounced` came back later, `complained` were called spam, and after as many as `unsubscribed`
    somebody left; `failed` were refused while they were being sent. Each message, and each person, counts once.
    """

    recipients: int = 0
    sent: int = 0
    failed: int = 0
    uncertain: int = 0
    cancelled: int = 0
    waiting: int = 0
    bounced: int = 0
    complained: int = 0
    unsubscribed: int = 0

    def rate(self, number: int) -> float:
        """Return a number as a part of what was sent, 0 where nothing was."""
        return number / self.sent if self.sent else 0.0

    @property
    def lost(self) -> float:
        """What did not arrive, refused at once or bounced later, as a part of all that has an answer."""
        answered = self.sent + self.failed
        return (self.failed + self.bounced) / answered if answered else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of an edition. `begun_at` is when its first message was sent, or due where none was.

    `greeting` is `confirm` or `welcome` where it greets who joins. `list` is what its readers leave. Of what is no
    mail, nothing bounces and nobody leaves.
    """

    id: int
    key: str
    channel: str
    article: str
    variant: str
    title: str
    list: str
    greeting: str
    transport_kind: str
    rehearsal: bool
    state: EditionState
    is_mail: bool
    begun_at: datetime
    counts: Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Greeted:
    """What became of all mails of a kind that greet who joins."""

    kind: str
    counts: Counts


def results(
    connection: Connection,
    *,
    since: datetime | None = None,
    channel: str | None = None,
    latest: int | None = None,
) -> list[Result]:
    """Tell what became of the editions that have begun, the eldest first: from `since` on, or the `latest` of each
    channel. Rehearsals, and mails that greet who joins, are none of them.
    """
    query = _RESULT.where(_IS_REAL, IS_FOR_ALL, *_chosen(since, channel)).order_by(_begun_at, edition.c.id)
    if latest is not None:
        place = func.row_number().over(
            partition_by=edition.c.channel, order_by=(_begun_at.desc(), edition.c.id.desc())
        )
        newest = select(edition.c.id, place.label("place")).where(_IS_REAL, IS_FOR_ALL).subquery()
        query = query.join(newest, newest.c.id == edition.c.id).where(newest.c.place <= latest)
    return _read(connection, connection.execute(query).all())


def result(connection: Connection, name: str) -> Result:
    """Tell what became of the edition that a person calls `name`. Raises as `names.find` does."""
    row = connection.execute(_RESULT.where(edition.c.id == find(connection, name).id)).one()
    return _read(connection, [row])[0]


def greeted(
    connection: Connection, *, since: datetime | None = None, channel: str | None = None
) -> list[Greeted]:
    """Sum up the mails that greet who joins, by kind."""
    is_greeting = and_(_IS_REAL, edition.c.greeting != "", *_chosen(since, channel))
    sums = [func.sum(edition.c[name]).label(name) for name in _COUNTS]
    rows = connection.execute(
        select(edition.c.greeting, *sums)
        .where(is_greeting)
        .group_by(edition.c.greeting)
        .order_by(edition.c.greeting)
    ).all()
    came = _came(connection, edition.c.greeting, is_greeting) if rows else {}
    return [Greeted(kind=row.greeting, counts=_counts(row, row.greeting, came)) for row in rows]


def rehearsals(connection: Connection) -> int:
    """Count the editions that were only rehearsed, but for greetings."""
    query = select(func.count()).select_from(edition).where(edition.c.rehearsal, _HAS_BEGUN, IS_FOR_ALL)
    return connection.execute(query).scalar_one()


def channels(connection: Connection) -> tuple[str, ...]:
    """Name the channels that have editions."""
    return tuple(
        connection.execute(select(edition.c.channel).distinct().order_by(edition.c.channel)).scalars()
    )


def _chosen(since: datetime | None, channel: str | None) -> list[ColumnElement[bool]]:
    chosen: list[ColumnElement[bool]] = []
    if since is not None:
        chosen.append(_begun_at >= since)
    if channel is not None:
        chosen.append(edition.c.channel == channel)
    return chosen


def _read(connection: Connection, rows: Sequence[AnyRow]) -> list[Result]:
    came: _Came = {}
    for start in range(0, len(rows), _ASKED):
        some = edition.c.id.in_([row.id for row in rows[start : start + _ASKED]])
        came |= _came(connection, edition.c.id, some)
    return [
        Result(
            **{name: getattr(row, name) for name in (*_PLAIN, "greeting", "is_mail", "begun_at")},
            state=EditionState(row.state),
            counts=_counts(row, row.id, came),
        )
        for row in rows
    ]


def _came(connection: Connection, key: ColumnElement[object], which: ColumnElement[bool]) -> _Came:
    """Count by `key` and word what came back of some editions, and who left after them."""
    back = (
        select(key, feedback.c.kind, func.count(distinct(_MAIL)))
        .join_from(edition, feedback, feedback.c.edition_id == edition.c.id)
        .where(which)
        .group_by(key, feedback.c.kind)
    )
    gone = (
        select(key, consent.c.what, func.count(distinct(consent.c.subscriber_id)))
        .join_from(edition, consent, consent.c.edition_id == edition.c.id)
        .where(which, consent.c.what == Said.LEFT.value)
        .group_by(key, consent.c.what)
    )
    return {(row[0], row[1]): row[2] for query in (back, gone) for row in connection.execute(query)}


def _counts(row: AnyRow, key: object, came: _Came) -> Counts:
    return Counts(
        **{
            name: int(getattr(row, name))
            for name in ("recipients", "sent", "failed", "uncertain", "cancelled")
        },
        waiting=int(row.queued + row.sending),
        bounced=came.get((key, FeedbackKind.BOUNCED.value), 0),
        complained=came.get((key, FeedbackKind.COMPLAINED.value), 0),
        unsubscribed=came.get((key, Said.LEFT.value), 0),
    )
