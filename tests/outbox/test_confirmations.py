"""Topics that asked to be confirmed are remembered while their tokens are good."""

from __future__ import annotations

from datetime import timedelta

from postroom.outbox import confirmations, meta
from postroom.outbox.confirmations import VALID, Asked

from .conftest import NOW

ONE, OTHER = "arn:aws:sns:eu-west-1:123456789012:bounces", "arn:aws:sns:eu-west-1:123456789012:complaints"


def test_the_latest_token_of_each_topic_counts(outbox) -> None:
    for topic, token in ((ONE, "old"), (OTHER, "other"), (ONE, "new")):
        outbox.ledger.write(confirmations.keep, topic, token, NOW)
    found = outbox.ledger.read(confirmations.asked, NOW)
    assert found == (Asked(topic=ONE, token="new", at=NOW), Asked(topic=OTHER, token="other", at=NOW))


def test_a_token_that_is_no_longer_good_is_not_told(outbox) -> None:
    outbox.ledger.write(confirmations.keep, ONE, "t", NOW)
    assert outbox.ledger.read(confirmations.asked, NOW + VALID - timedelta(seconds=1))
    assert outbox.ledger.read(confirmations.asked, NOW + VALID) == ()


def test_what_else_the_ledger_keeps_is_no_topic(outbox) -> None:
    outbox.ledger.write(meta.put, "sns_confirmations", "x")
    assert outbox.ledger.read(confirmations.asked, NOW) == ()
