"""Everything that the ledger keeps about a person, for them to have (GDPR Art. 15 and 20)."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, Select, func, or_, select

from postroom.outbox.content import decode_map
from postroom.outbox.rows import AnyRow
from postroom.outbox.tables import (
    attempt,
    consent,
    delivery,
    departure,
    edition,
    feedback,
    greeting,
    membership,
    request,
    subscriber,
    suppression,
    went_to,
)

# What JSON may hold: texts, numbers, and lists and objects of these.
Dossier: TypeAlias = "dict[str, Any]"

_PERSON = ("uuid", "address", "name", "language", "source", "created_at")
_MAIL = (
    *(edition.c[name] for name in ("title", "channel", "article", "variant", "revision", "greeting")),
    *(delivery.c[name] for name in ("id", "state", "due_at", "first_begun_at", "reason")),
    *(delivery.c[name].label(f"own_{name}") for name in ("address", "name", "merge")),
)
_OWN = ("own_address", "own_name")


def dossier(connection: Connection, uuid: str) -> Dossier | None:
    """Gather everything about whom a link names; None where there is nobody. Moments are RFC 3339, in UTC."""
    row = connection.execute(select(subscriber).where(subscriber.c.uuid == uuid)).one_or_none()
    return None if row is None else _dossier(connection, row)


def dossier_of(connection: Connection, identity: str) -> Dossier | None:
    """Do as `dossier` for an address."""
    row = connection.execute(select(subscriber).where(subscriber.c.identity == identity)).one_or_none()
    return None if row is None else _dossier(connection, row)


def _dossier(connection: Connection, row: AnyRow) -> Dossier:
    number, identity = row.id, row.identity

    def told(query: Select[Any]) -> list[Dossier]:
        return [_plain(found) for found in connection.execute(query)]

    back = or_(feedback.c.subscriber_id == number, func.lower(feedback.c.address) == identity)
    hidden = {"id", "token", "delivery_id", "edition_id", "subscriber_id"}
    return {
        "person": {name: _value(getattr(row, name)) for name in _PERSON}
        | {"attributes": decode_map(row.attributes), "tags": json.loads(row.tags)},
        "lists": told(select(membership.c.list, membership.c.created_at.label("since")).where(
            membership.c.subscriber_id == number)),
        "requests": told(select(request.c.list, request.c.at).where(request.c.subscriber_id == number)),
        "left": told(select(departure.c.list, departure.c.at).where(departure.c.subscriber_id == number)),
        "consent": told(
            select(*(consent.c[name] for name in ("at", "list", "what", "how", "source")))
            .where(consent.c.subscriber_id == number)
            .order_by(consent.c.id)
        ),
        "greetings": told(
            select(greeting.c.list, greeting.c.kind, greeting.c.at).where(greeting.c.subscriber_id == number)
        ),
        "mails": _mails(connection, number),
        "feedback": told(
            select(*(each for each in feedback.c if each.name not in hidden)).where(back).order_by(feedback.c.id)
        ),
        "suppressed": told(
            select(*(suppression.c[name] for name in ("address", "reason", "at", "source"))).where(
                suppression.c.identity == identity
            )
        ),
    }  # fmt: skip


def _mails(connection: Connection, number: int) -> list[Dossier]:
    """Tell each mail to them: its title, what became of it, and each try, with what the server said."""
    of_edition = delivery.join(edition, edition.c.id == delivery.c.edition_id)
    rows = connection.execute(
        select(*_MAIL).select_from(of_edition).where(went_to(number)).order_by(delivery.c.id)
    ).all()
    return [_mail(connection, row) for row in rows]


def _mail(connection: Connection, row: AnyRow) -> Dossier:
    columns = (attempt.c.at, attempt.c.ended_at, attempt.c.outcome, attempt.c.reply)
    tries = connection.execute(
        select(*columns).where(attempt.c.delivery_id == row.id).order_by(attempt.c.number)
    )
    facts = {
        name: value for name, value in _plain(row).items() if name != "id" and not name.startswith("own_")
    }
    own = {name.removeprefix("own_"): value for name in _OWN if (value := getattr(row, name)) is not None}
    if row.own_merge is not None:
        own["attributes"] = decode_map(row.own_merge)
    return facts | own | {"attempts": [_plain(each) for each in tries]}


def _plain(row: AnyRow) -> Dossier:
    """Turn a row into what JSON may hold."""
    return {name: _value(value) for name, value in row._mapping.items()}


def _value(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
