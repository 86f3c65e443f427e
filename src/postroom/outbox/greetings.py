"""The mails that greet who joins a list: note them, gather them into batches, pour a batch into its edition.

    note      in the transaction in which somebody asked, or confirmed
    gather    a batch gets its name; whoever is in it stays in it
    freeze    an edition whose key names the batch (`enqueue`): twice is once
    written   the batch is done

A process that dies between two of these leaves a batch that the next one finds by its name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from uuid import uuid4

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Text,
    and_,
    case,
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    not_,
    null,
    or_,
    select,
    update,
)

from postroom.model import DeliveryState, EditionState
from postroom.outbox.columns import Moment
from postroom.outbox.filling import Filling, Poured, guard
from postroom.outbox.ledger import Ledger
from postroom.outbox.tables import (
    IS_UNWRITTEN,
    delivery,
    edition,
    greeting,
    membership,
    request,
    subscriber,
    suppression,
)

Kind: TypeAlias = Literal["confirm", "welcome"]

ONCE_IN = timedelta(hours=24)
"""How long nobody is asked to confirm again, however often and for whatever lists their address is entered."""

MOST = 2000
"""How many mails a batch has: its deliveries are written in one transaction, in a fraction of a second."""

_FORGET = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Mails of one kind to be sent by the channel of `list`, all of which say the same.

    `lists` are those that a mail to confirm names, in alphabetical order. `language` is the readers', a BCP 47 tag.
    """

    name: str
    list: str
    kind: Kind
    lists: tuple[str, ...]
    language: str


def note(connection: Connection, subscriber_id: int, kind: Kind, name: str, now: datetime) -> None:
    """Note that somebody is to get a mail from the channel of the list `name`."""
    connection.execute(insert(greeting).values(subscriber_id=subscriber_id, kind=kind, list=name, at=now))


def may_be_asked(connection: Connection, subscriber_id: int, now: datetime) -> bool:
    """Whether it is long enough ago that somebody was asked to confirm, and no such mail waits to be written.

    Until the transaction ends nobody else is told so of this person: PostgreSQL would run two at once.
    """
    connection.execute(select(subscriber.c.id).where(subscriber.c.id == subscriber_id).with_for_update())
    asked = select(greeting.c.id).where(
        greeting.c.subscriber_id == subscriber_id,
        greeting.c.kind == "confirm",
        or_(greeting.c.at > now - ONCE_IN, IS_UNWRITTEN),
    )
    return connection.execute(asked.limit(1)).one_or_none() is None


def is_any_unwritten(connection: Connection, lists: Collection[str]) -> bool:
    """Whether a mail from the channel of one of `lists` is to be written: a look into an index that is mostly empty."""
    unwritten = select(greeting.c.id).where(IS_UNWRITTEN, greeting.c.list.in_(lists)).limit(1)
    return connection.execute(unwritten).one_or_none() is not None


def gather(connection: Connection, lists: Collection[str]) -> tuple[Batch, ...]:
    """Put what is to be written for the channels of `lists` into batches; those that were begun come as they are."""
    rows = connection.execute(
        select(greeting, func.lower(subscriber.c.language).label("language"))
        .join(subscriber, subscriber.c.id == greeting.c.subscriber_id)
        .where(IS_UNWRITTEN, greeting.c.list.in_(lists))
        .order_by(greeting.c.id)
        .limit(MOST)
    ).all()
    asked = _asked_for(connection, {row.subscriber_id for row in rows if row.kind == "confirm"})
    batches: dict[object, Batch] = {}
    members: dict[str, list[int]] = {}
    for row in rows:
        named = tuple(sorted(asked.get(row.subscriber_id, ()))) if row.kind == "confirm" else ()
        language = row.language.split("-")[0]
        same = row.batch or (row.list, row.kind, named, language)
        if same not in batches:
            batches[same] = Batch(
                name=row.batch or uuid4().hex[:16],
                list=row.list,
                kind=row.kind,
                lists=named or (row.list,),
                language=language,
            )
        if row.batch is None:
            members.setdefault(batches[same].name, []).append(row.id)
    for name, ids in members.items():
        for some in _pages(ids):
            connection.execute(update(greeting).where(greeting.c.id.in_(some)).values(batch=name))
    return tuple(batches.values())


def frozen(connection: Connection, key: str) -> int | None:
    """Return the number of the edition with a key, where nothing is missing of it any more."""
    whole = select(edition.c.id).where(edition.c.key == key, edition.c.state != EditionState.FILLING.value)
    number: int | None = connection.execute(whole).scalar_one_or_none()
    return number


def written(connection: Connection, batch: str, edition_id: int, now: datetime) -> None:
    """Note that the mails of a batch go out in this edition, from now on."""
    connection.execute(update(greeting).where(_is_of(batch)).values(edition_id=edition_id, at=now))


def pour_batch(ledger: Ledger, filling: Filling, batch: Batch) -> Poured:
    """Write a delivery for everybody in a batch who still wants it: not who was suppressed meanwhile, or left."""
    poured = Poured()
    poured.add(*ledger.write(_pour, filling, batch))
    poured.rows_read = poured.seen
    return poured


def forget_old(connection: Connection, before: datetime) -> None:
    """Forget that mails were sent before a moment; some thousand at a time."""
    eldest = select(greeting.c.id).order_by(greeting.c.id).limit(_FORGET)
    connection.execute(delete(greeting).where(greeting.c.id.in_(eldest), greeting.c.at < before))


def _pour(connection: Connection, filling: Filling, batch: Batch) -> tuple[int, int, int]:
    """Write the deliveries; return how many mails were to be written, how many of them must not, how many were."""
    guard(connection, filling)
    seen = connection.execute(
        select(func.count()).select_from(greeting).where(_is_of(batch.name))
    ).scalar_one()
    wanted = and_(_is_of(batch.name), _is_wanted())
    to_write = connection.execute(select(func.count()).select_from(greeting).where(wanted)).scalar_one()
    values = {
        "edition_id": literal(filling.edition.id, BigInteger),
        "recipient": greeting.c.subscriber_id,
        "part": literal(0),
        "state": literal(DeliveryState.QUEUED.value),
        "waits": false(),
        "due_at": literal(filling.edition.due_at, Moment),
        # Whoever entered an address chose the name, too: no stranger's words in a mail that nobody asked for.
        "name": case((greeting.c.kind == "confirm", literal("")), else_=null()).cast(Text),
    }
    query = select(*values.values()).where(wanted).distinct().order_by(greeting.c.subscriber_id)
    copy = insert(delivery).from_select(list(values), query)
    made = connection.execute(copy, execution_options={"preserve_rowcount": True}).rowcount
    return seen, seen - to_write, made


def _is_of(batch: str) -> ColumnElement[bool]:
    return and_(IS_UNWRITTEN, greeting.c.batch == batch)


def _is_wanted() -> ColumnElement[bool]:
    """Claim of a mail to confirm that there is something to confirm, of a welcome that they are on the list."""
    asked = exists().where(request.c.subscriber_id == greeting.c.subscriber_id)
    on_it = exists().where(
        membership.c.list == greeting.c.list, membership.c.subscriber_id == greeting.c.subscriber_id
    )
    is_suppressed = exists().where(
        subscriber.c.id == greeting.c.subscriber_id, suppression.c.identity == subscriber.c.identity
    )
    to_confirm = greeting.c.kind == "confirm"
    return and_(or_(and_(to_confirm, asked), and_(not_(to_confirm), on_it)), not_(is_suppressed))


def _asked_for(connection: Connection, people: Iterable[int]) -> dict[int, list[str]]:
    """Tell what each of these people has asked for and not confirmed."""
    found: dict[int, list[str]] = {}
    for some in _pages(sorted(people)):
        rows = select(request.c.subscriber_id, request.c.list).where(request.c.subscriber_id.in_(some))
        for who, name in connection.execute(rows):
            found.setdefault(who, []).append(name)
    return found


def _pages(numbers: list[int]) -> Iterable[list[int]]:
    """Cut a list to what one query takes."""
    return (numbers[start : start + 500] for start in range(0, len(numbers), 500))
