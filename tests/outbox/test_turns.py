"""Turns: results in, new messages out, and what nobody sent is given back unspent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from postroom.model import Deferred, Refused, Scope, Sent
from postroom.outbox import claim, operate, record, recover, status, turns
from postroom.outbox.tables import delivery

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=10)
MAIL = claim.Carrier("mail", "smtp")
ME = claim.Hand(carrier=MAIL, owner="host-a:1")


def turn(outbox, sent: list[claim.Claimed], room: int, hand: claim.Hand = ME) -> list[claim.Claimed]:
    results = [record.Result(delivery_id=one.delivery.id, outcome=Sent(reply="250")) for one in sent]
    return outbox.ledger.write(turns.turn, hand, results, room, NOW)


def unbegin(outbox, claimed: list[claim.Claimed], owner: str = "host-a:1") -> None:
    outbox.ledger.write(claim.unbegin, [one.delivery.id for one in claimed], owner)


def test_a_turn_records_and_claims_in_one_transaction(outbox) -> None:
    outbox.freeze("ada", "bea", "cleo")
    first = turn(outbox, [], 2)
    second = turn(outbox, first, 2)
    assert [one.delivery.recipient.name for one in second] == ["Cleo"]
    assert outbox.counts() == {"rows_read": 3, "recipients": 3, "sending": 1, "sent": 2}
    assert turn(outbox, second, 2) == []
    assert outbox.state() == "finished"


def test_a_turn_without_room_only_records(outbox) -> None:
    outbox.freeze("ada", "bea")
    assert turn(outbox, turn(outbox, [], 1), 0) == []
    assert outbox.states() == ["sent", "queued"]


@pytest.mark.sqlite_only
def test_a_turn_writes_to_the_edition_once_after_all_else(outbox) -> None:
    outbox.freeze(*(f"p{number}" for number in range(30)))
    first = turn(outbox, [], 10)
    told: list[str] = []
    outbox.ledger.write(lambda c: c.connection.driver_connection.set_trace_callback(told.append))
    turn(outbox, first, 10)
    steps = [" ".join(one.split()[:3]) for one in told if not one.startswith("--")]
    steps = steps[steps.index("BEGIN IMMEDIATE") :]
    assert len(dict.fromkeys(steps)) <= 9
    assert [step for step in steps if step.startswith(("UPDATE edition", "COMMIT"))] == steps[-2:]
    assert outbox.counts() == {"rows_read": 30, "recipients": 30, "queued": 10, "sending": 10, "sent": 10}


def test_a_turn_closes_only_what_is_still_its_owners(outbox) -> None:
    outbox.freeze("ada", "bea", "cleo")
    taken = turn(outbox, [], 3)
    unbegin(outbox, taken[:1])
    results = [record.Result(delivery_id=one.delivery.id, outcome=Sent(reply="250")) for one in taken]
    assert outbox.ledger.write(record.record, ME.owner, results, NOW) == [taken[0].delivery.id]
    assert outbox.states() == ["queued", "sent", "sent"]
    assert outbox.counts() == {"rows_read": 3, "recipients": 3, "queued": 1, "sent": 2}
    tried = outbox.ledger.read(status.show, "newsletter/article/post-rooms").attempts
    assert len(tried) == 2
    assert outbox.ledger.write(record.record, ME.owner, results[1:], NOW) == [2, 3], "nor twice"


def test_a_part_that_got_no_name_still_makes_the_next_one_due(outbox, make_post) -> None:
    outbox.freeze("company", parts=2, content=make_post("one", "two"))
    carrier = claim.Carrier("company-page", "linkedin")
    hand = claim.Hand(carrier=carrier, owner=ME.owner)
    (second,) = turn(outbox, turn(outbox, [], 9, hand), 9, hand)
    assert (second.delivery.part, second.delivery.parent_id) == (1, None)
    assert turn(outbox, [second], 9, hand) == []
    assert outbox.state() == "finished"
    assert outbox.counts() == {"rows_read": 1, "recipients": 1, "sent": 1}


def test_a_mail_that_was_taken_leaves_the_same_in_whatever_company_it_is(outbox) -> None:
    """All sent, they are written at one go; with another among them, each for itself."""
    outbox.freeze("ada", "bea", article="one")
    outbox.freeze("ada", "bea", article="two")
    turn(outbox, turn(outbox, [], 2), 0)
    ada, bea = turn(outbox, [], 2)
    results = [
        record.Result(delivery_id=ada.delivery.id, outcome=Sent(reply="250")),
        record.Result(delivery_id=bea.delivery.id, outcome=Refused(reason="550")),
    ]
    outbox.ledger.write(record.record, ME.owner, results, NOW)
    left = [
        row
        for row in outbox.ledger.read(lambda c: c.execute(select(delivery).order_by("id")).mappings().all())
        if row["state"] == "sent"
    ]
    own = {"id", "edition_id"}
    told = [{name: row[name] for name in row if name not in own and row["recipient"] == 1} for row in left]
    assert told[0] == told[-1]
    tries = [
        outbox.ledger.read(status.show, f"newsletter/article/{name}").attempts[0] for name in ("one", "two")
    ]
    assert [(one.outcome, one.reply, one.number, one.at, one.ended_at) for one in tries] == [
        ("sent", "250", 1, NOW, NOW)
    ] * 2


def test_what_is_put_off_in_a_turn_may_be_taken_in_the_same(outbox) -> None:
    outbox.freeze("ada")
    (one,) = turn(outbox, [], 1)
    later = record.Result(delivery_id=one.delivery.id, outcome=Deferred(reason="451"), retry_at=NOW)
    (again,) = outbox.ledger.write(turns.turn, ME, [later], 1, NOW)
    assert again.delivery.attempts == 1
    assert outbox.counts() == {"rows_read": 1, "recipients": 1, "sending": 1}


def test_a_turn_takes_nothing_more_of_an_edition_that_it_stops(outbox) -> None:
    outbox.freeze("ada", "bea", "cleo")
    one, two = turn(outbox, [], 2)
    results = [
        record.Result(delivery_id=one.delivery.id, outcome=Refused(reason="553", scope=Scope.EDITION)),
        record.Result(delivery_id=two.delivery.id, outcome=Sent(reply="250")),
    ]
    assert outbox.ledger.write(turns.turn, ME, results, 5, NOW) == []
    assert outbox.counts() == {"rows_read": 3, "recipients": 3, "queued": 2, "sent": 1}
    assert outbox.state() == "held"


def test_what_was_not_sent_costs_no_attempt(outbox) -> None:
    outbox.freeze("ada", "bea")
    unbegin(outbox, outbox.claim(1))
    assert outbox.counts() == {"rows_read": 2, "recipients": 2, "queued": 2}
    first = outbox.deliveries()[0].delivery
    assert (first.attempts, first.first_begun_at) == (0, None)
    assert [one.delivery.attempts for one in outbox.claim(owner="other")] == [1, 1]


def test_the_time_of_an_earlier_attempt_is_kept(outbox) -> None:
    outbox.freeze("ada")
    outbox.record(outbox.claim(), Deferred(reason="451"), retry_at=LATER)
    unbegin(outbox, outbox.claim(now=LATER))
    first = outbox.deliveries()[0].delivery
    assert (first.attempts, first.first_begun_at) == (1, NOW)


def test_nobody_takes_back_what_another_sends(outbox) -> None:
    outbox.freeze("ada")
    unbegin(outbox, outbox.claim(), owner="other")
    assert outbox.states() == ["sending"]


def test_what_is_taken_back_of_a_cancelled_edition_is_cancelled(outbox) -> None:
    outbox.freeze("ada", "bea")
    claimed = outbox.claim(1)
    outbox.ledger.write(operate.cancel, "post-rooms", "a mistake", NOW)
    unbegin(outbox, claimed)
    assert outbox.states() == ["cancelled", "cancelled"]
    assert outbox.counts() == {"rows_read": 2, "recipients": 2, "cancelled": 2}


def test_what_is_taken_back_of_a_held_edition_waits_there(outbox) -> None:
    outbox.freeze("ada")
    claimed = outbox.claim()
    outbox.ledger.write(operate.hold, "post-rooms", "stop")
    unbegin(outbox, claimed)
    assert (outbox.states(), outbox.claim()) == (["queued"], [])
    outbox.ledger.write(operate.release, "post-rooms", NOW)
    assert len(outbox.claim()) == 1


def test_whoever_is_suppressed_while_in_hand_gets_nothing_when_taken_back(outbox) -> None:
    outbox.freeze("ada")
    claimed = outbox.claim()
    outbox.ledger.write(operate.suppress, "ada@example.com", "", "asked", NOW)
    unbegin(outbox, claimed)
    assert outbox.claim() == []
    assert outbox.states() == ["cancelled"]


@pytest.mark.parametrize("begin", [True, False])
def test_the_last_turn_gives_back_what_is_left(outbox, begin: bool) -> None:
    outbox.freeze("ada", "bea", "cleo")
    claimed = outbox.claim(begin=begin)
    sent = Sent(reply="250")
    results = [record.Result(delivery_id=claimed[0].delivery.id, outcome=sent)] if begin else []
    left = [one.delivery.id for one in claimed[len(results) :]]
    outbox.ledger.write(turns.last_turn, ME, results, left, NOW)
    assert outbox.counts().get("sent", 0) == len(results)
    assert [one.delivery.attempts for one in outbox.claim(owner="other")] == [1] * (3 - len(results))


def test_what_an_owner_has_in_hand_from_before_is_judged_and_nothing_of_other_transports(outbox) -> None:
    outbox.freeze("ada", "bea")
    outbox.freeze("ada", article="other", transport="backup")
    outbox.claim(1)
    outbox.claim(1, begin=False)
    outbox.claim(carrier=claim.Carrier("backup", "smtp"))
    found = outbox.ledger.write(recover.recover_own, ME, NOW, idempotent=False)
    assert (found.freed, len(found.repeats)) == (1, 1)
    assert outbox.states("newsletter/article/post-rooms") == ["queued", "queued"]
    assert outbox.states("newsletter/article/other") == ["sending"]
    assert [one.delivery.recipient.name for one in outbox.claim(owner="other")] == ["Bea"]


def test_what_nobody_knows_to_be_claimed_is_taken_back_unspent(outbox) -> None:
    outbox.freeze("ada", "bea", "cleo")
    outbox.freeze("ada", article="other", transport="backup")
    known, *_ = outbox.claim(2)
    outbox.claim(1, begin=False)
    outbox.claim(carrier=claim.Carrier("backup", "smtp"))
    assert outbox.ledger.write(recover.take_back, ME, {known.delivery.id}) == 2
    assert outbox.states("newsletter/article/post-rooms") == ["sending", "queued", "queued"]
    assert outbox.states("newsletter/article/other") == ["sending"]
    taken = outbox.claim(owner="other")
    assert [(one.delivery.recipient.name, one.delivery.attempts) for one in taken] == [
        ("Bea", 1),
        ("Cleo", 1),
    ]
    assert outbox.ledger.write(recover.take_back, ME, {known.delivery.id}) == 0
