"""Erase what is kept about a person: from every table, at once and for good.

What stays is a number. Their row in `subscriber` becomes an empty one, which all that went to them still names, so
that every account and checksum is as it was; a keyed hash keeps them from being imported again (`erasures`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, or_, select, update

from postroom.address import masked
from postroom.model import DeliveryState
from postroom.outbox import meta, wiping
from postroom.outbox.bulk import insert_new
from postroom.outbox.columns import is_state, to_micros
from postroom.outbox.erasures import note
from postroom.outbox.rows import seal_subscriber
from postroom.outbox.scrubbing import GONE, SILENT, scrub
from postroom.outbox.suppressions import cancel_queued, is_suppressed
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
    transport_state,
    went_to,
)

_IN_HAND = "erased_in_hand"
_ADD_DEPARTURE = insert_new(departure, ("list", "subscriber_id", "at"), key=("list", "subscriber_id"))
_SENTENCES = (
    (edition.c.id, edition.c.reason),
    (transport_state.c.name, transport_state.c.reason),
    (rejection.c.edition_id, rejection.c.why),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """What an erasure came to: whether anything was kept of them, how many messages it cancelled, and how many were
    being sent at that moment. What is written down about the latter, `finish` erases.
    """

    was_known: bool
    cancelled: int = 0
    in_hand: int = 0


def erase(connection: Connection, identity: str, now: datetime) -> Erased:
    """Erase everything about whoever has this identity; remember a hash, even of somebody who was not known."""
    with overwriting(connection):
        finish(connection)
        note(connection, identity, now, suppressed=is_suppressed(connection, identity))
        wiping.note(connection)
        theirs = select(subscriber.c.id).where(subscriber.c.identity == identity)
        number = connection.execute(theirs).scalar_one_or_none()
        done = _erase_subscriber(connection, number, now) if number is not None else Erased(was_known=False)
        about = func.lower(feedback.c.address) == identity
        if number is not None:
            about = or_(about, feedback.c.subscriber_id == number)
        told = connection.execute(update(feedback).where(about).values(SILENT)).rowcount
        listed = connection.execute(delete(suppression).where(suppression.c.identity == identity)).rowcount
        _mask(connection, identity)
    if number is None:
        return Erased(was_known=bool(told or listed))
    return done


def erase_by_link(connection: Connection, uuid: str, now: datetime) -> Erased | None:
    """Do as `erase` for whom a link names by `uuid`; None where there is nobody."""
    theirs = select(subscriber.c.identity).where(subscriber.c.uuid == uuid)
    identity = connection.execute(theirs).scalar_one_or_none()
    return erase(connection, identity, now) if identity is not None else None


def forget(connection: Connection, number: int, now: datetime) -> None:
    """Take out what is kept about a subscriber who never was one; nothing keeps them from coming back."""
    with overwriting(connection):
        _erase_subscriber(connection, number, now)
        connection.execute(update(feedback).where(feedback.c.subscriber_id == number).values(SILENT))


def finish(connection: Connection) -> int:
    """Erase what was written down about messages that were being sent while their people were erased.

    Returns how many are on their way still.
    """
    kept = meta.get(connection, _IN_HAND)
    numbers: list[int] = json.loads(kept) if kept else []
    if not numbers:
        return 0
    query = select(delivery.c.id).where(
        delivery.c.id.in_(numbers), is_state(delivery.c.state, DeliveryState.SENDING)
    )
    left = list(connection.execute(query).scalars())
    over = sorted({*numbers} - {*left})
    if over:
        wiping.note(connection)
    with overwriting(connection):
        scrub(connection, over)
        theirs = select(subscriber.c.identity).join(delivery, delivery.c.recipient == subscriber.c.id)
        connection.execute(
            delete(suppression).where(suppression.c.identity.in_(theirs.where(delivery.c.id.in_(over))))
        )
    meta.put(connection, _IN_HAND, json.dumps(left))
    return len(left)


def _erase_subscriber(connection: Connection, number: int, now: datetime) -> Erased:
    cancelled = cancel_queued(connection, number, GONE, now)
    theirs = (
        select(delivery.c.id, delivery.c.state, edition.c.list)
        .select_from(delivery.join(edition, edition.c.id == delivery.c.edition_id))
        .where(went_to(number))
        .order_by(delivery.c.id)
    )
    rows = connection.execute(theirs).all()
    scrub(connection, [row.id for row in rows])
    in_hand = [row.id for row in rows if row.state == DeliveryState.SENDING]
    if in_hand:
        waiting = json.loads(meta.get(connection, _IN_HAND) or "[]")
        meta.put(connection, _IN_HAND, json.dumps(sorted({*waiting, *in_hand})))
    leave_everything(connection, number, sorted({row.list for row in rows}), now)
    make_nobody(connection, number, now)
    return Erased(was_known=True, cancelled=cancelled, in_hand=len(in_hand))


def leave_everything(connection: Connection, number: int, lists: Sequence[str], now: datetime) -> None:
    """Take somebody off all lists. Whatever of these `lists` is tried again goes to nobody: each claim asks who left.

    Of what they said stays, without their words, that somebody left after an edition: its results count it.
    """
    for table in (membership, request, departure, greeting):
        connection.execute(delete(table).where(table.c.subscriber_id == number))
    mine = consent.c.subscriber_id == number
    connection.execute(delete(consent).where(mine, consent.c.edition_id.is_(None)))
    connection.execute(update(consent).where(mine).values(how="", source=""))
    _ADD_DEPARTURE.put(connection, [(name, number, to_micros(now)) for name in lists])


def make_nobody(connection: Connection, number: int, now: datetime) -> None:
    """Make of a subscriber's row one that is about nobody. Its number is not given to anybody else."""
    nobody = f"erased {number}"
    values = {"identity": nobody, "uuid": nobody, "address": "", "domain": "", "name": "", "attributes": "{}"}
    connection.execute(
        update(subscriber)
        .where(subscriber.c.id == number)
        .values(
            **values,
            tags="[]",
            language="",
            source="",
            created_at=now,
            seal=seal_subscriber([*values.values()]),
        )
    )


def _mask(connection: Connection, identity: str) -> None:
    """Hide the address where a server's answer quoted it in a reason."""
    for key, text in _SENTENCES:
        quoting = select(key, text).where(func.lower(text).contains(identity, autoescape=True))
        for row in connection.execute(quoting).all():
            connection.execute(
                update(text.table).where(key == row[0], text == row[1]).values({text.name: masked(row[1])})
            )


@contextmanager
def overwriting(connection: Connection) -> Iterator[None]:
    """Let SQLite write zeros over what is deleted (sqlite.org/pragma.html#pragma_secure_delete, read 2026-11-23)."""
    if connection.dialect.name != "sqlite":
        yield
        return
    before = connection.exec_driver_sql("PRAGMA secure_delete").scalar_one()
    connection.exec_driver_sql("PRAGMA secure_delete=ON")
    try:
        yield
    finally:
        connection.exec_driver_sql(f"PRAGMA secure_delete={int(before)}")
