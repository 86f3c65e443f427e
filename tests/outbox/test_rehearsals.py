"""What went to a folder is settled by a person."""

from __future__ import annotations

import pytest

from postroom.errors import LedgerError
from postroom.model import Sent
from postroom.outbox import claim, operate, status

FOLDER = claim.Carrier("mail", "folder")
FIRST, SECOND = "newsletter/article/first", "newsletter/article/second"


def rehearse(outbox) -> None:
    for article in ("first", "second"):
        outbox.freeze("ada", article=article, rehearsal=True, transport_kind="folder")
    outbox.record(outbox.claim(carrier=FOLDER), Sent(reply="written"))
    outbox.freeze("ada", article="real")


def test_rehearsals_are_named_until_they_are_settled(outbox) -> None:
    rehearse(outbox)
    assert outbox.ledger.read(operate.rehearsed) == [FIRST, SECOND]
    assert outbox.ledger.write(operate.settle_rehearsed, [FIRST], "counted") == [FIRST]
    assert outbox.ledger.read(operate.rehearsed) == [SECOND]
    assert outbox.ledger.write(operate.settle_rehearsed, None, "counted") == [SECOND]
    assert outbox.ledger.read(operate.rehearsed) == []


def test_one_to_be_sent_again_gives_its_key_free(outbox) -> None:
    rehearse(outbox)
    outbox.ledger.write(operate.settle_rehearsed, [FIRST], "resend")
    real = outbox.freeze("ada", article="first")
    assert (real.key, real.state, real.rehearsal) == (FIRST, "open", False)
    assert outbox.counts(FIRST) == {"rows_read": 1, "recipients": 1, "queued": 1}


@pytest.mark.parametrize("holds", [(), ("approval",)])
def test_what_is_sent_again_for_real_is_not_rehearsed_any_more(outbox, holds: tuple[str, ...]) -> None:
    edition = outbox.freeze(
        "ada", "bea", article="first", parts=2, rehearsal=True, transport_kind="folder", holds=holds
    )
    outbox.record(outbox.claim(1, carrier=FOLDER), Sent(reply="written"))
    outbox.ledger.write(operate.settle_rehearsed, [FIRST], "resend")
    old = f"{FIRST}~rehearsal-{edition.id}"
    assert outbox.state(old) == "cancelled"
    assert {row.delivery.reason for row in outbox.deliveries(old) if row.delivery.state == "cancelled"} == {
        "sent again for real"
    }
    assert "queued" not in outbox.states(old)
    assert outbox.ledger.read(status.reconcile) == []
    assert outbox.claim(carrier=FOLDER) == []


def test_what_was_no_rehearsal_cannot_be_settled(outbox) -> None:
    rehearse(outbox)
    with pytest.raises(LedgerError, match="was no rehearsal: it went through smtp"):
        outbox.ledger.write(operate.settle_rehearsed, ["article/real"], "counted")


def test_a_rehearsal_is_settled_once(outbox) -> None:
    rehearse(outbox)
    outbox.ledger.write(operate.settle_rehearsed, [FIRST], "counted")
    with pytest.raises(LedgerError, match="decided already: counted"):
        outbox.ledger.write(operate.settle_rehearsed, [FIRST], "resend")
