"""What followed from answers beyond their deliveries is told, once, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from postroom.model import Refused, Scope, Sent
from postroom.outbox import operate, record
from postroom.outbox.aftermath import Aftermath, Held, Suppressed, momentous, witness

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
KEY = "newsletter/article/post-rooms"
GONE = Refused(reason="550 5.1.1 nobody here", enhanced="5.1.1")
STOP = Refused(reason="553 5.7.1 not your address", scope=Scope.EDITION)


def answer(outbox, outcome, now=NOW) -> Aftermath:
    """Send one message and record its answer before a witness."""
    (one,) = outbox.claim(1, now=now)
    results = [record.Result(delivery_id=one.delivery.id, outcome=outcome, retry_at=now)]
    strange, after = outbox.ledger.write(
        witness, momentous(results), now, record.record, "host-a:1", results, now
    )
    assert strange == []
    return after


def test_who_is_suppressed_is_told_with_the_delivery_that_showed_it(outbox) -> None:
    outbox.freeze("ada", "bea")
    told = Suppressed(delivery=1, edition=KEY, address="ada@example.com", reason="bounced (5.1.1)")
    assert answer(outbox, GONE) == Aftermath(suppressed=(told,))


def test_who_was_suppressed_before_is_not_told_again(outbox) -> None:
    outbox.freeze("ada", "bea")
    (one,) = outbox.claim(1)
    outbox.ledger.write(operate.suppress, "ada@example.com", "ada@example.com", "asked", NOW)
    later = NOW + timedelta(minutes=1)
    results = [record.Result(delivery_id=one.delivery.id, outcome=GONE)]
    _, after = outbox.ledger.write(
        witness, momentous(results), later, record.record, "host-a:1", results, later
    )
    assert after == Aftermath()


def test_an_edition_that_stops_is_told_each_time_it_does(outbox) -> None:
    outbox.freeze("ada", "bea")
    for minutes in (0, 5):
        (held,) = answer(outbox, STOP, NOW + timedelta(minutes=minutes)).held
        assert isinstance(held, Held)
        assert held.reason.startswith("553 5.7.1 not your address; ")
        outbox.ledger.write(operate.release, KEY, NOW)


def test_what_was_taken_concerns_nobody_else() -> None:
    assert momentous([record.Result(delivery_id=1, outcome=Sent(reply="250 ok"))]) == []
