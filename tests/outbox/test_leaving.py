"""Leaving: nobody gets what goes to a list after they left it, whatever else happens at that moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from postroom.model import Deferred, Refused, Sent, Unknown, Unsubscribe
from postroom.outbox import enqueue, leaving, operate, subscribers
from postroom.outbox.leaving import Act
from postroom.outbox.tables import consent, edition, membership, request, subscriber

from .conftest import a_person, an_edition

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
CLICK = Act(how="one-click", source="192.0.2.7")
FORM = Act(how="form", source="192.0.2.7")


def people(outbox, *names: str, name: str = "weekly") -> dict[str, int]:
    """Put people on a list; return their numbers."""
    rows = [a_person(each) for each in names]
    subscribers.import_rows(outbox.ledger, name, rows, "people.csv", NOW)
    return numbers(outbox)


def numbers(outbox) -> dict[str, int]:
    query = select(subscriber.c.identity, subscriber.c.id)
    rows = outbox.ledger.read(lambda connection: connection.execute(query).all())
    return {identity.partition("@")[0]: number for identity, number in rows}


def freeze(outbox, article: str = "post-rooms", name: str = "weekly", **changes):
    audience = enqueue.Audience(people=enqueue.Members(list=name))
    return enqueue.freeze(
        outbox.ledger, an_edition(article, list=name, **changes), audience, parts=1, now=NOW
    )


def leave(outbox, number: int, name: str = "weekly") -> leaving.Left:
    return outbox.ledger.write(leaving.leave, number, name, CLICK, NOW)


def on(outbox, name: str = "weekly") -> list[str]:
    return sorted(one.identity.partition("@")[0] for one in subscribers.stream(outbox.ledger, name))


def said(outbox) -> list[tuple[str, str, str, str]]:
    columns = (consent.c.list, consent.c.what, consent.c.how, consent.c.source)
    query = select(*columns).order_by(consent.c.id)
    return [tuple(row) for row in outbox.ledger.read(lambda connection: connection.execute(query).all())]


def test_who_leaves_is_off_the_list_and_what_waits_for_them_is_cancelled(outbox) -> None:
    known = people(outbox, "ada", "bea")
    freeze(outbox)
    assert leave(outbox, known["ada"]) == leaving.Left(is_new=True, cancelled=1)
    assert on(outbox) == ["bea"]
    assert outbox.counts() == {"rows_read": 2, "recipients": 2, "queued": 1, "cancelled": 1}
    assert [row.delivery.reason for row in outbox.deliveries() if row.delivery.reason] == [leaving.LEFT]
    assert [one.delivery.recipient.name for one in outbox.claim()] == ["Bea"]


def test_to_leave_twice_changes_nothing_and_is_written_down_once(outbox) -> None:
    known = people(outbox, "ada")
    leave(outbox, known["ada"])
    assert leave(outbox, known["ada"]) == leaving.Left(is_new=False, cancelled=0)
    assert said(outbox) == [("weekly", "left", "one-click", "192.0.2.7")]


def test_who_leaves_one_list_stays_on_the_others(outbox) -> None:
    known = people(outbox, "ada")
    people(outbox, "ada", name="monthly")
    freeze(outbox, "first", "monthly")
    leave(outbox, known["ada"])
    assert on(outbox, "monthly") == ["ada"]
    assert [one.delivery.recipient.name for one in outbox.claim()] == ["Ada"]


def test_the_next_edition_goes_without_those_who_left(outbox) -> None:
    known = people(outbox, "ada", "bea")
    leave(outbox, known["bea"])
    freeze(outbox)
    assert outbox.counts() == {"rows_read": 1, "recipients": 1, "queued": 1}


def test_who_left_the_list_of_a_file_gets_nothing_although_they_still_stand_in_it(outbox) -> None:
    outbox.freeze("ada", "bea", article="first", list="@readers")
    known = numbers(outbox)
    leave(outbox, known["ada"], "@readers")
    outbox.freeze("ada", "bea", article="second", list="@readers")
    found = outbox.counts("newsletter/article/second")
    assert found == {"rows_read": 2, "suppressed": 1, "recipients": 1, "queued": 1}


def test_what_is_queued_again_after_they_left_is_cancelled_when_it_is_claimed(outbox) -> None:
    known = people(outbox, "ada")
    freeze(outbox)
    under_way = outbox.claim()
    assert leave(outbox, known["ada"]).cancelled == 0
    outbox.record(under_way, Deferred(reason="450 later"), retry_at=NOW)
    assert outbox.claim(now=NOW + timedelta(minutes=1)) == []
    assert outbox.counts() == {"rows_read": 1, "recipients": 1, "cancelled": 1}
    assert outbox.state() == "finished"


def test_what_is_reserved_when_they_leave_is_not_begun(outbox) -> None:
    known = people(outbox, "ada", "bea")
    freeze(outbox)
    reserved = outbox.claim(begin=False)
    leave(outbox, known["ada"])
    ids = [one.delivery.id for one in reserved]
    begun = outbox.ledger.write(leaving_begin, ids)
    assert len(begun) == 1
    assert outbox.counts() == {"rows_read": 2, "recipients": 2, "sending": 1, "cancelled": 1}


def leaving_begin(connection, ids: list[int]) -> list[int]:
    from postroom.outbox.claim import begin

    return begin(connection, ids, "host-a:1", NOW)


def test_an_import_brings_nobody_back_who_left(outbox) -> None:
    known = people(outbox, "ada", "bea")
    leave(outbox, known["ada"])
    done = subscribers.import_rows(
        outbox.ledger, "weekly", [a_person("ada"), a_person("cleo")], "again.csv", NOW
    )
    assert (done.added, on(outbox)) == (1, ["bea", "cleo"])


def test_who_asks_is_on_the_list_once_they_confirm(outbox) -> None:
    outbox.ledger.write(subscribers.enrol, [a_person("ada")], "form", NOW)
    number = numbers(outbox)["ada"]
    assert outbox.ledger.write(leaving.ask, number, "weekly", FORM, NOW)
    assert on(outbox) == []
    assert outbox.ledger.write(leaving.confirm, number, "weekly", CLICK, NOW)
    assert on(outbox) == ["ada"]
    assert not outbox.ledger.write(leaving.confirm, number, "weekly", CLICK, NOW)
    assert not outbox.ledger.write(leaving.ask, number, "weekly", FORM, NOW)
    assert [(what, how) for _, what, how, _ in said(outbox)] == [
        ("asked", "form"),
        ("confirmed", "one-click"),
    ]


def test_nobody_is_put_on_a_list_that_they_did_not_ask_for(outbox) -> None:
    outbox.ledger.write(subscribers.enrol, [a_person("ada")], "form", NOW)
    assert not outbox.ledger.write(leaving.confirm, numbers(outbox)["ada"], "weekly", CLICK, NOW)
    assert on(outbox) == []


def test_who_left_comes_back_by_asking_and_confirming(outbox) -> None:
    known = people(outbox, "ada")
    leave(outbox, known["ada"])
    outbox.ledger.write(leaving.ask, known["ada"], "weekly", FORM, NOW)
    freeze(outbox, "between")
    outbox.ledger.write(leaving.confirm, known["ada"], "weekly", CLICK, NOW)
    freeze(outbox, "after")
    assert outbox.counts("newsletter/article/after")["queued"] == 1
    assert len(outbox.claim()) == 1


def test_who_leaves_takes_back_what_they_asked_for(outbox) -> None:
    known = people(outbox, "ada", name="monthly")
    outbox.ledger.write(leaving.ask, known["ada"], "weekly", FORM, NOW)
    leave(outbox, known["ada"])
    left = outbox.ledger.read(lambda connection: connection.execute(select(request)).all())
    assert left == []
    assert not outbox.ledger.write(leaving.confirm, known["ada"], "weekly", CLICK, NOW)


def test_a_list_keeps_its_number(outbox) -> None:
    first, second = (outbox.ledger.write(leaving.number_of, name) for name in ("weekly", "monthly"))
    assert outbox.ledger.write(leaving.number_of, "weekly") == first != second
    assert outbox.ledger.read(leaving.list_of, second) == "monthly"
    assert outbox.ledger.read(leaving.list_of, second + 1) is None


def test_an_edition_with_a_page_of_ours_names_its_list_in_its_links(outbox) -> None:
    people(outbox, "ada")
    frozen = freeze(outbox, unsubscribe=Unsubscribe(web="https://mail.example.org"))
    assert frozen.unsubscribe is not None
    assert outbox.ledger.read(leaving.list_of, frozen.unsubscribe.list) == "weekly"


def test_somebody_who_was_erased_takes_along_what_they_said(outbox) -> None:
    known = people(outbox, "ada", "bea")
    leave(outbox, known["ada"])
    gone = subscriber.delete().where(subscriber.c.id == known["ada"])
    outbox.ledger.write(lambda connection: connection.execute(gone).rowcount)
    assert said(outbox) == []
    assert len(outbox.ledger.read(lambda connection: connection.execute(select(membership)).all())) == 1


@pytest.mark.parametrize("moment", ["held", "open"])
def test_an_edition_that_only_they_were_left_of_is_settled(outbox, moment: str) -> None:
    known = people(outbox, "ada")
    freeze(outbox, holds=("audience-max",) if moment == "held" else ())
    leave(outbox, known["ada"])
    assert outbox.counts()["cancelled"] == 1
    assert outbox.state() == ("held" if moment == "held" else "finished")
    assert outbox.ledger.read(operate.suppressions) == ()


def after(outbox) -> list[int | None]:
    query = select(consent.c.edition_id).where(consent.c.what == "left").order_by(consent.c.id)
    return list(outbox.ledger.read(lambda connection: connection.execute(query).scalars().all()))


def send(outbox, article: str, **changes) -> int:
    frozen = freeze(outbox, article, **changes)
    outbox.record(outbox.claim(), Sent(reply="250 kept"))
    return frozen.id


def test_who_leaves_leaves_after_the_newest_edition_of_the_list_that_was_sent_to_them(outbox) -> None:
    known = people(outbox, "ada", "bea")
    people(outbox, "ada", name="monthly")
    first, second = send(outbox, "first"), send(outbox, "second")
    people(outbox, "cleo")
    send(outbox, "other", name="monthly")
    freeze(outbox, "queued")
    leave(outbox, known["ada"])
    leave(outbox, numbers(outbox)["cleo"])
    assert first < second
    assert after(outbox) == [second, None]


def test_what_may_have_gone_out_counts_and_what_failed_does_not(outbox) -> None:
    known = people(outbox, "ada", "bea")
    freeze(outbox, "first")
    claimed = sorted(outbox.claim(), key=lambda one: one.delivery.recipient.name)
    outbox.record(claimed[:1], Unknown(reason="lost"))
    outbox.record(claimed[1:], Sent(reply="250 kept"))
    freeze(outbox, "second")
    outbox.record(outbox.claim(), Refused(reason="550 no"))
    leave(outbox, known["ada"])
    maybe = next(row.delivery for row in outbox.deliveries() if row.delivery.state == "uncertain")
    assert after(outbox) == [maybe.edition_id]


def test_nobody_leaves_after_the_mail_that_greeted_them(outbox) -> None:
    known = people(outbox, "ada")
    sent = send(outbox, "first")
    greets = edition.update().where(edition.c.id == send(outbox, "hello")).values(greeting="welcome")
    outbox.ledger.write(lambda connection: connection.execute(greets).rowcount)
    leave(outbox, known["ada"])
    assert after(outbox) == [sent]


def test_the_edition_that_is_known_is_kept(outbox) -> None:
    known = people(outbox, "ada")
    first, _ = send(outbox, "first"), send(outbox, "second")
    outbox.ledger.write(leaving.leave, known["ada"], "weekly", replace(CLICK, edition_id=first), NOW)
    assert after(outbox) == [first]


def test_only_the_latest_editions_are_looked_through(outbox) -> None:
    known = people(outbox, "ada")
    send(outbox, "first")
    people(outbox, "bea")
    gone = membership.delete().where(membership.c.subscriber_id == known["ada"])
    outbox.ledger.write(lambda connection: connection.execute(gone).rowcount)
    for number in range(20):
        send(outbox, f"later-{number}")
    leave(outbox, known["ada"])
    assert after(outbox) == [None]
