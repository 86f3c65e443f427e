"""What an answer means for others than its own delivery: its edition, its domain, its address.

An edition is held where the fault is ours: its sender is refused, its message is refused ten times in a row, or more
than a tenth of the first two hundred recipients are (lists that are that wrong, or senders that are that
unwelcome, do more harm with every mail). An address is suppressed only where the answer says that the mailbox is
bad; a mailbox that is full, a policy or a reply without an enhanced code says no such thing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection, bindparam, func, select, update

from postroom.model import Deferred, EditionState, Outcome, Refused, Scope, Sent
from postroom.outbox.columns import is_state, to_moment
from postroom.outbox.hot import Among, Hot
from postroom.outbox.pace import Complaint, is_any_domain_slow, slow_down, speed_up
from postroom.outbox.rows import DELIVERED, IDENTITY, AnyRow
from postroom.outbox.suppressions import suppress
from postroom.outbox.tables import delivery, edition, subscriber

BAD_MAILBOX = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})
"""Enhanced codes that say an address leads nowhere: RFC 3463 §3.2, and 5.1.10 of RFC 7505 (null MX)."""

IN_A_ROW = 10
FIRST = 200
AT_MOST_OF_FIRST = 20

End: TypeAlias = "tuple[AnyRow, Outcome]"

_STOP = (
    update(edition)
    .where(edition.c.id == bindparam("edition"), is_state(edition.c.state, EditionState.OPEN))
    .values(
        state=EditionState.HELD.value,
        reason=bindparam("said") + "; when that is mended: postroom outbox release " + edition.c.key,
    )
)
_REFUSED_IN_ROW = (
    update(edition)
    .where(edition.c.id == bindparam("edition"))
    .values(refused_in_row=edition.c.refused_in_row + bindparam("more"))
    .returning(edition.c.refused_in_row)
)
_TRIED = select(edition.c.sent, edition.c.failed, edition.c.greeting).where(
    edition.c.id == bindparam("edition")
)
_WHOSE = Hot(
    select(
        IDENTITY.label("identity"),
        func.coalesce(delivery.c.address, subscriber.c.address).label("address"),
        func.coalesce(delivery.c.domain, subscriber.c.domain).label("domain"),
    )
    .select_from(DELIVERED)
    .where(Among(delivery.c.id))
)


def draw(connection: Connection, ends: Sequence[End], now: datetime) -> None:
    """Draw the consequences of answers that are recorded and counted already."""
    refused = [(row, outcome) for row, outcome in ends if isinstance(outcome, Refused)]
    if refused:
        for edition_id in sorted({row.edition_id for row, _ in refused}):
            _judge_edition(connection, edition_id, [end for end in ends if end[0].edition_id == edition_id])
        for row, outcome in refused:
            _judge_address(connection, row, outcome, now)
    _judge_domains(connection, ends, now)


def _judge_edition(connection: Connection, edition_id: int, ends: Sequence[End]) -> None:
    why = _why_hold(connection, edition_id, ends)
    if why:
        stop(connection, edition_id, why)


def stop(connection: Connection, edition_id: int, why: str) -> None:
    """Hold an open edition for a person, who is told the command that lets it go."""
    connection.execute(_STOP, {"edition": edition_id, "said": why})


def _why_hold(connection: Connection, edition_id: int, ends: Sequence[End]) -> str:
    """Say why an edition must not go on; empty where it may."""
    for _, outcome in ends:
        if isinstance(outcome, Refused) and outcome.scope is Scope.EDITION:
            return outcome.reason
    return _too_many_in_row(connection, edition_id, ends) or _too_many_at_first(connection, edition_id, ends)


def _too_many_in_row(connection: Connection, edition_id: int, ends: Sequence[End]) -> str:
    """Count refusals of the message since it was last taken (which set the count to nought)."""
    streak, reason = 0, ""
    for _, outcome in ends:
        if isinstance(outcome, Sent):
            streak = 0
        elif isinstance(outcome, Refused) and outcome.of_content:
            streak, reason = streak + 1, outcome.reason
    if not streak:
        return ""
    number = connection.execute(_REFUSED_IN_ROW, {"edition": edition_id, "more": streak}).scalar_one()
    return f"the message was refused {number} times in a row ({reason})" if number >= IN_A_ROW else ""


def _too_many_at_first(connection: Connection, edition_id: int, ends: Sequence[End]) -> str:
    """Count refusals among the first recipients; of a turn that goes beyond those, the last answers do not count."""
    tried = connection.execute(_TRIED, {"edition": edition_id}).one()
    if tried.greeting:  # strangers typed these addresses, and may mean harm to whoever waits with them
        return ""
    number = tried.sent + tried.failed
    beyond = max(0, number - FIRST)
    final = [outcome for _, outcome in ends if isinstance(outcome, Sent | Refused)]
    if beyond >= len(final):
        return ""
    later = final[len(final) - beyond :]
    failed = tried.failed - sum(isinstance(outcome, Refused) for outcome in later)
    before = tried.failed - sum(isinstance(outcome, Refused) for outcome in final)
    if failed <= AT_MOST_OF_FIRST or before > AT_MOST_OF_FIRST:  # a person who let it go has decided
        return ""
    return f"{failed} of the first {number - beyond} recipients were refused; look at the audience and the sender"


def _judge_address(connection: Connection, row: AnyRow, outcome: Refused, now: datetime) -> None:
    """Suppress an address that leads nowhere."""
    if outcome.scope is not Scope.RECIPIENT or outcome.of_content or outcome.enhanced not in BAD_MAILBOX:
        return
    whose = _WHOSE.rows(connection, ids=[row.id])[0]
    suppress(connection, whose.identity, whose.address, f"bounced ({outcome.enhanced})", now, source=row.key)


def _judge_domains(connection: Connection, ends: Sequence[End], now: datetime) -> None:
    """Slow down the domains that ask for it, and trust those a little more that take what they get."""
    for row, outcome in ends:
        if isinstance(outcome, Deferred) and outcome.scope is Scope.DOMAIN:
            domain = _WHOSE.rows(connection, ids=[row.id])[0].domain
            heard = Complaint(
                transport=row.transport, domain=domain, begun=to_moment(row.begun_at), asked=outcome.after
            )
            slow_down(connection, heard, now)
    for transport in {row.transport for row, _ in ends}:
        if is_any_domain_slow(connection, transport):
            speed_up(connection, transport, _taken(connection, transport, ends), now)


def _taken(connection: Connection, transport: str, ends: Iterable[End]) -> Counter[str]:
    """Count what was sent through `transport`, by domain."""
    sent = [row.id for row, outcome in ends if row.transport == transport and isinstance(outcome, Sent)]
    return Counter(row.domain for row in _WHOSE.rows(connection, ids=sent))
