"""What waits is told by transport, with its time and its reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from postroom.model import Deferred, Scope, Sent
from postroom.outbox import operate
from postroom.outbox.backlogs import Backlog, backlogs

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=10)


def test_an_empty_outbox_has_no_backlog(outbox) -> None:
    assert outbox.ledger.read(backlogs, NOW) == ()
    outbox.freeze("ada")
    outbox.record(outbox.claim(), Sent(reply="250"))
    assert outbox.ledger.read(backlogs, NOW) == ()


def test_what_was_put_off_is_told_with_its_time_and_reason(outbox) -> None:
    outbox.freeze("ada", "bea")
    outbox.record(outbox.claim(), Deferred(reason="451 later"), retry_at=LATER)
    (told,) = outbox.ledger.read(backlogs, NOW)
    assert told == Backlog(
        transport="mail", kind="smtp", queued=2, until=LATER, reason="451 later", is_paused=False
    )


def test_what_waits_for_another_kind_of_the_same_name_is_told_apart(outbox) -> None:
    outbox.freeze("ada")
    outbox.freeze("ada", "bea", article="old", rehearsal=True, transport_kind="folder")
    told = outbox.ledger.read(backlogs, NOW)
    assert [(each.transport, each.kind, each.queued) for each in told] == [
        ("mail", "folder", 2),
        ("mail", "smtp", 1),
    ]


def test_a_pause_tells_its_own_reason(outbox) -> None:
    outbox.freeze("ada")
    outbox.record(outbox.claim(), Deferred(reason="not begun", scope=Scope.TRANSPORT), retry_at=NOW)
    outbox.ledger.write(
        lambda c: operate.pause_transport(c, "mail", "connection refused", until=LATER, now=NOW)
    )
    (told,) = outbox.ledger.read(backlogs, NOW)
    assert (told.until, told.reason, told.is_paused) == (LATER, "connection refused", True)
