"""How fast a transport, and each recipient domain on it, may be given messages.

The generic cell rate algorithm (ITU-T I.371, annex A) keeps one number for each: the theoretical arrival time
of the next message. It lies in the ledger, so that a limit holds across restarts and for all workers together.
A domain that says it wants less (421, 4.7.x) is slowed down by its answers and slowly trusted again, as TCP does it
with a full network: the gap doubles, or grows by a fifth once it is about right, and shrinks a little with every
message that it takes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, literal_column, select, update

from postroom.outbox.bulk import insert_new
from postroom.outbox.columns import to_micros, to_moment
from postroom.outbox.hot import Hot
from postroom.outbox.rows import AnyRow
from postroom.outbox.tables import pace

AHEAD = timedelta(milliseconds=100)
"""How much of what a limit allows may be claimed at once: less than a person notices, enough to save commits."""

LATE = timedelta(seconds=10)
"""How old a claim's clock may be when it has the limit's row at last: it waits no longer for it (`lock_timeout`)."""

FIRST_GAP = timedelta(milliseconds=100)
"""The gap that a domain gets with its first complaint."""

LONGEST_GAP = timedelta(minutes=1)
"""A domain that takes less refuses nearly everything: it is asked once a minute whether it takes more again."""

SHORTEST_GAP = timedelta(milliseconds=5)
"""A domain that takes 200 mails a second again is no longer slowed down."""

LONGEST_REST = timedelta(hours=1)
"""How long a domain may rest at most; each message keeps a time of its own for what is longer."""

EASING = 0.998
"""What the gap shrinks by with every message that is taken: a hundred of them win back a fifth of the speed."""

FAST_EASING = 0.97
"""What it shrinks by once a domain has not complained for `QUIET`: its limit is gone, not just near."""

QUIET = timedelta(minutes=10)

PUT_OFF_AT_MOST = timedelta(minutes=15)
"""How far ahead a delivery of a slow domain is put off: its domain may be faster by then."""

NARROWER = 0.7
"""What a learnt gap is taken for when times are given out: it narrows until they come, and a time once given stays."""

WIDER = 1.2
"""What the gap grows by with a complaint, once it is about right; while it is far from it, it doubles."""

_FEW = 20  # complaints within so many gaps of each other: the gap is far from right
_REST_GAPS = 10  # how many gaps a domain rests that did not say for how long, a second at most
_REST = timedelta(seconds=1)
_LONG_PAST = timedelta(hours=1)
_TAILS = 64  # so many limits more are put off before those that are past are forgotten

_LOOK = select(pace.c.domain, pace.c.tat, pace.c.gap, pace.c.until).where(
    pace.c.transport == bindparam("transport"), pace.c.domain == bindparam("domain")
)
_PEEK = Hot(_LOOK)
_OF = Hot(_LOOK.with_for_update())
SLOW_DOMAINS = select(pace.c.domain).where(pace.c.transport == bindparam("transport"), pace.c.domain > "")
"""The domains of a transport that the ledger keeps a pace for."""

_ANY_DOMAIN = Hot(SLOW_DOMAINS.limit(literal_column("1")))
_ADD = insert_new(pace, ("transport", "domain", "tat", "gap", "until"), key=("transport", "domain"))
_MOVE = Hot(
    update(pace)
    .where(pace.c.transport == bindparam("of"), pace.c.domain == bindparam("at"))
    .values(tat=bindparam("tat"), gap=bindparam("gap"), until=bindparam("until"))
)
_SHIFT_GAP = Hot(
    update(pace)
    .where(pace.c.transport == bindparam("of"), pace.c.domain == bindparam("at"))
    .values(gap=bindparam("gap"))
)
_WIDEN = Hot(
    update(pace)
    .where(pace.c.transport == bindparam("of"), pace.c.domain == bindparam("at"))
    .values(gap=bindparam("gap"), until=bindparam("until"))
)
_FORGET = Hot(
    delete(pace).where(
        pace.c.transport == bindparam("of"),
        pace.c.domain == bindparam("at"),
        pace.c.tat <= bindparam("latest"),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The gaps to keep between two messages: on the whole transport, for any one domain, for single ones.

    None means no limit but the one that a domain's own answers teach.
    """

    gap: timedelta | None = None
    domain_gap: timedelta | None = None
    domains: Mapping[str, timedelta] = field(default_factory=dict)

    def of(self, domain: str) -> timedelta:
        """Return the gap that config.yaml wants for a domain; none is zero."""
        return self.domains.get(domain) or self.domain_gap or timedelta(0)


UNLIMITED = Limits()


@dataclass(slots=True)
class Meter:
    """The state of one limit at `now`: reserve with `take`, ask with `opens_at`."""

    transport: str
    domain: str
    now: datetime
    gap: timedelta
    tat: datetime
    learnt: timedelta = timedelta(0)
    until: datetime | None = None
    taken: int = 0
    last_put_off: datetime | None = None

    def take(self) -> bool:
        """Take leave for one message; False where it must wait."""
        if not self.may:
            return False
        self.tat = max(self.tat, self.now) + self.gap
        self.taken += 1
        return True

    @property
    def may(self) -> bool:
        """Whether a message may go now."""
        return not self.rests and self.tat <= self.now + AHEAD

    @property
    def rests(self) -> bool:
        """Whether it was asked for a rest that is not over."""
        return self.until is not None and self.until > self.now

    @property
    def is_waited_for(self) -> bool:
        """Whether something was put off in this claim: what comes after it must not overtake it."""
        return self.last_put_off is not None

    def put_off(self, connection: Connection) -> datetime:
        """Return when one that cannot go now is looked at again: the first of a claim as soon as one may go, so that no
        turn stays unused; the others after all that this process put off before them.
        """
        tails: dict[tuple[str, str], datetime] = connection.info.setdefault("put_off", {})
        limit = self.transport, self.domain
        if limit not in tails and len(tails) % _TAILS == _TAILS - 1:
            for past in [each for each, tail in tails.items() if tail <= self.now]:
                del tails[past]
        latest = self.now + PUT_OFF_AT_MOST
        due = min(self.opens_at(), latest)
        tail = max(due, tails.get(limit, due))
        if self.is_waited_for:
            gap = self.gap * NARROWER if self.learnt else self.gap
            tail = due = min(tail + gap, latest)
        tails[limit] = tail
        self.last_put_off = due
        return due

    def opens_at(self) -> datetime:
        """Return when the next message may go."""
        return max(self.tat, self.until or self.tat)

    def save(self, connection: Connection) -> None:
        """Write down what was taken."""
        if self.taken:
            _write(connection, self.transport, self.domain, self.tat, self.learnt, self.until)


def meter_of(connection: Connection, transport: str, domain: str, gap: timedelta, now: datetime) -> Meter:
    """Read a limit, locked for this transaction; `gap` is what config.yaml wants, zero for nothing.

    No message is reserved further ahead than `AHEAD` by a clock that is at most `LATE`, and no rest is longer than
    `LONGEST_REST`: a later time in the ledger stems from a clock that was wrong, and does not count.
    """
    rows = _OF.rows(connection, transport=transport, domain=domain)
    return _meter(rows, Meter(transport, domain, now, gap, now))


def opens_at(connection: Connection, transport: str, gap: timedelta, now: datetime) -> datetime:
    """Return when the whole transport may be given the next message; locks nothing."""
    rows = _PEEK.rows(connection, transport=transport, domain="")
    return _meter(rows, Meter(transport, "", now, gap, now)).opens_at()


def _meter(rows: Sequence[AnyRow], fresh: Meter) -> Meter:
    """Return the limit in the one row there may be; `fresh` where there is none."""
    if not rows:
        return fresh
    (row,), now = rows, fresh.now
    learnt = timedelta(microseconds=row.gap)
    gap = max(fresh.gap, learnt)
    until = _credible(row.until, now + LONGEST_REST)
    tat = _credible(row.tat, now + AHEAD + gap + LATE) or now
    return replace(fresh, gap=gap, tat=tat, learnt=learnt, until=until)


def _credible(moment: int | None, latest: datetime) -> datetime | None:
    return None if moment is None or moment > to_micros(latest) else to_moment(moment)


def is_any_domain_slow(connection: Connection, transport: str) -> bool:
    """Whether the ledger keeps a pace for any domain on `transport`."""
    return bool(_ANY_DOMAIN.rows(connection, transport=transport))


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """A domain wants less: it said so of a message that was `begun` then, and asked for a rest, or did not."""

    transport: str
    domain: str
    begun: datetime
    asked: timedelta | None = None


def slow_down(connection: Connection, heard: Complaint, now: datetime) -> None:
    """Make a domain wait that wants less: for as long as it asked, and with a wider gap from then on.

    What it says of messages that were on their way when it last complained counts once. When its next one may go by
    what config.yaml wants stays as it is.
    """
    meter = meter_of(connection, heard.transport, heard.domain, timedelta(0), now)
    if meter.rests or (meter.until is not None and heard.begun < meter.until):
        return
    is_far_off = meter.until is not None and now - meter.until < _FEW * meter.learnt
    wider = min(meter.learnt * (2 if is_far_off else WIDER) if meter.learnt else FIRST_GAP, LONGEST_GAP)
    rest = max(heard.asked or timedelta(0), min(_REST_GAPS * wider, _REST))
    news = {"gap": _micros(wider), "until": to_micros(now + min(rest, LONGEST_REST))}
    if not _WIDEN.count(connection, of=heard.transport, at=heard.domain, **news):
        fresh = {"transport": heard.transport, "domain": heard.domain, "tat": to_micros(now)}
        _ADD.run(connection, [{**fresh, **news}])


def speed_up(connection: Connection, transport: str, taken: Counter[str], now: datetime) -> None:
    """Trust domains a little more that took so many messages each.

    One that is no longer slowed down is forgotten, but not a limit of config.yaml that it has used up for a while.
    """
    latest = to_micros(now + AHEAD + SHORTEST_GAP)
    for domain, count in sorted(taken.items()):
        meter = meter_of(connection, transport, domain, timedelta(0), now)
        if not meter.learnt:
            continue
        is_quiet = meter.until is None or now - meter.until > QUIET
        narrower = meter.learnt * (FAST_EASING if is_quiet else EASING) ** count
        is_over = narrower < SHORTEST_GAP
        if not (is_over and _FORGET.count(connection, of=transport, at=domain, latest=latest)):
            _SHIFT_GAP.count(connection, of=transport, at=domain, gap=0 if is_over else _micros(narrower))


def lock(connection: Connection, transport: str) -> None:
    """Let nobody else change the paces of `transport`, or have it rest, until this transaction ends.

    Single rows, locked as recipients happen to come, would have two hosts wait for each other. SQLite has one
    writer anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(1886352244, hashtext(%s))", (transport,))


def forget_old(connection: Connection, now: datetime) -> None:
    """Delete the paces that say nothing any more: nothing learnt, and long past."""
    connection.execute(delete(pace).where(pace.c.gap == 0, pace.c.tat < now - _LONG_PAST))


def _write(
    connection: Connection, transport: str, domain: str, tat: datetime, gap: timedelta, until: datetime | None
) -> None:
    values = {
        "tat": to_micros(tat),
        "gap": _micros(gap),
        "until": None if until is None else to_micros(until),
    }
    if not _MOVE.count(connection, of=transport, at=domain, **values):
        _ADD.run(connection, [{"transport": transport, "domain": domain, **values}])


def _micros(gap: timedelta) -> int:
    return gap // timedelta(microseconds=1)
