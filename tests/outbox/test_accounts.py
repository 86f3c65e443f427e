"""Counts are kept with every change and proved by a scan."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from postroom.model import Accounts, Refused, Sent
from postroom.outbox import accounts, claim, enqueue, filling, operate

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PAGE = claim.Carrier("company-page", "linkedin")
NOTHING = dict.fromkeys(("queued", "sending", "sent", "failed", "uncertain", "cancelled"), 0)


def scan(outbox) -> dict[str, int]:
    found = outbox.ledger.read(accounts.scan, 1)
    return {name: found[name] for name in NOTHING}


def test_a_scan_counts_each_state(outbox) -> None:
    outbox.freeze("ada", "bea", "cleo")
    claimed = outbox.claim(2)
    outbox.record(claimed[:1], Refused(reason="550"))
    assert scan(outbox) == NOTHING | {"queued": 1, "sending": 1, "failed": 1}


def test_a_recipient_of_several_parts_is_counted_once(outbox, make_post) -> None:
    outbox.freeze("company", parts=3, content=make_post("a", "b"))
    assert scan(outbox) == NOTHING | {"queued": 1}
    for _ in range(3):
        outbox.record(outbox.claim(carrier=PAGE), Sent(reply="201"))
    assert scan(outbox) == NOTHING | {"sent": 1}


def test_a_tally_is_added_to_its_editions_alone(outbox) -> None:
    outbox.freeze("ada")
    outbox.freeze("ada", "bea", article="other")
    before = outbox.counts("newsletter/article/other")
    with pytest.raises(KeyError):
        outbox.ledger.write(post_and_fail, Counter({(1, "queued"): -1, (1, "sent"): 1}))
    outbox.ledger.write(accounts.post, Counter({(1, "queued"): 0}))
    assert outbox.counts("newsletter/article/other") == before


def post_and_fail(connection, tally: accounts.Tally) -> None:
    accounts.post(connection, tally)
    assert accounts.scan(connection, 1)["queued"] == 1
    raise KeyError("undo it")


def test_a_mismatch_is_told_state_by_state() -> None:
    kept = Accounts(rows_read=2, recipients=2, queued=1, sent=1)
    assert accounts.mismatch(kept, NOTHING | {"queued": 1, "sent": 1}) == ""
    assert accounts.mismatch(kept, NOTHING | {"queued": 2}) == "queued is 1, found 2; sent is 1, found 0"


@pytest.mark.parametrize(
    "kept", [Accounts(rows_read=3, recipients=2, queued=2), Accounts(rows_read=3, recipients=3, queued=2)]
)
def test_sums_that_do_not_agree_are_told(kept: Accounts) -> None:
    assert accounts.mismatch(kept, NOTHING | {"queued": 2}) == "the sums do not agree"


def test_settling_leaves_an_edition_alone_that_has_work_left(outbox) -> None:
    outbox.freeze("ada")
    outbox.ledger.write(accounts.settle, [1, 1], NOW)
    assert outbox.state() == "open"


def test_parts_of_one_recipient_do_not_wait_for_anothers(outbox) -> None:
    outbox.freeze("first", "second", parts=2)
    claimed = outbox.claim()
    outbox.record(claimed[:1], Refused(reason="422"))
    assert outbox.states() == ["failed", "cancelled", "sending", "queued"]
    outbox.record(claimed[1:], Sent(reply="201"))
    outbox.record(outbox.claim(), Sent(reply="201"))
    assert outbox.states() == ["failed", "cancelled", "sent", "sent"]
    assert outbox.state() == "finished"


def test_a_recipient_suppressed_during_the_freeze_gets_no_later_part(
    outbox, make_edition, person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "BATCH", 1)

    def audience():
        yield from map(person, ("ada", "bea"))
        outbox.ledger.write(operate.suppress, "ada@example.com", "", "asked", NOW)

    enqueue.freeze(
        outbox.ledger,
        make_edition(),
        enqueue.Audience(people=audience(), rows_read=2),
        parts=2,
        now=NOW,
    )
    assert outbox.states() == ["cancelled", "cancelled", "queued", "queued"]
    assert outbox.counts() == {"rows_read": 2, "recipients": 2, "queued": 1, "cancelled": 1}
