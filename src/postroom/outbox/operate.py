"""What a person decides about editions and deliveries. Each says plainly what it cannot do.

Editions go by any name that `names.find` understands; `now` is when the decision was made.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from postroom.errors import LedgerError
from postroom.model import Approval, DeliveryState, EditionState
from postroom.outbox.accounts import settle
from postroom.outbox.moves import cancel_waiting, move
from postroom.outbox.names import take
from postroom.outbox.pauses import pause_transport, paused_transports, resume_transport
from postroom.outbox.rehearsals import rehearsed, settle_rehearsed
from postroom.outbox.resolutions import resolve, retry
from postroom.outbox.rows import AnyRow
from postroom.outbox.suppressions import is_suppressed, suppress, suppressions, unsuppress
from postroom.outbox.tables import IS_DOUBTED, approval, article, delivery, edition, rejection
from postroom.outbox.transitions import BEYOND_RECALL, set_state, told

__all__ = [
    "Withdrawal",
    "approve",
    "approve_ahead",
    "cancel",
    "hold",
    "is_suppressed",
    "pause_transport",
    "paused_transports",
    "pull",
    "rehearsed",
    "release",
    "replace",
    "resolve",
    "resume_transport",
    "retry",
    "settle_rehearsed",
    "suppress",
    "suppressions",
    "unsuppress",
    "way_on",
    "ways_on",
]

# Holds that are about how many people would be written to: leave for them must name that number.
_NEEDS_NUMBER = frozenset({"first-edition", "audience-max", "audience-growth"})
_LIVE = (EditionState.HELD, EditionState.OPEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """What taking an edition back achieved: `cancelled` deliveries, and those `beyond_recall`."""

    edition: str
    cancelled: int
    beyond_recall: int


def approve(connection: Connection, key: str, *, recipients: int | None, now: datetime) -> str:
    """Let a held edition go; return its key. The leave is bound to its content.

    Where it is held for its audience, `recipients` must be the number of people it goes to.
    """
    row = take(connection, key)
    holds = frozenset(_json_list(row.holds))
    if row.state != EditionState.HELD or not holds:
        raise LedgerError(_not_approvable(row))
    if (recipients is not None or holds & _NEEDS_NUMBER) and recipients != row.recipients:
        raise LedgerError(_with_way_on(row, f"goes to {_people(row.recipients)}", "; to let it go, say so"))
    leave = Approval(
        channel=row.channel,
        variant=row.variant,
        article=row.article,
        content_hash=row.content_hash,
        recipients=recipients,
    )
    approve_ahead(connection, leave, now)
    _open(connection, row, now)
    return str(row.key)


def approve_ahead(connection: Connection, leave: Approval, now: datetime) -> None:
    """Remember someone's leave for a rendering that is not frozen yet."""
    connection.execute(
        insert(approval).values(
            channel=leave.channel,
            variant=leave.variant,
            article=leave.article,
            content_hash=leave.content_hash,
            recipients=leave.recipients,
            at=now,
        )
    )


def hold(connection: Connection, key: str, reason: str) -> str:
    """Stop an open edition; what is being sent at this moment is finished. Returns its key."""
    row = take(connection, key)
    if row.state != EditionState.OPEN:
        raise LedgerError(f"{row.key} cannot be held: it is {told(row)}")
    set_state(connection, row, EditionState.HELD, reason=reason)
    return str(row.key)


def release(connection: Connection, key: str, now: datetime) -> str:
    """Let an edition go on that was held by hand or by a policy; returns its key."""
    row = take(connection, key)
    if row.state != EditionState.HELD:
        raise LedgerError(f"{row.key} cannot be released: it is {told(row)}")
    if _json_list(row.holds):
        raise LedgerError(_with_way_on(row, "needs approval"))
    _open(connection, row, now)
    return str(row.key)


def way_on(row: AnyRow) -> str:
    """Name the command that lets an edition go on which is held, or is about to be."""
    holds = frozenset(_json_list(row.holds))
    if not holds:
        return f"postroom outbox release {row.key}"
    number = f" --recipients {row.recipients}" if holds & _NEEDS_NUMBER else ""
    return f"postroom outbox approve {row.key}{number}"


def ways_on(connection: Connection, keys: Iterable[str]) -> dict[str, str]:
    """Name for each of these editions the command that lets it go on."""
    return {key: way_on(take(connection, key)) for key in keys}


def cancel(connection: Connection, key: str, reason: str, now: datetime) -> Withdrawal:
    """Withdraw an edition: whoever has not got it will not. It cannot be opened again.

    One that is still being filled is emptied; whoever fills it finds out at their next batch. Of one that is finished
    only those that failed are left to decide about: they stay unsent.
    """
    row = take(connection, key)
    if row.state == EditionState.FINISHED and row.failed:
        return _give_up(connection, row)
    if row.state not in (*_LIVE, EditionState.FILLING):
        raise LedgerError(f"{row.key} cannot be cancelled: it is {told(row)}")
    return _withdraw(connection, row, reason, now)


def replace(connection: Connection, old_key: str, now: datetime) -> Withdrawal:
    """Withdraw an edition in favour of a newer revision, which goes to everybody else."""
    row = take(connection, old_key)
    if row.state == EditionState.FILLING:
        raise LedgerError(f"{row.key} cannot be replaced: it is {told(row)}")
    if row.pruned_at is not None:
        raise LedgerError(
            f"{row.key} cannot be replaced: it was pruned, and whoever got it already would get it once more"
        )
    return _withdraw(connection, row, "replaced by a newer revision", now)


def pull(connection: Connection, article_id: str, reason: str, now: datetime) -> tuple[Withdrawal, ...]:
    """Take an article back everywhere, for good; tell for each edition what cannot be recalled."""
    known = connection.execute(
        update(article).where(article.c.id == article_id).values(pulled_at=now)
    ).rowcount
    rows = connection.execute(
        select(edition).where(edition.c.article == article_id).order_by(edition.c.id).with_for_update()
    ).all()
    if not known and not rows:
        raise LedgerError(f"the ledger knows no article {article_id!r}; `postroom articles` lists them")
    return tuple(_withdraw(connection, row, reason, now) for row in rows)


def _withdraw(connection: Connection, row: AnyRow, reason: str, now: datetime) -> Withdrawal:
    if row.state == EditionState.FILLING:
        return _break_off(connection, row, reason, now)
    doubtful = move(
        connection,
        row.id,
        (DeliveryState.QUEUED, DeliveryState.UNCERTAIN),
        {"reason": f"{reason}; it may have gone out before"},
        IS_DOUBTED,
    )
    cancelled = move(connection, row.id, (DeliveryState.QUEUED, DeliveryState.CANCELLED), {"reason": reason})
    cancel_waiting(connection, row.id, reason)
    if row.state in _LIVE:
        set_state(connection, row, EditionState.CANCELLED, reason=reason, finished_at=now)
    settle(connection, [row.id], now)
    beyond = doubtful + sum(getattr(row, name) for name in BEYOND_RECALL)
    return Withdrawal(edition=row.key, cancelled=cancelled, beyond_recall=beyond)


def _give_up(connection: Connection, row: AnyRow) -> Withdrawal:
    """Leave what failed of a finished edition unsent for good; each keeps its reason."""
    cancelled = move(connection, row.id, (DeliveryState.FAILED, DeliveryState.CANCELLED), {})
    beyond = sum(getattr(row, name) for name in BEYOND_RECALL)
    return Withdrawal(edition=row.key, cancelled=cancelled, beyond_recall=beyond)


def _break_off(connection: Connection, row: AnyRow, reason: str, now: datetime) -> Withdrawal:
    """Cancel an edition of which nothing could be claimed yet, and forget whom it was for."""
    emptied = {"filler": "", "rows_read": 0, "rejected": 0, **dict.fromkeys(map(str, DeliveryState), 0)}
    set_state(connection, row, EditionState.CANCELLED, reason=reason, finished_at=now, **emptied)
    for table in (delivery, rejection):
        connection.execute(delete(table).where(table.c.edition_id == row.id))
    return Withdrawal(edition=row.key, cancelled=0, beyond_recall=0)


def _open(connection: Connection, row: AnyRow, now: datetime) -> None:
    set_state(connection, row, EditionState.OPEN, reason="", holds="[]", opened_at=row.opened_at or now)
    settle(connection, [row.id], now)


def _not_approvable(row: AnyRow) -> str:
    if row.state == EditionState.HELD:
        return _with_way_on(row, "was held by hand")
    return f"{row.key} cannot be approved: it is {told(row)}"


def _with_way_on(row: AnyRow, what: str, lead: str = "") -> str:
    """Say what a held edition needs, why, and the command, which the reason may name already."""
    command = way_on(row)
    if f"`{command}`" in row.reason:
        return f"{row.key} {what}: {row.reason}"
    return f"{row.key} {what} ({row.reason}){lead}: {command}"


def _people(count: int) -> str:
    return "1 recipient" if count == 1 else f"{count} recipients"


def _json_list(text: str) -> list[str]:
    return [str(item) for item in json.loads(text)]
