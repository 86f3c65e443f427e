"""A proposal can be taken back as if it had not been made."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from postroom.errors import LedgerError
from postroom.outbox import history
from postroom.outbox.withdrawals import withdraw

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def test_a_withdrawn_edition_is_forgotten_and_its_key_free(outbox) -> None:
    first = outbox.freeze("ada", holds=("approval",))
    done = outbox.ledger.write(withdraw, first.key, "rendered anew", NOW)
    assert done.cancelled == 1
    assert outbox.ledger.read(history.read).editions == {}
    again = outbox.freeze("ada", holds=("approval",), content_hash="new")
    assert (again.key, again.state) == (first.key, "held")
    assert outbox.counts(first.key) == {"rows_read": 1, "recipients": 1, "queued": 1}


def test_what_has_gone_out_cannot_be_withdrawn(outbox) -> None:
    from postroom.model import Sent

    outbox.freeze("ada")
    outbox.record(outbox.claim(), Sent(reply="250"))
    with pytest.raises(LedgerError, match="finished"):
        outbox.ledger.write(withdraw, "post-rooms", "late", NOW)
