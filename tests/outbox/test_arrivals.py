"""What is new in the logs is counted once, whichever look comes first."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete

from postroom.model import Feedback, FeedbackKind
from postroom.outbox import arrivals, feedback, leaving, subscribers
from postroom.outbox.arrivals import Marks
from postroom.outbox.leaving import Act
from postroom.outbox.tables import consent

from .conftest import a_person

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
FORM = Act(how="form")


def hear(outbox, kind: FeedbackKind, event: str, source: str = "mailbox", at: datetime = NOW) -> None:
    outbox.ledger.write(feedback.hear, [Feedback(kind=kind, source=source, event=event)], at)


def look(outbox, marks: Marks, now: datetime = LATER):
    return outbox.ledger.read(arrivals.since, marks, now)


def person(outbox, name: str = "ada") -> int:
    return outbox.ledger.write(subscribers.enrol_one, a_person(name), "form", NOW)


def test_an_empty_ledger_has_no_news(outbox) -> None:
    marks, found = look(outbox, outbox.ledger.read(arrivals.newest))
    assert (marks, found.feedback, found.said) == (Marks(), {}, {})


def test_what_came_before_the_first_look_is_not_counted_and_what_comes_after_is_once(outbox) -> None:
    hear(outbox, FeedbackKind.BOUNCED, "before")
    marks = outbox.ledger.read(arrivals.newest)
    hear(outbox, FeedbackKind.BOUNCED, "1")
    hear(outbox, FeedbackKind.BOUNCED, "1")
    hear(outbox, FeedbackKind.BOUNCED, "1", source="ses")
    hear(outbox, FeedbackKind.COMPLAINED, "2")
    outbox.ledger.write(leaving.ask, person(outbox), "weekly", FORM, NOW)
    marks, found = look(outbox, marks)
    assert found.feedback == {
        ("mailbox", "bounced"): 1,
        ("ses", "bounced"): 1,
        ("mailbox", "complained"): 1,
    }
    assert found.said == {("weekly", "asked"): 1}
    marks, found = look(outbox, marks)
    assert (found.feedback, found.said) == ({}, {})
    outbox.ledger.write(leaving.confirm, person(outbox), "weekly", FORM, NOW)
    assert look(outbox, marks)[1].said == {("weekly", "confirmed"): 1}


def test_numbers_that_are_given_anew_after_an_erasure_are_counted(outbox) -> None:
    number = person(outbox)
    outbox.ledger.write(leaving.ask, number, "weekly", FORM, NOW)
    marks, _ = look(outbox, Marks())
    outbox.ledger.write(lambda connection: connection.execute(delete(consent)).rowcount)
    marks, _ = look(outbox, marks)
    outbox.ledger.write(leaving.leave, number, "weekly", FORM, NOW)
    assert look(outbox, marks)[1].said == {("weekly", "left"): 1}


def test_on_postgresql_what_may_still_be_overtaken_waits_for_the_next_look(outbox) -> None:
    hear(outbox, FeedbackKind.BOUNCED, "1", at=LATER)
    marks, found = look(outbox, Marks(), now=LATER)
    is_shared = outbox.ledger.is_shared
    assert found.feedback == ({} if is_shared else {("mailbox", "bounced"): 1})
    _, found = look(outbox, marks, now=LATER + timedelta(seconds=3))
    assert found.feedback == ({("mailbox", "bounced"): 1} if is_shared else {})


def test_more_than_one_look_counts_is_counted_by_the_next(outbox, monkeypatch) -> None:
    monkeypatch.setattr(arrivals, "MOST", 2)
    for number in range(5):
        hear(outbox, FeedbackKind.BOUNCED, str(number))
    marks, numbers = Marks(), []
    for _ in range(4):
        marks, found = look(outbox, marks)
        numbers.append(sum(found.feedback.values()))
    assert numbers == [2, 2, 1, 0]
