"""Forget who got what long ago: the counts stay, and nobody can tell any more whose they are.

Everything is done in batches, each a transaction of its own; where it stops half-way, doing it again does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Connection,
    Delete,
    Select,
    SelectBase,
    Update,
    and_,
    delete,
    exists,
    func,
    not_,
    or_,
    select,
    update,
)

from postroom.model import EditionState
from postroom.outbox import wiping
from postroom.outbox.bulk import lookup
from postroom.outbox.columns import is_state
from postroom.outbox.erasing import leave_everything, make_nobody, overwriting
from postroom.outbox.erasures import note
from postroom.outbox.history import REPLACED
from postroom.outbox.leaving import lists_in
from postroom.outbox.ledger import Ledger
from postroom.outbox.scrubbing import SILENT, TOLD, scrub
from postroom.outbox.tables import (
    consent,
    delivery,
    departure,
    edition,
    feedback,
    greeting,
    membership,
    rejection,
    request,
    subscriber,
    suppression,
)

PRUNED = "pruned"
"""What stands in the place of an address, and of a reason that may quote one."""

_BATCH = 2000
"""Deliveries of a transaction: each has a log to be looked at, and no sender should wait for long."""

_PEOPLE = 500
_LOOK = 10_000
"""Subscribers that are looked at in one go, where nothing is changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """How many mails of how many editions nobody can tell apart any more, how much of what came back is nobody's, how
    many old requests and greetings are gone, and how many people.
    """

    editions: int = 0
    mails: int = 0
    feedback: int = 0
    requests: int = 0
    greetings: int = 0
    people: int = 0

    def plus(self, other: Pruned) -> Pruned:
        """Add up two of them."""
        return Pruned(
            **{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(self)}
        )


def prospect(connection: Connection, before: datetime) -> Pruned:
    """Count what `prune` would forget, and change nothing."""

    def number(query: SelectBase) -> int:
        return int(connection.execute(select(func.count()).select_from(query.subquery())).scalar_one())

    named = _named_deliveries(before)
    return Pruned(
        editions=number(
            named.with_only_columns(edition.c.id).where(edition.c.pruned_at.is_(None)).distinct()
        ),
        mails=number(named),
        feedback=number(_telling(before)),
        requests=number(select(request.c.subscriber_id).where(request.c.at < before)),
        greetings=number(select(greeting.c.id).where(_old_greeting(before))),
        people=_idle(connection, before),
    )


def _idle(connection: Connection, before: datetime) -> int:
    """Count the people with whom there is no business any more."""
    number = after = 0
    while (found := _page(connection, before, after, _LOOK)) is not None:
        number, after = number + len(found.idle), found.last
    return number


def prune(
    ledger: Ledger, before: datetime, now: datetime, progress: Callable[[int], None] = lambda done: None
) -> Pruned:
    """Forget everything about people that is over since `before`; tell `progress` how many rows are done."""
    whole = Pruned()
    for step in (_prune_some_mails, _prune_some_feedback, _prune_the_asked):
        while (done := ledger.write(step, before, now)) != Pruned():
            whole = whole.plus(done)
            progress(whole.mails + whole.feedback)
    after = 0
    while (found := ledger.write(_prune_some_people, before, now, after)) is not None:
        number, after = found
        whole = whole.plus(Pruned(people=number))
        progress(whole.mails + whole.feedback + whole.people)
    return whole


def _prune_some_mails(connection: Connection, before: datetime, now: datetime) -> Pruned:
    """Cut some mails of one edition off from whom they were for. Its checksum goes first: it was over just that."""
    first = _named_deliveries(before).order_by(delivery.c.edition_id).limit(1).subquery()
    edition_id = connection.execute(select(first.c.edition_id)).scalar_one_or_none()
    if edition_id is None:
        return Pruned()
    with overwriting(connection):
        some = select(delivery.c.id).where(delivery.c.edition_id == edition_id, delivery.c.recipient > 0)
        numbers = list(connection.execute(some.limit(_BATCH)).scalars())
        mark = edition.c.id == edition_id, edition.c.pruned_at.is_(None)
        is_first = _count(connection, update(edition).where(*mark).values(pruned_at=now, checksum=None))
        scrub(connection, numbers, PRUNED)
        nobody = {"identity": "", "address": PRUNED, "domain": "", "name": "", "merge": "{}"}
        connection.execute(
            update(delivery).where(delivery.c.id.in_(numbers)).values(recipient=-delivery.c.id, **nobody)
        )
        connection.execute(delete(rejection).where(rejection.c.edition_id == edition_id))
        wiping.note(connection)
    return Pruned(editions=is_first, mails=len(numbers))


def _prune_some_feedback(connection: Connection, before: datetime, now: datetime) -> Pruned:
    """Silence some of what came back, also what nobody could be found for."""
    with overwriting(connection):
        some = list(connection.execute(_telling(before).limit(_BATCH)).scalars())
        changes = {**SILENT, "subscriber_id": None}
        connection.execute(update(feedback).where(feedback.c.id.in_(some)).values(changes))
    return Pruned(feedback=len(some))


def _prune_the_asked(connection: Connection, before: datetime, now: datetime) -> Pruned:
    """Forget who asked to be on a list and never confirmed it, and which greetings went out."""
    return Pruned(
        requests=_count(connection, delete(request).where(request.c.at < before)),
        greetings=_count(connection, delete(greeting).where(_old_greeting(before))),
    )


def _prune_some_people(
    connection: Connection, before: datetime, now: datetime, after: int
) -> tuple[int, int] | None:
    """Forget those of some people with whom there is no business any more: how many, and where to go on from.

    Whoever had left stays away from imports.
    """
    found = _page(connection, before, after, _PEOPLE)
    if found is None:
        return None
    with overwriting(connection):
        gone = _departed(connection, [number for number, _ in found.idle])
        for number, identity in found.idle:
            if number in gone:
                note(connection, identity, now)
            connection.execute(update(feedback).where(feedback.c.subscriber_id == number).values(SILENT))
            leave_everything(connection, number, (), now)
            make_nobody(connection, number, now)
        if found.idle:
            wiping.note(connection)
    return len(found.idle), found.last


def _departed(connection: Connection, numbers: Sequence[int]) -> set[int]:
    found: set[int] = set()
    for name in lists_in(connection, departure) if numbers else ():
        some = departure.c.subscriber_id.in_(numbers)
        found.update(
            connection.execute(
                select(departure.c.subscriber_id).where(departure.c.list == name, some)
            ).scalars()
        )
    return found


def _named_deliveries(before: datetime) -> Select[int, int]:
    """Select the mails of editions that are over which still name whom they were for."""
    over = edition.join(delivery, delivery.c.edition_id == edition.c.id)
    columns = (delivery.c.id, delivery.c.edition_id)
    return select(*columns).select_from(over).where(_is_over(before), delivery.c.recipient > 0)


def _is_over(before: datetime) -> ColumnElement[bool]:
    """Claim that an edition is over for so long, and nothing of it is left to decide.

    One that was replaced tells the newer revision who is not to get that: it is kept until that one is over, too.
    """
    ended = is_state(edition.c.state, EditionState.FINISHED, EditionState.CANCELLED)
    later = edition.alias("later")
    same = (later.c[name] == edition.c[name] for name in ("channel", "variant", "article"))
    followed = exists().where(*same, later.c.revision > edition.c.revision, later.c.finished_at < before)
    is_told = or_(edition.c.settled != REPLACED, followed)
    nothing_left = and_(edition.c.uncertain == 0, edition.c.sending == 0, edition.c.queued == 0)
    return and_(ended, edition.c.finished_at < before, nothing_left, is_told)


def _telling(before: datetime) -> Select[int]:
    """Select old feedback that still tells of a person."""
    tells = or_(feedback.c.subscriber_id.is_not(None), *(feedback.c[name] != "" for name in TOLD))
    return select(feedback.c.id).where(feedback.c.heard_at < before, tells).order_by(feedback.c.id)


def _old_greeting(before: datetime) -> ColumnElement[bool]:
    return and_(greeting.c.at < before, greeting.c.edition_id.is_not(None))


@dataclass(frozen=True, slots=True)
class _Page:
    """Some subscribers in a row: those with whom there is no business any more, and the last one of all."""

    idle: list[tuple[int, str]]
    last: int


def _page(connection: Connection, before: datetime, after: int, most: int) -> _Page | None:
    """Look at the subscribers after a number: who is on no list, and with whom nothing has happened since `before`.

    But for the suppressed, whom no mail may ever reach. None after the last. Each table is asked for a stretch of
    numbers, for there is an index for that: asked person by person, some of them would be read in whole each time.
    """
    known = select(subscriber.c.id, subscriber.c.identity, subscriber.c.created_at).where(
        subscriber.c.id > after, subscriber.c.address != ""
    )
    rows = connection.execute(known.order_by(subscriber.c.id).limit(most)).all()
    if not rows:
        return None
    busy: set[int] = set()
    for query in _busy(connection, before, rows[0].id, rows[-1].id):
        busy.update(connection.execute(query).scalars())
    listed = {each for (each,) in lookup(connection, suppression.c.identity, [row.identity for row in rows])}
    idle = [
        (row.id, row.identity)
        for row in rows
        if row.id not in busy and row.identity not in listed and row.created_at < before
    ]
    return _Page(idle, rows[-1].id)


def _busy(connection: Connection, before: datetime, low: int, high: int) -> Iterator[Select[int]]:
    """Give the queries that find with whom, between two numbers, there is business."""

    def between(column: ColumnElement[int], *which: ColumnElement[bool]) -> Select[int]:
        return select(column).where(column >= low, column <= high, *which)

    for table, recent in (
        (membership, None),
        (request, request.c.at >= before),
        (departure, departure.c.at >= before),
    ):
        for name in lists_in(connection, table):
            which = [table.c.list == name, *([recent] if recent is not None else [])]
            yield between(table.c.subscriber_id, *which)
    yield between(consent.c.subscriber_id, consent.c.at >= before)
    yield between(greeting.c.subscriber_id, not_(_old_greeting(before)))
    going_on = select(edition.c.id).where(not_(_is_over(before))).order_by(edition.c.id)
    for number in connection.execute(going_on).scalars().all():
        yield between(delivery.c.recipient, delivery.c.edition_id == number)


def _count(connection: Connection, statement: Update | Delete) -> int:
    return connection.execute(statement).rowcount
