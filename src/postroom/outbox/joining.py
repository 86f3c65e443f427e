"""People join lists by double opt-in: somebody enters an address, and who reads its mail confirms.

Whatever an address is to us, whoever enters it learns nothing: all that differs is whether a mail goes out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, exists, not_, or_, select, update

from postroom.model import Recipient
from postroom.outbox import erasing, erasures, greetings, leaving
from postroom.outbox.leaving import Act
from postroom.outbox.subscribers import enrol_one
from postroom.outbox.suppressions import is_suppressed
from postroom.outbox.tables import (
    IS_FOR_ALL,
    consent,
    delivery,
    departure,
    edition,
    membership,
    request,
    subscriber,
)

FORGOTTEN_AFTER = timedelta(days=30)
"""How long somebody has to confirm what they asked for."""

FORM = "sign-up form"
"""Where subscribers come from who entered their own address."""

AT_ONCE = 10
"""How many people a transaction forgets: for each it looks into all editions, 10 ms where there are 10,000."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody entered into a form: who, which lists, in which language they read (a BCP 47 tag, or empty)."""

    person: Recipient
    lists: tuple[str, ...]
    language: str
    act: Act


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The lists that somebody has asked for and not confirmed, and those that they are on, each in order."""

    asked: tuple[str, ...]
    on: tuple[str, ...]


def sign_up(connection: Connection, wish: Wish, now: datetime) -> bool:
    """Note what somebody asks for, and that they are to be asked to confirm it; tell whether they are.

    They are not where they were asked within a day, for whatever lists: the mail that they have is for all of them. Who
    is suppressed stays so, also after they were erased, and nothing is kept of it. Who else was erased is somebody new,
    whom no import may bring back before they confirm. A name and a language are taken from who is new alone: no
    stranger changes what is known of somebody.
    """
    identity = wish.person.identity
    if is_suppressed(connection, identity) or erasures.is_suppressed(connection, identity):
        return False
    number = _enrolled(connection, wish, now)
    may_be = greetings.may_be_asked(connection, number, now)
    waiting = [name for name in wish.lists if leaving.ask(connection, number, name, wish.act, now)]
    if not waiting or not may_be:
        return False
    connection.execute(update(request).where(request.c.subscriber_id == number).values(at=now))
    greetings.note(connection, number, "confirm", waiting[0], now)
    return True


def confirm(connection: Connection, uuid: str, act: Act, now: datetime) -> Place | None:
    """Put somebody on all lists that they have asked for, and have them welcomed by each; twice is once.

    `asked` are then those that they were not on before. None where there is nobody.
    """
    before = place(connection, uuid)
    number = leaving.person(connection, uuid)
    if before is None or number is None:
        return None
    new = [name for name in before.asked if leaving.confirm(connection, number, name, act, now)]
    for name in new:
        greetings.note(connection, number, "welcome", name, now)
    return Place(
        asked=tuple(new), on=_lists(connection, membership.c.list, membership.c.subscriber_id == number)
    )


def place(connection: Connection, uuid: str) -> Place | None:
    """Tell which lists the subscriber with a uuid asked for, and is on; None where there is nobody."""
    number = leaving.person(connection, uuid)
    if number is None:
        return None
    return Place(
        asked=_lists(connection, request.c.list, request.c.subscriber_id == number),
        on=_lists(connection, membership.c.list, membership.c.subscriber_id == number),
    )


def _enrolled(connection: Connection, wish: Wish, now: datetime) -> int:
    """Make a subscriber of who is none; return their number."""
    theirs = select(subscriber.c.id).where(subscriber.c.identity == wish.person.identity)
    known: int | None = connection.execute(theirs).scalar_one_or_none()
    if known is not None:
        return known
    number = enrol_one(connection, wish.person, FORM, now)
    if wish.language:
        connection.execute(update(subscriber).where(subscriber.c.id == number).values(language=wish.language))
    return number


def _lists(connection: Connection, name: ColumnElement[str], theirs: ColumnElement[bool]) -> tuple[str, ...]:
    return tuple(connection.execute(select(name).where(theirs).order_by(name)).scalars())


def forget_old(connection: Connection, now: datetime) -> int:
    """Forget what people asked for and did not confirm in time, and those who are not known otherwise; tell how many
    people that were: a few at a time, for others wait meanwhile.
    """
    before = now - FORGOTTEN_AFTER
    greetings.forget_old(connection, before)
    late = select(request.c.subscriber_id).where(request.c.at < before).order_by(request.c.at).limit(AT_ONCE)
    people = {*connection.execute(late).scalars()}
    for number in sorted(people):
        mine = request.c.subscriber_id == number
        connection.execute(delete(request).where(mine, request.c.at < before))
        if _is_stranger(connection, number):
            erasing.forget(connection, number, now)
    return len(people)


def _is_stranger(connection: Connection, number: int) -> bool:
    """Whether all that is known of somebody is what was entered into a form: no list, no word of their own, no mail
    that was not a greeting.
    """
    who, came = subscriber.c.id == number, subscriber.c.source == FORM
    mailed = exists().where(
        IS_FOR_ALL, delivery.c.edition_id == edition.c.id, delivery.c.recipient == subscriber.c.id
    )
    spoken = exists().where(consent.c.subscriber_id == subscriber.c.id, consent.c.what != leaving.Said.ASKED)
    kept = (
        exists().where(table.c.subscriber_id == subscriber.c.id) for table in (membership, departure, request)
    )
    known = select(subscriber.c.id).where(who, came, not_(or_(*kept, spoken, mailed)))
    return connection.execute(known).one_or_none() is not None
