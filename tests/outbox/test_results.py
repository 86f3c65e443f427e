"""Results: what is told of an edition is what became of it, each message and each person once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from postroom.errors import NoSuchEdition
from postroom.model import FeedbackKind, Refused, Sent, Unknown
from postroom.outbox import leaving, results
from postroom.outbox.claim import Carrier
from postroom.outbox.leaving import Act
from postroom.outbox.results import Counts
from postroom.outbox.tables import delivery, edition, feedback

from .conftest import a_post

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
CLICK = Act(how="one-click")


def send(outbox, *names: str, article: str = "first", now: datetime = NOW, **changes) -> int:
    frozen = outbox.freeze(*names, article=article, **{"list": "weekly", **changes})
    outbox.record(outbox.claim(now=now), Sent(reply="250 kept"), now=now)
    return frozen.id


def told(outbox, **values) -> list[results.Result]:
    return outbox.ledger.read(results.results, **values)


def hear(outbox, kind: FeedbackKind, edition_id: int, number: int, event: str) -> None:
    row = {
        "source": "mailbox",
        "event": event,
        "kind": kind.value,
        "heard_at": NOW,
        "delivery_id": number,
        "edition_id": edition_id,
        "outcome": "suppressed",
    }
    outbox.ledger.write(lambda connection: connection.execute(insert(feedback).values(row)).rowcount)


def deliveries(outbox, edition_id: int) -> list[tuple[int, int]]:
    query = select(delivery.c.id, delivery.c.recipient).where(delivery.c.edition_id == edition_id)
    rows = outbox.ledger.read(lambda connection: connection.execute(query.order_by(delivery.c.id)).all())
    return [(row.id, row.recipient) for row in rows]


def test_nothing_went_out_of_an_empty_ledger(outbox) -> None:
    assert told(outbox) == []
    assert outbox.ledger.read(results.greeted) == []
    assert outbox.ledger.read(results.rehearsals) == 0


def test_each_answer_is_counted_where_it_belongs(outbox) -> None:
    outbox.freeze("ada", "ben", "cleo", "dan", article="first", list="weekly")
    claimed = outbox.claim(limit=3)
    outbox.record(claimed[:1], Sent(reply="250 kept"))
    outbox.record(claimed[1:2], Refused(reason="550 no"))
    outbox.record(claimed[2:], Unknown(reason="lost"))
    (one,) = told(outbox)
    assert one.counts == Counts(recipients=4, sent=1, failed=1, uncertain=1, waiting=1)
    assert (one.key, one.list, one.begun_at) == ("newsletter/article/first", "weekly", NOW)


def test_what_came_back_is_counted_once_a_message_however_often_it_was_told(outbox) -> None:
    number = send(outbox, "ada", "ben", "cleo")
    ((first, _), (second, _), (third, _)) = deliveries(outbox, number)
    for event in ("mailbox-1", "webhook-1"):
        hear(outbox, FeedbackKind.BOUNCED, number, first, event)
    hear(outbox, FeedbackKind.BOUNCED, number, second, "mailbox-2")
    hear(outbox, FeedbackKind.COMPLAINED, number, third, "arf-1")
    hear(outbox, FeedbackKind.DEFERRED, number, third, "slow-1")
    counts = told(outbox)[0].counts
    assert (counts.bounced, counts.complained, counts.unsubscribed) == (2, 1, 0)
    assert counts.rate(counts.bounced) == pytest.approx(2 / 3)


def test_who_left_after_an_edition_counts_there_and_once_although_they_came_back_between(outbox) -> None:
    send(outbox, "ada", "ben", article="first")
    number = send(outbox, "ada", "ben", article="second", now=NOW + timedelta(hours=1))
    (_, ada), _ = deliveries(outbox, number)
    outbox.ledger.write(leaving.leave, ada, "weekly", CLICK, NOW)
    outbox.ledger.write(leaving.add, ada, "weekly", CLICK, NOW)
    outbox.ledger.write(leaving.leave, ada, "weekly", CLICK, NOW)
    assert [one.counts.unsubscribed for one in told(outbox)] == [0, 1]


def test_what_has_not_begun_and_what_was_only_rehearsed_is_left_out(outbox) -> None:
    outbox.freeze("ada", article="waiting")
    outbox.freeze("ada", article="trial", rehearsal=True, transport="trial", transport_kind="folder")
    assert outbox.ledger.read(results.rehearsals) == 0
    outbox.record(outbox.claim(carrier=Carrier("trial", "folder")), Sent(reply="kept"))
    assert told(outbox) == []
    assert outbox.ledger.read(results.rehearsals) == 1


def test_a_post_is_told_with_what_was_sent_of_it(outbox) -> None:
    outbox.freeze("account", content=a_post("A hook.", "A comment."), parts=2)
    page = Carrier("company-page", "linkedin")
    outbox.record(outbox.claim(carrier=page), Sent(reply="ok"))
    outbox.record(outbox.claim(carrier=page), Unknown(reason="lost"))
    (one,) = told(outbox)
    assert (one.channel, one.list, one.counts) == ("linkedin", "", Counts(recipients=1, uncertain=1))


def test_the_latest_of_each_channel_are_told_the_eldest_first(outbox) -> None:
    for number in range(3):
        send(outbox, "ada", article=f"a{number}", now=NOW + timedelta(hours=number))
    outbox.freeze("account", content=a_post(), article="a0")
    outbox.record(outbox.claim(carrier=Carrier("company-page", "linkedin")), Sent(reply="ok"))
    assert [one.key for one in told(outbox, latest=2)] == [
        "linkedin/hook/a0",
        "newsletter/article/a1",
        "newsletter/article/a2",
    ]
    assert [one.article for one in told(outbox, channel="newsletter", latest=1)] == ["a2"]
    assert [one.article for one in told(outbox, since=NOW + timedelta(hours=1))] == ["a1", "a2"]
    assert outbox.ledger.read(results.channels) == ("linkedin", "newsletter")


def greet(outbox, kind: str, article: str) -> int:
    number = send(outbox, "ada", "ben", article=article)
    query = update(edition).where(edition.c.id == number).values(greeting=kind)
    outbox.ledger.write(lambda connection: connection.execute(query).rowcount)
    return number


def test_mails_that_greet_are_summed_up_apart(outbox) -> None:
    first, second = greet(outbox, "confirm", "c1"), greet(outbox, "confirm", "c2")
    greet(outbox, "welcome", "w1")
    for number in (first, second):
        hear(outbox, FeedbackKind.BOUNCED, number, deliveries(outbox, number)[0][0], f"bounce-{number}")
    assert told(outbox) == []
    confirm, welcome = outbox.ledger.read(results.greeted)
    assert (confirm.kind, confirm.counts) == ("confirm", Counts(recipients=4, sent=4, bounced=2))
    assert (welcome.kind, welcome.counts) == ("welcome", Counts(recipients=2, sent=2))
    assert outbox.ledger.read(results.greeted, channel="other") == []


def test_one_edition_is_found_as_people_call_it(outbox) -> None:
    number = send(outbox, "ada", article="letters")
    for name in ("newsletter/article/letters", "letters", str(number)):
        assert outbox.ledger.read(results.result, name).id == number
    with pytest.raises(NoSuchEdition, match="did you mean newsletter/article/letters"):
        outbox.ledger.read(results.result, "newsletter/article/leters")


def test_an_edition_that_has_not_begun_has_results_too_where_it_is_named(outbox) -> None:
    outbox.freeze("ada", article="letters")
    assert outbox.ledger.read(results.result, "letters").counts == Counts(recipients=1, waiting=1)


def test_many_editions_are_told_as_one_is(outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postroom.outbox.results._ASKED", 2)
    for number in range(5):
        found = send(outbox, "ada", article=f"a{number}", now=NOW + timedelta(hours=number))
        hear(outbox, FeedbackKind.BOUNCED, found, deliveries(outbox, found)[0][0], f"bounce-{number}")
    assert [one.counts.bounced for one in told(outbox)] == [1] * 5


def test_rates_of_nothing_are_nought() -> None:
    assert (Counts().rate(0), Counts().lost) == (0.0, 0.0)
    some = Counts(recipients=100, sent=90, failed=10, bounced=5)
    assert some.lost == pytest.approx(0.15)
    assert replace(some, failed=0).lost == pytest.approx(5 / 90)
