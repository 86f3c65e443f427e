"""Follow the log of attempts: what was added since the last look, counted where it lies.

So no sender has to report anything, and the counts hold for all processes that work on the ledger.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import (
    BigInteger,
    Connection,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    select,
    type_coerce,
)

from postroom.outbox.tables import IS_DOUBTED, attempt, delivery, edition

BUCKETS: Final = (
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
    30.0,
    60.0,
    120.0,
    300.0,
    600.0,
)
"""Upper bounds, in seconds, of the classes of duration; the last class has none. Ten minutes is what RFC 5321
§4.5.3.2.6 gives a server to answer the end of the data.
"""

MOST: Final = 100_000
"""How many attempts one look counts at most; the next look goes on from there."""

_EVER: Final = timedelta(days=1)  # later than any clock that was set back
_SETTLE: Final = timedelta(seconds=2)
"""On PostgreSQL rows may appear out of order; those so old have appeared."""

_CODE: Final = re.compile(r"(?:^|\bwith )([2-5])\d\d\b")
_MICROS: Final = 1_000_000  # a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """Attempts that are alike. `reply` is the class of an SMTP reply, such as `4xx`; empty where there is none.

    `bucket` is the place in `BUCKETS` of how long they took, `seconds` the sum of that. `repeats` is how many of them
    may have brought somebody a message a second time.
    """

    channel: str
    transport: str
    outcome: str
    reply: str
    bucket: int
    count: int
    seconds: float
    repeats: int


def newest(connection: Connection) -> int:
    """Return the number of the last attempt in the log, 0 before the first."""
    found: int = connection.execute(select(func.coalesce(func.max(attempt.c.id), 0))).scalar_one()
    return found


def since(connection: Connection, last: int, now: datetime) -> tuple[int, Sequence[Attempts]]:
    """Count what was logged after the attempt `last`; return where to go on from, and the counts."""
    settled = now + _EVER if connection.dialect.name == "sqlite" else now - _SETTLE
    rows = connection.execute(_SINCE, {"last": last, "until": last + MOST, "settled": settled}).all()
    found = tuple(
        Attempts(
            channel=row.channel,
            transport=row.transport,
            outcome=row.outcome,
            reply=reply_class(row.said),
            bucket=row.bucket,
            count=row.number,
            seconds=int(row.micros) / _MICROS,
            repeats=int(row.repeats),
        )
        for row in rows
    )
    return max((row.last for row in rows), default=_over_a_gap(connection, last)), found


def _over_a_gap(connection: Connection, last: int) -> int:
    """Go on where nothing was found after `last`: not where more has been taken out of the log than a look spans."""
    end = newest(connection)
    return last + MOST if end > last + MOST else min(end, last) if end < last else last


def reply_class(said: str) -> str:
    """Find the class of the SMTP reply in what an attempt's log says: `2xx`, `4xx`, `5xx`, or nothing."""
    found = _CODE.search(said)
    return f"{found[1]}xx" if found else ""


def worked(connection: Connection) -> dict[str, datetime]:
    """Tell when each transport last had an answer, as far as the latest thousand attempts know."""
    rows = connection.execute(
        select(edition.c.transport, func.max(attempt.c.ended_at))
        .select_from(_LOGGED)
        .where(attempt.c.id > newest(connection) - 1000)
        .group_by(edition.c.transport)
    )
    return {row[0]: row[1] for row in rows}


_LOGGED = attempt.join(delivery, delivery.c.id == attempt.c.delivery_id).join(
    edition, edition.c.id == delivery.c.edition_id
)
_TOOK = type_coerce(attempt.c.ended_at, BigInteger) - type_coerce(attempt.c.at, BigInteger)
_BUCKET = case(
    *((int(bound * _MICROS) >= _TOOK, place) for place, bound in enumerate(BUCKETS)), else_=len(BUCKETS)
)
# Servers put numbers of their own into what they say; only a refusal's words are needed to find its code.
_SAID = case((attempt.c.outcome == "sent", func.substr(attempt.c.reply, 1, 4)), else_=attempt.c.reply)
_earlier = attempt.alias("earlier")
_IS_REPEAT = and_(
    IS_DOUBTED,
    attempt.c.outcome.in_(("sent", "unknown")),
    exists().where(
        _earlier.c.delivery_id == attempt.c.delivery_id,
        _earlier.c.id < attempt.c.id,
        _earlier.c.outcome == "unknown",
    ),
)
_KEYS = (
    edition.c.channel,
    edition.c.transport,
    attempt.c.outcome,
    _SAID.label("said"),
    _BUCKET.label("bucket"),
)
_SINCE = (
    select(
        *_KEYS,
        func.count().label("number"),
        cast(func.sum(_TOOK), BigInteger).label("micros"),
        func.sum(case((_IS_REPEAT, 1), else_=0)).label("repeats"),
        func.max(attempt.c.id).label("last"),
    )
    .select_from(_LOGGED)
    .where(
        attempt.c.id > bindparam("last"),
        attempt.c.id <= bindparam("until"),
        attempt.c.ended_at <= bindparam("settled"),
    )
    .group_by(*_KEYS)
)
