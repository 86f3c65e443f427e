"""Call for a newer revision of an edition: for everybody to whom it has not begun to go out."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select, update

from postroom.errors import LedgerError
from postroom.model import EditionState
from postroom.outbox import operate
from postroom.outbox.history import REPLACED
from postroom.outbox.names import find
from postroom.outbox.operate import Withdrawal
from postroom.outbox.rows import AnyRow, accounts_of
from postroom.outbox.tables import article, edition


def supersede(connection: Connection, key: str, now: datetime) -> Withdrawal:
    """Withdraw an edition, so that the next tick freezes its article anew as the next revision.

    Raises `LedgerError` where nobody is left who could get that, or where nothing would freeze it.
    """
    row = find(connection, key)
    _refuse(connection, row)
    done = operate.replace(connection, row.key, now)
    connection.execute(update(edition).where(edition.c.id == row.id).values(settled=REPLACED))
    return done


def _refuse(connection: Connection, row: AnyRow) -> None:
    counts = accounts_of(row)
    if row.settled:
        raise LedgerError(f"{row.key} cannot be replaced: it was settled already ({row.settled})")
    if row.state == EditionState.HELD and row.holds != "[]" and counts.queued == counts.recipients:
        raise LedgerError(
            f"{row.key} need not be replaced: it waits for approval, and follows its file until then"
        )
    if row.state != EditionState.FILLING and counts.sent + counts.uncertain == counts.recipients:
        raise LedgerError(
            f"{row.key} cannot be replaced: it has gone out to everybody; what corrects it is a new article"
        )
    pulled = select(article.c.pulled_at).where(article.c.id == row.article)
    if connection.execute(pulled).scalar_one_or_none() is not None:
        raise LedgerError(f"{row.key} cannot be replaced: its article was pulled")
