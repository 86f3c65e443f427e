"""Claiming: what is due, once, and nobody who asked to be left alone."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from postroom.model import Deferred, Sent
from postroom.outbox import Ledger, claim, operate, status, upcoming
from postroom.outbox.tables import edition

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
MAIL = claim.Carrier("mail", "smtp")


def begin(outbox, claimed, *, owner: str = "host-a:1", now: datetime = NOW) -> list[int]:
    return outbox.ledger.write(claim.begin, [one.delivery.id for one in claimed], owner, now)


def suppress(outbox, name: str) -> int:
    address = f"{name}@example.com"
    return outbox.ledger.write(operate.suppress, address, address, "asked", NOW)


def suppress_silently(outbox, name: str) -> None:
    """As another program would: the entry alone, without the queue being told."""
    insert = f"INSERT INTO suppression (identity, reason, at) VALUES ('{name}@example.com', 'asked', 0)"
    outbox.ledger.write(lambda connection: connection.exec_driver_sql(insert))


def test_a_claim_with_begin_is_sending_and_counts_the_attempt(outbox) -> None:
    outbox.freeze("ada", "bea")
    claimed = outbox.claim()
    assert [one.delivery.recipient.merge["first_name"] for one in claimed] == ["ada", "bea"]
    first = claimed[0].delivery
    assert (first.state, first.attempts, first.first_begun_at) == ("sending", 1, NOW)
    assert claimed[0].edition.content.subject == "On post rooms"
    assert outbox.counts() == {"rows_read": 2, "recipients": 2, "sending": 2}


def test_what_is_claimed_is_not_claimed_again(outbox) -> None:
    outbox.freeze("ada", "bea", "cleo")
    first, second, third = outbox.claim(2), outbox.claim(2), outbox.claim(2)
    ids = [one.delivery.id for one in first + second]
    assert (len(first), len(second), len(third)) == (2, 1, 0)
    assert len(set(ids)) == 3


def test_what_is_reserved_is_queued_until_begin(outbox) -> None:
    outbox.freeze("ada")
    reserved = outbox.claim(begin=False)
    assert outbox.counts() == {"rows_read": 1, "recipients": 1, "queued": 1}
    assert outbox.claim(owner="other") == []
    assert begin(outbox, reserved) == [reserved[0].delivery.id]
    assert outbox.deliveries()[0].delivery.attempts == 1
    assert outbox.counts() == {"rows_read": 1, "recipients": 1, "sending": 1}


def test_begin_is_refused_to_whoever_does_not_hold_it(outbox) -> None:
    outbox.freeze("ada")
    reserved = outbox.claim(begin=False)
    assert begin(outbox, reserved, owner="other") == []
    assert outbox.states() == ["queued"]


def test_a_reservation_never_runs_out_while_its_owner_lives(outbox) -> None:
    outbox.freeze("ada")
    slept = outbox.claim(begin=False)
    assert outbox.claim(begin=False, owner="other", now=NOW + timedelta(days=9)) == []
    assert begin(outbox, slept, now=NOW + timedelta(days=9)) == [slept[0].delivery.id]


def test_beginning_twice_counts_once(outbox) -> None:
    outbox.freeze("ada")
    reserved = outbox.claim(begin=False)
    assert (len(begin(outbox, reserved)), len(begin(outbox, reserved))) == (1, 0)
    assert outbox.deliveries()[0].delivery.attempts == 1


def test_the_eldest_edition_goes_first(outbox) -> None:
    outbox.freeze("ada", article="second", due_at=NOW - MINUTE)
    outbox.freeze("bea", article="first", due_at=NOW - 2 * MINUTE)
    assert [one.edition.article for one in outbox.claim(1)] == ["first"]
    assert [one.edition.article for one in outbox.claim(5)] == ["second"]


def test_who_joins_waits_for_no_newsletter(outbox) -> None:
    outbox.freeze("ada", article="newsletter", due_at=NOW - MINUTE)
    outbox.freeze("grace", article="confirm")
    greets = update(edition).where(edition.c.article == "confirm").values(greeting="confirm")
    outbox.ledger.write(lambda connection: connection.execute(greets))
    assert [each.edition.article for each in outbox.claim(5)] == ["confirm", "newsletter"]


@pytest.mark.parametrize("other", [claim.Carrier("other", "smtp"), claim.Carrier("mail", "folder")])
def test_only_the_transport_of_that_name_and_kind_is_served(outbox, other: claim.Carrier) -> None:
    outbox.freeze("ada")
    assert outbox.claim(carrier=other) == []
    assert next_due(outbox, other) is None
    assert len(outbox.claim()) == 1


@pytest.mark.parametrize("until", [None, NOW + MINUTE])
def test_a_paused_transport_gives_nothing(outbox, until: datetime | None) -> None:
    outbox.freeze("ada")
    outbox.ledger.write(lambda c: operate.pause_transport(c, "mail", "535 no", until=until, now=NOW))
    assert outbox.claim() == []
    outbox.ledger.write(operate.resume_transport, "mail")
    assert len(outbox.claim()) == 1


def test_a_pause_ends_by_itself(outbox) -> None:
    outbox.freeze("ada")
    outbox.ledger.write(lambda c: operate.pause_transport(c, "mail", "421", until=NOW + MINUTE, now=NOW))
    assert outbox.claim(now=NOW + MINUTE) != []


def test_whoever_was_suppressed_before_the_claim_is_cancelled(outbox) -> None:
    outbox.freeze("ada", "bea")
    suppress_silently(outbox, "ada")
    assert [one.delivery.recipient.merge["first_name"] for one in outbox.claim()] == ["bea"]
    assert outbox.states() == ["cancelled", "sending"]
    assert outbox.deliveries()[0].delivery.reason == claim.SUPPRESSED
    assert outbox.counts() == {"rows_read": 2, "recipients": 2, "sending": 1, "cancelled": 1}


def test_an_edition_whose_last_recipient_was_suppressed_is_finished(outbox) -> None:
    outbox.freeze("ada")
    suppress_silently(outbox, "ada")
    assert outbox.claim() == []
    assert outbox.state() == "finished"


@pytest.mark.parametrize("how", [suppress, suppress_silently])
def test_whoever_is_suppressed_between_claim_and_begin_is_not_written_to(outbox, how) -> None:
    outbox.freeze("ada", "bea")
    reserved = outbox.claim(begin=False)
    how(outbox, "ada")
    assert begin(outbox, reserved) == [reserved[1].delivery.id]
    assert outbox.states() == ["cancelled", "sending"]


def test_an_edition_held_between_claim_and_begin_does_not_go_on(outbox) -> None:
    outbox.freeze("ada")
    reserved = outbox.claim(begin=False)
    outbox.ledger.write(operate.hold, "post-rooms", "stop")
    assert begin(outbox, reserved) == []
    outbox.ledger.write(operate.release, "post-rooms", NOW)
    assert len(outbox.claim(owner="other")) == 1


def test_what_is_given_back_is_anybodys_and_spends_nothing(outbox) -> None:
    outbox.freeze("ada")
    reserved = outbox.claim(begin=False)
    ids = [reserved[0].delivery.id]
    later = NOW + MINUTE

    def give_back(connection) -> None:
        claim.give_back(connection, ids, "host-a:1", due_at=later, reason="busy", progress={"asset": "1"})

    outbox.ledger.write(give_back)
    assert outbox.claim(owner="other") == []
    again = outbox.claim(owner="other", now=later)[0].delivery
    assert (again.attempts, again.reason, again.progress) == (1, "busy", {"asset": "1"})


def test_nobody_gives_back_what_another_holds(outbox) -> None:
    outbox.freeze("ada")
    reserved = outbox.claim(begin=False)
    outbox.ledger.write(claim.give_back, [reserved[0].delivery.id], "other")
    assert outbox.claim(owner="third") == []


def test_progress_is_kept_for_the_next_attempt(outbox) -> None:
    outbox.freeze("ada")
    one = outbox.claim(begin=False)[0].delivery
    outbox.ledger.write(claim.keep_progress, one.id, "host-a:1", {"image": "urn:1"})
    outbox.ledger.write(claim.give_back, [one.id], "host-a:1")
    assert outbox.claim()[0].delivery.progress == {"image": "urn:1"}


def next_due(outbox, carrier: claim.Carrier = MAIL) -> datetime | None:
    return outbox.ledger.read(upcoming.next_claim, claim.Hand(carrier=carrier, owner=""), NOW)


def test_the_next_due_moment_is_the_soonest_of_open_editions(outbox) -> None:
    assert next_due(outbox) is None
    outbox.freeze("ada", article="later", due_at=NOW + 5 * MINUTE)
    outbox.freeze("ada", article="sooner", due_at=NOW + 2 * MINUTE)
    outbox.freeze("ada", article="held", due_at=NOW, holds=("late",))
    assert next_due(outbox) == NOW + 2 * MINUTE
    assert next_due(outbox, claim.Carrier("other", "smtp")) is None


def test_what_is_in_hand_or_sent_is_not_due(outbox) -> None:
    outbox.freeze("ada", "bea")
    outbox.claim(1, begin=False)
    outbox.record(outbox.claim(1), Sent(reply="250"))
    assert next_due(outbox) is None


def test_a_deferred_delivery_is_due_when_it_was_put_off_to(outbox) -> None:
    outbox.freeze("ada")
    outbox.record(outbox.claim(), Deferred(reason="451"), retry_at=NOW + MINUTE)
    assert next_due(outbox) == NOW + MINUTE


def test_a_pause_puts_the_next_due_moment_off(outbox) -> None:
    outbox.freeze("ada")
    outbox.ledger.write(lambda c: operate.pause_transport(c, "mail", "421", until=NOW + MINUTE, now=NOW))
    assert next_due(outbox) == NOW + MINUTE
    outbox.ledger.write(lambda c: operate.pause_transport(c, "mail", "535", until=None, now=NOW))
    assert next_due(outbox) is None


CLAIM_ALL = """
import sys
from datetime import UTC, datetime
from postroom.outbox import Ledger, claim
now = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
begins = sys.argv[3] == "begins"
hand = claim.Hand(carrier=claim.Carrier("mail", "smtp"), owner=sys.argv[2], begins=begins)
with Ledger(sys.argv[1]) as ledger:
    empty = 0
    while empty < 3:  # on PostgreSQL what another one is just looking at is skipped
        ids = [one.delivery.id for one in ledger.write(claim.claim, hand, 7, now)]
        empty = 0 if ids else empty + 1
        print(*(ids if begins else ledger.write(claim.begin, ids, sys.argv[2], now)))
"""


@pytest.mark.parametrize("how", ["begins", "reserves"])
def test_processes_that_claim_at_once_never_take_the_same(url: str, outbox, how: str) -> None:
    outbox.freeze(*(f"p{number}" for number in range(400)))
    both = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIM_ALL, url, f"host:{number}", how], stdout=subprocess.PIPE, text=True
        )
        for number in range(2)
    ]
    taken = Counter(word for process in both for word in process.communicate()[0].split())
    assert len(taken) == 400
    assert set(taken.values()) == {1}
    assert outbox.counts()["sending"] == 400


def test_a_damaged_content_is_not_sent(url: str, outbox) -> None:
    from postroom.errors import LedgerCorrupt

    outbox.freeze("ada")
    outbox.ledger.write(
        lambda c: c.exec_driver_sql("UPDATE content SET body = replace(body, 'Dear', 'Deer')")
    )
    with Ledger(url) as again, pytest.raises(LedgerCorrupt, match="content of edition 1 is damaged"):
        again.write(claim.claim, claim.Hand(carrier=MAIL, owner="me"), 5, NOW)
    assert outbox.states() == ["queued"]
    assert outbox.ledger.read(status.reconcile) == []
