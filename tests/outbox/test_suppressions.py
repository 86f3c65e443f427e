"""Who asked to be left alone is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from postroom.model import Sent
from postroom.outbox import enqueue, filling, operate

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ADA = "ada@example.com"


def suppress(outbox, identity: str = ADA, reason: str = "asked") -> int:
    return outbox.ledger.write(lambda c: operate.suppress(c, identity, identity, reason, NOW, source="cli"))


def test_suppressing_cancels_what_is_queued_everywhere(outbox) -> None:
    outbox.freeze("ada", "bea")
    outbox.freeze("ada", article="held", holds=("late",))
    assert suppress(outbox) == 2
    assert outbox.states() == ["cancelled", "queued", "cancelled"]
    assert outbox.deliveries()[0].delivery.reason == "suppressed: asked"
    assert outbox.counts("newsletter/article/held") == {"rows_read": 1, "recipients": 1, "cancelled": 1}


def test_what_is_on_its_way_or_gone_is_not_recalled(outbox) -> None:
    outbox.freeze("ada", article="gone")
    outbox.record(outbox.claim(), Sent(reply="250"))
    outbox.freeze("ada", article="going")
    outbox.claim()
    assert suppress(outbox) == 0
    assert outbox.states() == ["sent", "sending"]


def test_the_last_recipient_suppressed_finishes_the_edition(outbox) -> None:
    outbox.freeze("ada")
    suppress(outbox)
    assert outbox.state() == "finished"


def test_suppressing_twice_keeps_the_first_reason(outbox) -> None:
    suppress(outbox, reason="asked")
    suppress(outbox, reason="bounced")
    (one,) = outbox.ledger.read(operate.suppressions)
    assert (one.identity, one.reason, one.at, one.source) == (ADA, "asked", NOW, "cli")


def test_a_suppression_can_be_lifted(outbox) -> None:
    suppress(outbox)
    assert outbox.ledger.read(operate.is_suppressed, ADA)
    assert outbox.ledger.write(operate.unsuppress, ADA)
    assert not outbox.ledger.write(operate.unsuppress, ADA)
    assert not outbox.ledger.read(operate.is_suppressed, ADA)
    outbox.freeze("ada")
    assert len(outbox.claim()) == 1


def test_suppression_while_an_edition_is_being_filled_is_honoured(
    outbox, make_edition, person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "BATCH", 1)

    def audience():
        yield from map(person, ("ada", "bea"))
        suppress(outbox)

    given = enqueue.Audience(people=audience(), rows_read=2)
    enqueue.freeze(outbox.ledger, make_edition(), given, parts=1, now=NOW)
    assert outbox.counts() == {"rows_read": 2, "recipients": 2, "queued": 1, "cancelled": 1}
