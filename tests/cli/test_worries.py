"""The sentences that tell a person what to do."""

from __future__ import annotations

from postroom.cli.worries import unsettled


def test_nothing_to_settle_is_nothing_to_say() -> None:
    assert list(unsettled(0, 0)) == []


def test_failed_and_uncertain_deliveries_have_different_cures() -> None:
    failed, uncertain = unsettled(1, 2_000)
    assert failed.startswith("1 delivery failed:")
    assert "outbox retry EDITION" in failed
    assert uncertain.startswith("2,000 deliveries may have gone out:")
    assert "outbox resolve NUMBER" in uncertain
    assert "outbox retry EDITION --uncertain" in uncertain
