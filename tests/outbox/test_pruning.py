"""What is long over is nobody's any more; every count stays, and what is not over is left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from postroom.errors import LedgerError
from postroom.model import DeliveryState, Refused, Scope, Sent, Unknown
from postroom.outbox import (
    enqueue,
    leaving,
    pruning,
    resolutions,
    revisions,
    status,
    subscribers,
    suppressions,
    wiping,
)
from postroom.outbox.leaving import Act
from postroom.outbox.person import find
from postroom.outbox.pruning import Pruned
from postroom.outbox.tables import edition, feedback, membership, subscriber

from .conftest import an_edition
from .test_erasing import put_on, somebody, traces

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
LATER = NOW + 2 * YEAR
ACT = Act(how="page", source="192.0.2.7")
ADA = ("ada.lovelace", "ada lovelace", "adaville")


def freeze(outbox, article: str, at: datetime = NOW, **changes):
    audience = enqueue.Audience(people=enqueue.Members(list="weekly"))
    value = an_edition(article, list="weekly", due_at=at, **changes)
    return enqueue.freeze(outbox.ledger, value, audience, parts=1, now=at)


def send(outbox, article: str, at: datetime = NOW, **changes):
    frozen = freeze(outbox, article, at, **changes)
    for one in outbox.claim(now=at):
        who = one.delivery.recipient
        is_ada = who.address.startswith("ada")
        said = Refused(reason=f"550 5.7.1 <{who.address}> no", scope=Scope.RECIPIENT)
        outbox.record([one], said if is_ada else Sent(reply=f"250 ok {who.address}"), now=at)
    return frozen


def prune(outbox, at: datetime = LATER) -> Pruned:
    before = at - YEAR
    expected = outbox.ledger.read(pruning.prospect, before)
    done = pruning.prune(outbox.ledger, before, at)
    assert done == expected
    assert outbox.ledger.read(status.reconcile) == []
    assert outbox.ledger.read(pruning.prospect, before) == Pruned()
    return done


def accounts(outbox) -> dict[str, object]:
    return {row.key: row.accounts for row in outbox.ledger.read(status.editions)}


def test_nobody_can_tell_any_more_who_got_what_is_long_over_and_all_is_counted_as_it_was(outbox) -> None:
    number = put_on(outbox.ledger, "ada", "bea", "cleo")["ada"]
    send(outbox, "old")
    before = accounts(outbox)
    outbox.ledger.write(leaving.leave, number, "weekly", ACT, NOW)
    assert prune(outbox) == Pruned(editions=1, mails=3, people=1)
    assert accounts(outbox) == before
    assert traces(outbox.ledger, ADA) == []
    rows = outbox.deliveries("newsletter/article/old")
    assert {row.delivery.recipient.address for row in rows} == {"pruned"}
    assert sorted(row.delivery.state for row in rows) == ["failed", "sent", "sent"]
    assert outbox.ledger.read(find, somebody("bea").identity).mails == {}


def test_what_is_not_over_so_long_is_left_alone(outbox) -> None:
    put_on(outbox.ledger, "ada", "bea")
    send(outbox, "young", LATER - YEAR + timedelta(days=1))
    freeze(outbox, "waiting")
    assert prune(outbox) == Pruned()
    assert len(outbox.claim(now=LATER)) == 2


def test_what_somebody_has_to_decide_keeps_its_edition(outbox) -> None:
    put_on(outbox.ledger, "ada")
    freeze(outbox, "doubtful", hold_when_uncertain=True)
    outbox.record(outbox.claim(now=NOW), Unknown(reason="the answer was lost"))
    assert outbox.states() == ["uncertain"]
    assert prune(outbox) == Pruned()


def test_a_pruned_edition_is_neither_replaced_nor_tried_again(outbox) -> None:
    put_on(outbox.ledger, "ada", "bea")
    old = send(outbox, "old")
    prune(outbox)
    with pytest.raises(LedgerError, match="it was pruned"):
        outbox.ledger.write(revisions.supersede, old.key, LATER)
    with pytest.raises(LedgerError, match="it was pruned"):
        outbox.ledger.write(resolutions.retry, old.key, [DeliveryState.FAILED], LATER)
    failed = next(row for row in outbox.deliveries() if row.delivery.state == "failed")
    with pytest.raises(LedgerError, match="it was pruned"):
        outbox.ledger.write(resolutions.resolve, failed.delivery.id, DeliveryState.QUEUED, LATER)


def test_who_got_what_was_replaced_is_known_until_the_newer_one_is_over(outbox) -> None:
    put_on(outbox.ledger, "ada", "bea")
    old = send(outbox, "old")
    outbox.ledger.write(revisions.supersede, old.key, NOW)
    assert prune(outbox) == Pruned()
    send(outbox, "old", LATER, revision=2)
    new = next(row for row in outbox.ledger.read(status.editions) if row.key.endswith("#2"))
    assert new.accounts.recipients == 1  # Ada, who had not got it
    assert prune(outbox, LATER + 2 * YEAR).mails == 3


def test_a_prune_that_is_cut_off_is_finished_by_the_next(outbox, monkeypatch) -> None:
    put_on(outbox.ledger, *(f"p{number}" for number in range(50)))
    send(outbox, "old")
    monkeypatch.setattr(pruning, "_BATCH", 20)
    outbox.ledger.write(pruning._prune_some_mails, LATER - YEAR, LATER)
    assert outbox.ledger.read(status.reconcile) == []
    assert prune(outbox).mails == 30


def test_what_came_back_is_nobodys_but_counted(outbox) -> None:
    number = put_on(outbox.ledger, "ada")["ada"]
    send(outbox, "old")
    back = {"source": "mailbox", "kind": "bounced", "reason": "ada.lovelace@example.org?", "outcome": "known"}

    def tell(connection) -> None:
        for event, at, of in (("1", NOW, 1), ("2", NOW, None), ("3", LATER, None)):
            values = {**back, "event": event, "heard_at": at, "edition_id": of, "subscriber_id": number}
            connection.execute(insert(feedback).values(values))

    outbox.ledger.write(tell)
    assert prune(outbox).feedback == 2
    rows = outbox.ledger.read(lambda c: c.execute(select(feedback).order_by(feedback.c.id)).all())
    assert [(row.kind, row.reason, row.edition_id) for row in rows] == [
        ("bounced", "", 1),
        ("bounced", "", None),
        ("bounced", "ada.lovelace@example.org?", None),
    ]


def take_off(connection: Connection, identity: str) -> None:
    """Let somebody be on no list, who never said that they leave one."""
    theirs = select(subscriber.c.id).where(subscriber.c.identity == identity).scalar_subquery()
    connection.execute(delete(membership).where(membership.c.subscriber_id == theirs))


def test_who_left_stays_away_after_they_are_forgotten(outbox) -> None:
    number = put_on(outbox.ledger, "ada")["ada"]
    outbox.ledger.write(leaving.leave, number, "weekly", ACT, NOW)
    assert prune(outbox).people == 1
    again = subscribers.import_rows(outbox.ledger, "weekly", [somebody("ada")], "x.csv", LATER)
    assert (again.added, again.left) == (0, 1)


def test_who_never_said_no_may_be_imported_again(outbox) -> None:
    put_on(outbox.ledger, "ada")
    outbox.ledger.write(take_off, somebody("ada").identity)
    assert prune(outbox).people == 1
    assert subscribers.import_rows(outbox.ledger, "weekly", [somebody("ada")], "x.csv", LATER).added == 1


def test_people_with_whom_there_is_business_are_kept(outbox) -> None:
    numbers = put_on(outbox.ledger, "on", "asked", "lately", "suppressed", "waits")
    ledger = outbox.ledger
    freeze(outbox, "waiting")
    for name in ("asked", "lately", "suppressed", "waits"):
        ledger.write(take_off, somebody(name).identity)
    ledger.write(leaving.ask, numbers["asked"], "daily", ACT, LATER)
    ledger.write(leaving.leave, numbers["lately"], "weekly", ACT, LATER)
    who = somebody("suppressed")
    ledger.write(suppressions.suppress, who.identity, who.address, "spam", NOW)
    assert prune(outbox).people == 0
    listed = ledger.read(suppressions.is_suppressed, who.identity)
    assert listed


def test_requests_that_nobody_confirmed_are_forgotten(outbox) -> None:
    number = outbox.ledger.write(subscribers.enrol_one, somebody("ada"), "form", NOW)
    outbox.ledger.write(leaving.ask, number, "weekly", ACT, NOW)
    assert prune(outbox) == Pruned(requests=1, people=1)
    assert traces(outbox.ledger, ADA) == []


def test_the_file_is_written_anew_only_where_something_was_forgotten(outbox) -> None:
    put_on(outbox.ledger, "ada")
    prune(outbox)
    assert not outbox.ledger.read(wiping.due)
    send(outbox, "old")
    prune(outbox)
    assert outbox.ledger.read(wiping.due) is (not outbox.ledger.is_shared)


def test_an_edition_from_before_there_were_checksums_is_pruned_too(outbox) -> None:
    put_on(outbox.ledger, "ada")
    send(outbox, "old")
    outbox.ledger.write(lambda c: c.execute(update(edition).values(checksum=None)) and None)
    assert prune(outbox).mails == 1
    assert replace(Pruned(), mails=1).mails == 1
