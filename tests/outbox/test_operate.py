"""Decisions by people: what they do, and what they cannot do and why."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from postroom.errors import LedgerError, NoSuchEdition
from postroom.model import Approval, Deferred, DeliveryState, Refused, Sent, Unknown
from postroom.outbox import claim, enqueue, history, operate, status

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PAGE = claim.Carrier("company-page", "linkedin")
KEY = "newsletter/article/post-rooms"
SENT = Sent(reply="250")


def approve(outbox, recipients: int | None = None, key: str = KEY) -> str:
    return outbox.ledger.write(lambda c: operate.approve(c, key, recipients=recipients, now=NOW))


def act(outbox, decision, *args: object):
    return outbox.ledger.write(decision, *args)


def test_approval_lets_a_held_edition_go(outbox) -> None:
    outbox.freeze("ada", holds=("late",), reason="it is 5 days late")
    assert approve(outbox) == KEY
    (row,) = outbox.ledger.read(status.editions)
    assert (row.state, row.holds, row.reason, row.opened_at) == ("open", (), "", NOW)
    assert len(outbox.claim()) == 1


@pytest.mark.parametrize("hold", ["first-edition", "audience-max", "audience-growth"])
def test_a_hold_about_the_audience_needs_its_number(outbox, hold: str) -> None:
    outbox.freeze("ada", "bea", holds=(hold,), reason="its first real edition")
    for wrong in (None, 3):
        with pytest.raises(LedgerError, match=r"goes to 2 recipients .*--recipients 2"):
            approve(outbox, wrong)
    assert outbox.state() == "held"
    approve(outbox, 2)
    assert outbox.state() == "open"


def test_a_wrong_number_is_refused_also_where_none_is_needed(outbox) -> None:
    outbox.freeze("ada", holds=("late",), reason="late")
    with pytest.raises(LedgerError, match="1 recipient "):
        approve(outbox, 7)


def test_approval_is_remembered_with_the_content_it_is_for(outbox) -> None:
    edition = outbox.freeze("ada", holds=("first-edition",))
    approve(outbox, 1)
    assert outbox.ledger.read(history.read).approvals == (
        Approval(
            channel="newsletter",
            variant="article",
            article="post-rooms",
            content_hash=edition.content_hash,
            recipients=1,
        ),
    )


def test_approval_may_be_given_ahead(outbox) -> None:
    leave = Approval(channel="linkedin", variant="question", article="a", content_hash="h")
    act(outbox, operate.approve_ahead, leave, NOW)
    assert outbox.ledger.read(history.read).approvals == (leave,)


def test_what_is_not_held_cannot_be_approved(outbox) -> None:
    outbox.freeze("ada")
    with pytest.raises(LedgerError, match=r"cannot be approved: it is not held"):
        approve(outbox)
    act(outbox, operate.hold, KEY, "typo")
    with pytest.raises(LedgerError, match=r"by hand \(typo\).*outbox release"):
        approve(outbox)
    act(outbox, operate.cancel, KEY, "typo", NOW)
    with pytest.raises(LedgerError, match="cancelled already"):
        approve(outbox)


def test_what_is_still_being_filled_cannot_be_approved_held_replaced_or_tried_again(
    outbox, make_edition, person
) -> None:
    audience = enqueue.Audience(people=[person("ada")], rows_read=9)
    with pytest.raises(LedgerError):
        enqueue.freeze(outbox.ledger, make_edition(), audience, parts=1, now=NOW)
    tries = [
        (operate.hold, KEY, "no"),
        (operate.release, KEY, NOW),
        (operate.replace, KEY, NOW),
        (operate.retry, KEY, [DeliveryState.FAILED], NOW),
    ]
    for decision, *args in tries:
        with pytest.raises(LedgerError, match="still being filled"):
            act(outbox, decision, *args)
    with pytest.raises(LedgerError, match="still being filled"):
        approve(outbox)


def test_a_held_edition_goes_on_when_released(outbox) -> None:
    outbox.freeze("ada")
    assert act(outbox, operate.hold, KEY, "a typo in the title") == KEY
    assert outbox.claim() == []
    (row,) = outbox.ledger.read(status.editions)
    assert row.reason == "a typo in the title"
    assert act(outbox, operate.release, KEY, NOW) == KEY
    assert len(outbox.claim()) == 1


def test_release_does_not_stand_in_for_approval(outbox) -> None:
    outbox.freeze("ada", holds=("first-edition",), reason="its first real edition")
    with pytest.raises(LedgerError, match=r"needs approval \(its first real edition\)"):
        act(outbox, operate.release, KEY, NOW)


def test_hold_and_release_only_fit_their_states(outbox) -> None:
    outbox.freeze("ada")
    with pytest.raises(LedgerError, match="cannot be released: it is not held"):
        act(outbox, operate.release, KEY, NOW)
    act(outbox, operate.hold, KEY, "first")
    with pytest.raises(LedgerError, match=r"cannot be held: it is held already \(first\)"):
        act(outbox, operate.hold, KEY, "second")


def test_cancelling_stops_whatever_has_not_begun(outbox) -> None:
    outbox.freeze("ada", "bea", "cleo", "dora")
    outbox.record(outbox.claim(1), SENT)
    outbox.claim(1)
    outbox.claim(1, begin=False)
    found = act(outbox, operate.cancel, KEY, "a mistake", NOW)
    assert (found.edition, found.cancelled, found.beyond_recall) == (KEY, 2, 2)
    assert outbox.states() == ["sent", "sending", "cancelled", "cancelled"]
    assert {row.delivery.reason for row in outbox.deliveries()[2:]} == {"a mistake"}
    assert outbox.counts() == {"rows_read": 4, "recipients": 4, "sent": 1, "sending": 1, "cancelled": 2}


def test_what_was_leased_when_cancelled_does_not_begin(outbox) -> None:
    from postroom.outbox import claim

    outbox.freeze("ada")
    leased = outbox.claim(begin=False)
    act(outbox, operate.cancel, KEY, "a mistake", NOW)
    assert act(outbox, claim.begin, [leased[0].delivery.id], "host-a:1", NOW) == []


def test_what_is_over_cannot_be_cancelled(outbox) -> None:
    outbox.freeze("ada")
    outbox.record(outbox.claim(), SENT)
    with pytest.raises(LedgerError, match=r"cannot be cancelled: it is finished \(1 sent\)"):
        act(outbox, operate.cancel, KEY, "late thought", NOW)
    outbox.freeze("ada", article="b")
    act(outbox, operate.cancel, "article/b", "first", NOW)
    with pytest.raises(LedgerError, match=r"cancelled already \(first\)"):
        act(outbox, operate.cancel, "article/b", "second", NOW)


def test_replacing_withdraws_the_old_edition_with_the_reason(outbox) -> None:
    outbox.freeze("ada", "bea")
    outbox.record(outbox.claim(1), SENT)
    found = act(outbox, operate.replace, KEY, NOW)
    assert (found.cancelled, found.beyond_recall) == (1, 1)
    (row,) = outbox.ledger.read(status.editions)
    assert (row.state, row.reason) == ("cancelled", "replaced by a newer revision")


def test_a_finished_edition_may_be_replaced_for_those_it_did_not_reach(outbox) -> None:
    outbox.freeze("ada", "bea")
    claimed = outbox.claim()
    outbox.record(claimed[:1], SENT)
    outbox.record(claimed[1:], Refused(reason="550"))
    assert act(outbox, operate.replace, KEY, NOW).beyond_recall == 1
    outbox.freeze("ada", "bea", revision=2, content_hash="new")
    assert outbox.counts(f"{KEY}#2") == {"rows_read": 2, "duplicate": 1, "recipients": 1, "queued": 1}


def test_a_freeze_that_is_broken_off_leaves_no_counts(outbox, make_edition, person) -> None:
    """It was cut off before its end, and somebody in it was suppressed meanwhile."""
    audience = enqueue.Audience(people=[person("ada"), person("bea")], rows_read=9)
    with pytest.raises(LedgerError):
        enqueue.freeze(outbox.ledger, make_edition(), audience, parts=1, now=NOW)
    act(outbox, operate.suppress, "ada@example.com", "ada@example.com", "asked", NOW)
    act(outbox, operate.cancel, KEY, "no", NOW)
    assert outbox.ledger.read(status.reconcile) == []
    (row,) = outbox.ledger.read(status.editions)
    assert (row.accounts.queued, row.accounts.cancelled) == (0, 0)


def test_pulling_takes_every_edition_of_an_article_back(outbox, make_post) -> None:
    outbox.freeze("ada", "bea")
    outbox.record(outbox.claim(1), SENT)
    outbox.freeze("company", content=make_post(), holds=("approval",))
    outbox.freeze("ada", article="other")
    found = act(outbox, operate.pull, "post-rooms", "wrong figures", NOW)
    assert [(one.edition, one.cancelled, one.beyond_recall) for one in found] == [
        (KEY, 1, 1),
        ("linkedin/hook/post-rooms", 1, 0),
    ]
    assert outbox.state("newsletter/article/other") == "open"


def test_an_unknown_article_cannot_be_pulled(outbox) -> None:
    with pytest.raises(LedgerError, match="knows no article 'nonsense'"):
        act(outbox, operate.pull, "nonsense", "why", NOW)


def test_failed_and_uncertain_deliveries_are_tried_again_as_new(outbox) -> None:
    outbox.freeze("ada", "bea", "cleo")
    claimed = outbox.claim()
    outbox.record(claimed[:1], Refused(reason="550"))
    outbox.record(claimed[1:2], Unknown(reason="lost"))
    outbox.record(claimed[2:], SENT)
    assert outbox.state() == "finished"
    assert act(outbox, operate.retry, KEY, [DeliveryState.FAILED], NOW).queued == 1
    assert outbox.state() == "open"
    assert act(outbox, operate.retry, KEY, list(DeliveryState)[3:5], NOW).queued == 1
    assert outbox.states() == ["queued", "queued", "sent"]
    again = outbox.claim()
    assert {one.delivery.attempts for one in again} == {1}
    outbox.record(again, SENT)
    assert outbox.counts() == {"rows_read": 3, "recipients": 3, "sent": 3}
    assert outbox.state() == "finished"


def test_who_may_have_got_it_is_not_sent_a_later_revision_although_it_is_tried_again(outbox) -> None:
    outbox.freeze("ada", "bea", hold_when_uncertain=True)
    ada, bea = outbox.claim()
    outbox.record([ada], Unknown(reason="lost"))
    outbox.record([bea], Deferred(reason="450"), retry_at=NOW)
    assert act(outbox, operate.retry, KEY, [DeliveryState.UNCERTAIN], NOW).queued == 1
    assert [row.doubts for row in outbox.deliveries()] == [1, 0]
    act(outbox, operate.replace, KEY, NOW)
    assert outbox.states() == ["uncertain", "cancelled"]
    outbox.freeze("ada", "bea", revision=2)
    assert [one.delivery.recipient.name for one in outbox.claim()] == ["Bea"]


def test_who_was_refused_at_the_second_try_may_still_have_got_the_first(outbox) -> None:
    outbox.freeze("ada")
    outbox.record(outbox.claim(), Unknown(reason="lost"), retry_at=NOW)
    outbox.record(outbox.claim(), Refused(reason="550"))
    act(outbox, operate.retry, KEY, [DeliveryState.FAILED], NOW)
    act(outbox, operate.replace, KEY, NOW)
    outbox.freeze("ada", revision=2)
    assert outbox.claim() == []


def test_nothing_to_try_again_is_no_fault(outbox) -> None:
    outbox.freeze("ada")
    outbox.record(outbox.claim(), SENT)
    assert act(outbox, operate.retry, KEY, [DeliveryState.FAILED], NOW).queued == 0
    assert outbox.state() == "finished"


@pytest.mark.parametrize("states", [[], [DeliveryState.SENT], [DeliveryState.FAILED, DeliveryState.QUEUED]])
def test_only_failed_and_uncertain_ones_can_be_tried_again(outbox, states: list[DeliveryState]) -> None:
    outbox.freeze("ada")
    with pytest.raises(LedgerError, match="only failed and uncertain"):
        act(outbox, operate.retry, KEY, states, NOW)


def test_a_cancelled_edition_is_not_tried_again(outbox) -> None:
    outbox.freeze("ada")
    outbox.record(outbox.claim(), Deferred(reason="451"))
    outbox.freeze("bea", article="b")
    act(outbox, operate.cancel, "article/b", "no", NOW)
    with pytest.raises(LedgerError, match="cancelled already"):
        act(outbox, operate.retry, "article/b", [DeliveryState.FAILED], NOW)


def test_a_thread_that_is_tried_again_brings_its_later_parts_back(outbox, make_post) -> None:
    outbox.freeze("company", parts=2, content=make_post())
    outbox.record(outbox.claim(carrier=PAGE), Refused(reason="422"))
    assert outbox.states() == ["failed", "cancelled"]
    act(outbox, operate.retry, "hook/post-rooms", [DeliveryState.FAILED], NOW)
    assert outbox.states() == ["queued", "queued"]
    for number in range(2):
        outbox.record(outbox.claim(carrier=PAGE), Sent(reply="201", remote_id=f"urn:{number}"))
    assert outbox.states() == ["sent", "sent"]
    assert outbox.state() == "finished"


@pytest.mark.parametrize(
    ("state", "edition"),
    [("queued", "open"), ("sent", "finished"), ("failed", "finished"), ("cancelled", "finished")],
)
def test_a_person_decides_about_an_uncertain_delivery(outbox, state: str, edition: str) -> None:
    outbox.freeze("ada")
    claimed = outbox.claim()
    outbox.record(claimed, Unknown(reason="lost"))
    act(outbox, operate.resolve, claimed[0].delivery.id, DeliveryState(state), NOW)
    assert outbox.counts() == {"rows_read": 1, "recipients": 1, state: 1}
    assert outbox.state() == edition


def test_an_uncertain_post_that_turns_out_sent_goes_on_with_its_comment(outbox, make_post) -> None:
    outbox.freeze("company", parts=2, content=make_post())
    claimed = outbox.claim(carrier=PAGE)
    outbox.record(claimed, Unknown(reason="lost"))
    act(outbox, operate.resolve, claimed[0].delivery.id, DeliveryState.SENT, NOW + timedelta(days=1))
    assert outbox.ledger.read(status.show, "hook/post-rooms").row.first_sent_at == NOW
    assert outbox.counts() == {"rows_read": 1, "recipients": 1, "queued": 1}
    assert outbox.state() == "open"
    assert outbox.claim(carrier=PAGE, now=NOW + timedelta(days=1))[0].delivery.part == 1


@pytest.mark.parametrize("state", ["sending", "uncertain"])
def test_an_uncertain_delivery_cannot_be_made_anything_else(outbox, state: str) -> None:
    outbox.freeze("ada")
    claimed = outbox.claim()
    outbox.record(claimed, Unknown(reason="lost"))
    with pytest.raises(LedgerError, match=f"is uncertain; it cannot be made {state}"):
        act(outbox, operate.resolve, claimed[0].delivery.id, DeliveryState(state), NOW)


def test_only_what_is_open_to_doubt_can_be_resolved(outbox) -> None:
    outbox.freeze("ada")
    with pytest.raises(LedgerError, match="is queued; it cannot be made sent"):
        act(outbox, operate.resolve, 1, DeliveryState.SENT, NOW)
    with pytest.raises(LedgerError, match="no delivery 99"):
        act(outbox, operate.resolve, 99, DeliveryState.SENT, NOW)


def test_nothing_of_a_cancelled_edition_is_queued_by_resolving(outbox) -> None:
    outbox.freeze("ada", "bea")
    claimed = outbox.claim(1)
    outbox.record(claimed, Unknown(reason="lost"))
    act(outbox, operate.cancel, KEY, "no", NOW)
    with pytest.raises(LedgerError, match="is cancelled"):
        act(outbox, operate.resolve, claimed[0].delivery.id, DeliveryState.QUEUED, NOW)
    act(outbox, operate.resolve, claimed[0].delivery.id, DeliveryState.FAILED, NOW)
    assert outbox.states() == ["failed", "cancelled"]
    assert outbox.state() == "cancelled"


def test_an_unknown_edition_is_told_with_the_nearest(outbox) -> None:
    outbox.freeze("ada")
    with pytest.raises(NoSuchEdition, match=f"did you mean {KEY}"):
        act(outbox, operate.hold, "newsletter/article/post-roms", "why")


def in_doubt(outbox) -> int:
    """Have one delivery whose answer was lost, and which waits to go out once more; return its number."""
    outbox.freeze("ada")
    claimed = outbox.claim()
    outbox.record(claimed, Unknown(reason="lost"), retry_at=NOW + timedelta(minutes=15))
    (row,) = outbox.deliveries()
    assert (row.delivery.state, row.doubts) == ("queued", 1)
    return row.delivery.id


@pytest.mark.parametrize(
    ("state", "edition"), [("sent", "finished"), ("failed", "finished"), ("cancelled", "finished")]
)
def test_a_person_decides_about_what_waits_to_be_repeated(outbox, state: str, edition: str) -> None:
    number = in_doubt(outbox)
    act(outbox, operate.resolve, number, DeliveryState(state), NOW)
    assert outbox.counts() == {"rows_read": 1, "recipients": 1, state: 1}
    assert outbox.state() == edition
    assert outbox.claim(now=NOW + timedelta(hours=1)) == []


def test_what_surely_did_not_go_out_need_not_wait_to_be_repeated(outbox) -> None:
    number = in_doubt(outbox)
    assert outbox.claim() == []
    act(outbox, operate.resolve, number, DeliveryState.QUEUED, NOW)
    assert outbox.deliveries()[0].doubts == 0
    assert len(outbox.claim()) == 1


def test_what_is_on_its_way_is_decided_after_the_next_start(outbox) -> None:
    outbox.freeze("ada")
    claimed = outbox.claim()
    with pytest.raises(LedgerError, match=r"is sending; .*the next start of `postroom run` judges it"):
        act(outbox, operate.resolve, claimed[0].delivery.id, DeliveryState.SENT, NOW)


def suppressed(outbox, person) -> int:
    """Have a failed delivery to ada, who is suppressed, and one to bea; return the number of ada's."""
    outbox.freeze("ada", "bea")
    outbox.record(outbox.claim(), Refused(reason="550"))
    ada = person("ada")
    act(outbox, operate.suppress, ada.identity, ada.address, "bounced (5.1.1)", NOW)
    return next(
        row.delivery.id for row in outbox.deliveries() if row.delivery.recipient.identity == ada.identity
    )


def test_who_is_suppressed_is_not_tried_again(outbox, person) -> None:
    number = suppressed(outbox, person)
    done = act(outbox, operate.retry, KEY, [DeliveryState.FAILED], NOW)
    assert (done.queued, done.suppressed) == (1, 1)
    assert sorted(outbox.states()) == ["failed", "queued"]
    told = rf"suppressed.*postroom suppress --undo {person('ada').address}"
    with pytest.raises(LedgerError, match=told):
        act(outbox, operate.resolve, number, DeliveryState.QUEUED, NOW)
    act(outbox, operate.unsuppress, person("ada").identity)
    act(outbox, operate.resolve, number, DeliveryState.QUEUED, NOW)
    assert outbox.states() == ["queued", "queued"]
