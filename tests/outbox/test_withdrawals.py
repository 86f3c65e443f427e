"""A proposal can be taken back as if it had not been made."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from postroom.model import Sent
from postroom.outbox import history, operate, status
from postroom.outbox.withdrawals import withdraw

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def approve(outbox, key: str) -> None:
    outbox.ledger.write(operate.approve, key, recipients=None, now=NOW)


def approve_and_hold(outbox, key: str) -> None:
    approve(outbox, key)
    outbox.ledger.write(operate.hold, key, "wait")


def test_a_withdrawn_edition_is_forgotten_and_its_key_free(outbox) -> None:
    first = outbox.freeze("ada", holds=("approval",))
    done = outbox.ledger.write(withdraw, first.key, "rendered anew", NOW)
    assert done.cancelled == 1
    assert outbox.ledger.read(history.read).editions == {}
    again = outbox.freeze("ada", holds=("approval",), content_hash="new")
    assert (again.key, again.state) == (first.key, "held")
    assert outbox.counts(first.key) == {"rows_read": 1, "recipients": 1, "queued": 1}


def test_what_has_gone_out_cannot_be_withdrawn(outbox) -> None:
    first = outbox.freeze("ada")
    outbox.record(outbox.claim(), Sent(reply="250"))
    assert outbox.ledger.write(withdraw, first.key, "late", NOW) is None
    assert outbox.state(first.key) == "finished"


@pytest.mark.parametrize("let_go", [approve, approve_and_hold])
def test_a_proposal_that_was_let_go_is_not_withdrawn(outbox, let_go) -> None:
    first = outbox.freeze("ada", "bea", holds=("approval",))
    let_go(outbox, first.key)
    state = outbox.state()
    assert outbox.ledger.write(withdraw, first.key, "rendered anew", NOW) is None
    assert (outbox.state(), outbox.counts()["queued"]) == (state, 2)


def test_a_proposal_is_withdrawn_although_somebody_was_suppressed_meanwhile(outbox) -> None:
    first = outbox.freeze("ada", "bea", parts=2, holds=("approval",))
    outbox.ledger.write(operate.suppress, "ada@example.com", "ada@example.com", "asked", NOW)
    assert outbox.ledger.write(withdraw, first.key, "rendered anew", NOW).cancelled == 1
    assert outbox.ledger.read(status.reconcile) == []
