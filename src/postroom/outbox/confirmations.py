"""Topics of Amazon SNS that asked whether they may speak, until a person has said so."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, select

from postroom.outbox import meta as facts
from postroom.outbox.columns import to_micros, to_moment
from postroom.outbox.tables import meta

_NAME: Final = "sns_confirmation "

VALID: Final = timedelta(days=3)
"""How long a token is good for (Amazon SNS API reference, ConfirmSubscription, read 2026-11-23)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A topic that asked `at` a moment, with the token that confirms it."""

    topic: str
    token: str
    at: datetime


def keep(connection: Connection, topic: str, token: str, now: datetime) -> None:
    """Remember that a topic asks; the latest token counts."""
    facts.put(connection, f"{_NAME}{topic}", json.dumps({"token": token, "at": to_micros(now)}))


def drop(connection: Connection, topic: str) -> None:
    """Forget that a topic asked."""
    connection.execute(delete(meta).where(meta.c.name == f"{_NAME}{topic}"))


def asked(connection: Connection, now: datetime) -> tuple[Asked, ...]:
    """List the topics whose token is good still."""
    rows = connection.execute(
        select(meta.c.name, meta.c.value).where(meta.c.name.like(f"{_NAME}%")).order_by(meta.c.name)
    )
    found = (_read(row.name, row.value) for row in rows)
    return tuple(each for each in found if now - each.at < VALID)


def _read(name: str, value: str) -> Asked:
    kept = json.loads(value)
    return Asked(topic=name.removeprefix(_NAME), token=kept["token"], at=to_moment(kept["at"]))
