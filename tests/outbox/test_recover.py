"""After a crash: nothing lost, and every doubt named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from postroom.model import Sent
from postroom.outbox import claim, operate, recover, status
from postroom.outbox.recover import Recovered

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PAGE = claim.Carrier("company-page", "linkedin")


def run(outbox, *, idempotent: bool = False, alive: tuple[str, ...] = ()) -> Recovered:
    return outbox.ledger.write(
        lambda connection: recover.recover(
            connection, NOW, owner_alive=lambda owner: owner in alive, idempotent=lambda kind: idempotent
        )
    )


def test_what_the_dead_had_reserved_is_freed(outbox) -> None:
    outbox.freeze("ada", "bea")
    outbox.claim(begin=False)
    assert run(outbox) == Recovered(freed=2)
    assert len(outbox.claim(owner="new")) == 2


def test_what_the_living_hold_is_left_alone(outbox) -> None:
    outbox.freeze("ada", "bea")
    outbox.claim(1, begin=False)
    outbox.claim(1)
    assert run(outbox, alive=("host-a:1",)) == Recovered()
    assert outbox.states() == ["queued", "sending"]


def test_mail_in_flight_goes_out_once_more_after_a_pause_and_is_named(outbox) -> None:
    outbox.freeze("ada", "bea")
    claimed = outbox.claim(1)[0].delivery
    found = run(outbox)
    (doubt,) = found.repeats
    assert (doubt.delivery_id, doubt.message_id) == (claimed.id, claimed.message_id)
    assert (doubt.edition, doubt.recipient) == ("newsletter/article/post-rooms", "ada@example.com")
    assert found.uncertain == ()
    assert [one.delivery.recipient.name for one in outbox.claim(owner="new")] == ["Bea"]
    again = outbox.claim(owner="new", now=NOW + recover.PAUSE)
    assert (again[0].delivery.message_id, again[0].delivery.attempts) == (claimed.message_id, 2)
    assert outbox.counts() == {"rows_read": 2, "recipients": 2, "sending": 2}


def test_a_second_crash_with_the_same_message_leaves_it_to_a_person(outbox) -> None:
    outbox.freeze("ada")
    outbox.claim()
    run(outbox)
    outbox.claim(now=NOW + recover.PAUSE)
    (doubt,) = run(outbox).uncertain
    assert doubt.state == "uncertain"
    assert outbox.counts() == {"rows_read": 1, "recipients": 1, "uncertain": 1}
    assert outbox.state() == "finished"


def test_where_the_edition_says_so_nothing_is_repeated(outbox) -> None:
    outbox.freeze("ada", hold_when_uncertain=True)
    outbox.claim()
    found = run(outbox)
    assert (len(found.uncertain), found.repeats) == (1, ())
    assert outbox.claim(now=NOW + timedelta(days=1)) == []


def test_a_transport_that_knows_a_repeat_goes_on_at_once(outbox) -> None:
    outbox.freeze("ada", hold_when_uncertain=True)
    outbox.claim()
    found = run(outbox, idempotent=True)
    assert (len(found.resumed), found.repeats, found.uncertain) == (1, (), ())
    assert len(outbox.claim()) == 1
    assert [row.doubts for row in outbox.deliveries()] == [0]


def test_what_died_in_flight_of_a_cancelled_edition_is_uncertain(outbox) -> None:
    for article, idempotent in (("first", False), ("second", True)):
        outbox.freeze("ada", article=article)
        outbox.claim()
        outbox.ledger.write(operate.cancel, article, "a mistake", NOW)
        assert len(run(outbox, idempotent=idempotent).uncertain) == 1
        assert outbox.states(f"newsletter/article/{article}") == ["uncertain"]


@pytest.mark.parametrize("whose", ["of the dead", "my own"])
@pytest.mark.parametrize("merge", ['{"first_name": ', "", "[1, 2"])
def test_one_in_flight_that_cannot_be_read_is_judged_like_the_others(outbox, merge: str, whose: str) -> None:
    """Its Message-ID is named, as it may have gone out; trying it again sets it aside, and stops nobody else."""
    outbox.freeze("ada", "bea", "cleo")
    sent = [one.delivery.message_id for one in outbox.claim(2)]
    damage = text("UPDATE delivery SET merge = :merge WHERE id = 1")
    outbox.ledger.write(lambda connection: connection.execute(damage, {"merge": merge}).rowcount)
    if whose == "my own":
        hand = claim.Hand(carrier=claim.Carrier("mail", "smtp"), owner="host-a:1")
        found = outbox.ledger.write(recover.recover_own, hand, NOW, idempotent=False)
    else:
        found = run(outbox)
    assert [one.message_id for one in found.repeats] == sent
    taken = outbox.claim(owner="new", now=NOW + recover.PAUSE)
    assert {one.delivery.recipient.name for one in taken} == {"Bea", "Cleo"}
    assert outbox.counts() == {"rows_read": 3, "recipients": 3, "sending": 2, "failed": 1}
    reason = text("SELECT reason FROM delivery WHERE id = 1")
    told = outbox.ledger.read(lambda connection: connection.execute(reason).scalar_one())
    assert "is not JSON" in told


def test_a_recovered_delivery_is_out_of_the_dead_ones_hands(outbox) -> None:
    outbox.freeze("ada")
    claimed = outbox.claim()
    run(outbox)
    assert outbox.record(claimed, Sent(reply="250")) == [claimed[0].delivery.id]
    assert outbox.states() == ["queued"]


def test_the_log_tells_of_the_death(outbox) -> None:
    outbox.freeze("ada")
    outbox.claim()
    run(outbox)
    (attempt,) = outbox.ledger.read(status.show, "post-rooms").attempts
    assert (attempt.outcome, attempt.reply) == ("unknown", recover.DIED)


def test_recovering_twice_does_nothing_more(outbox) -> None:
    outbox.freeze("ada")
    outbox.claim()
    run(outbox)
    assert run(outbox) == Recovered()


def test_a_post_that_died_between_its_parts_goes_on_with_the_next(outbox, make_post) -> None:
    outbox.freeze("company", parts=2, content=make_post(), hold_when_uncertain=True)
    outbox.record(outbox.claim(carrier=PAGE), Sent(reply="201", remote_id="urn:0"))
    assert run(outbox) == Recovered()
    (claimed,) = outbox.claim(carrier=PAGE)
    assert (claimed.delivery.part, claimed.delivery.parent_id) == (1, "urn:0")
