"""Greetings go out once each, whatever is killed between noting one and its edition, and to nobody who left since."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from postroom.errors import LedgerError
from postroom.model import Recipient, Refused
from postroom.outbox import (
    Ledger,
    enqueue,
    erasing,
    failures,
    greetings,
    history,
    joining,
    leaving,
    rehearsals,
    status,
    suppressions,
)
from postroom.outbox.enqueue import Audience
from postroom.outbox.joining import Wish
from postroom.outbox.leaving import Act
from postroom.outbox.standing import standing
from postroom.outbox.tables import delivery, greeting, subscriber

from .conftest import NOW, an_edition

FORM = Act(how="sign-up form")
REFUSED = Refused(reason="550 5.7.1 no", enhanced="5.7.1")
LISTS = ("weekly", "monthly")


def sign_up(ledger: Ledger, name: str, *lists: str, language: str = "", now: datetime = NOW) -> str:
    address = f"{name}@example.com"
    who = Recipient(address=address, identity=address, domain="example.com", name="Buy at evil.example")
    wish = Wish(person=who, lists=lists or ("weekly",), language=language, act=FORM)
    ledger.write(joining.sign_up, wish, now)
    found = select(subscriber.c.uuid).where(subscriber.c.identity == address)
    return ledger.read(lambda connection: connection.execute(found).scalar_one())


def freeze(ledger: Ledger, batch: greetings.Batch, **changes: Any) -> int:
    made = an_edition(
        article="", key=f"greeting/{batch.kind}/{batch.name}", greeting=batch.kind, list="", **changes
    )
    return enqueue.freeze(ledger, made, Audience(people=batch), parts=1, now=NOW).id


def write_all(ledger: Ledger, **changes: Any) -> list[greetings.Batch]:
    batches = ledger.write(greetings.gather, LISTS)
    for batch in batches:
        ledger.write(greetings.written, batch.name, freeze(ledger, batch, **changes), NOW)
    return list(batches)


def test_those_who_get_the_same_mail_are_one_batch(ledger: Ledger) -> None:
    sign_up(ledger, "ada")
    sign_up(ledger, "bob", language="EN-gb")
    sign_up(ledger, "cleo", language="en")
    sign_up(ledger, "dan", "weekly", "monthly")
    sign_up(ledger, "eve", "unserved")
    found = ledger.write(greetings.gather, LISTS)
    assert sorted((each.language, each.lists, each.kind) for each in found) == [
        ("", ("monthly", "weekly"), "confirm"),
        ("", ("weekly",), "confirm"),
        ("en", ("weekly",), "confirm"),
    ]
    assert ledger.read(greetings.is_any_unwritten, ("unserved",))


def test_everybody_in_a_batch_gets_one_mail_and_no_stranger_chose_its_words(ledger: Ledger, outbox) -> None:
    for name in ("ada", "bob"):
        sign_up(ledger, name)
    write_all(ledger)
    assert outbox.counts() == {"rows_read": 2, "recipients": 2, "queued": 2}
    claimed = outbox.claim()
    assert [one.delivery.recipient.name for one in claimed] == ["", ""]
    assert {one.edition.greeting for one in claimed} == {"confirm"}
    assert not ledger.read(greetings.is_any_unwritten, LISTS)
    assert ledger.write(greetings.gather, LISTS) == ()


def test_a_welcome_bears_the_name_and_goes_to_members_alone(ledger: Ledger, outbox) -> None:
    for name in ("ada", "bob"):
        ledger.write(joining.confirm, sign_up(ledger, name), FORM, NOW)
    bob = ledger.read(leaving.person, sign_up(ledger, "bob"))
    assert bob is not None
    ledger.write(leaving.leave, bob, "weekly", FORM, NOW)
    batches = write_all(ledger)
    assert [each.kind for each in batches] == ["confirm", "welcome"]
    rows = [row.delivery.recipient for row in outbox.deliveries() if "welcome" in row.edition]
    assert [(row.address, row.name) for row in rows] == [("ada@example.com", "Buy at evil.example")]


@pytest.mark.parametrize("how", ["suppressed", "left", "erased", "added"])
def test_who_needs_no_mail_any_more_gets_none(ledger: Ledger, outbox, how: str) -> None:
    number = ledger.read(leaving.person, sign_up(ledger, "ada"))
    assert number is not None
    sign_up(ledger, "bob")
    (batch,) = ledger.write(greetings.gather, LISTS)
    match how:
        case "suppressed":
            ledger.write(suppressions.suppress, "ada@example.com", "ada@example.com", "bounced", NOW)
        case "left":
            ledger.write(leaving.leave, number, "weekly", FORM, NOW)
        case "erased":
            ledger.write(erasing.erase, "ada@example.com", NOW)
        case "added":
            ledger.write(leaving.add, number, "weekly", FORM, NOW)
            ledger.write(leaving.leave, number, "weekly", FORM, NOW)
    freeze(ledger, batch)
    assert [row.delivery.recipient.address for row in outbox.deliveries()] == ["bob@example.com"]
    counts = outbox.counts()
    assert counts["rows_read"] == counts["recipients"] + counts.get("suppressed", 0)


def test_a_batch_that_nobody_wants_any_more_ends_by_itself(ledger: Ledger, outbox) -> None:
    sign_up(ledger, "ada")
    ledger.write(suppressions.suppress, "ada@example.com", "ada@example.com", "bounced", NOW)
    write_all(ledger)
    assert (outbox.state(), outbox.counts()) == ("finished", {"rows_read": 1, "suppressed": 1})


def test_who_is_suppressed_after_the_freeze_is_cancelled_at_the_claim(ledger: Ledger, outbox) -> None:
    sign_up(ledger, "ada")
    write_all(ledger)
    ledger.write(suppressions.suppress, "ada@example.com", "ada@example.com", "bounced", NOW)
    assert outbox.claim() == []
    assert outbox.states() == ["cancelled"]


def test_a_crash_before_the_edition_is_made_up_for_under_the_same_name(ledger: Ledger, outbox) -> None:
    sign_up(ledger, "ada")
    (begun,) = ledger.write(greetings.gather, LISTS)
    sign_up(ledger, "bob")
    first, second = ledger.write(greetings.gather, LISTS)
    assert first == begun
    assert second.name != begun.name
    for each in (first, second):
        freeze(ledger, each)
    assert sorted(row.delivery.recipient.address for row in outbox.deliveries()) == [
        "ada@example.com",
        "bob@example.com",
    ]


def test_a_crash_after_the_edition_sends_nothing_twice(ledger: Ledger, outbox) -> None:
    sign_up(ledger, "ada")
    (batch,) = ledger.write(greetings.gather, LISTS)
    number = freeze(ledger, batch)
    (again,) = ledger.write(greetings.gather, LISTS)
    assert ledger.read(greetings.frozen, f"greeting/confirm/{again.name}") == number
    assert freeze(ledger, again) == number
    assert len(outbox.deliveries()) == 1


def test_a_crash_in_the_middle_of_the_edition_fills_it_anew(ledger: Ledger, outbox, monkeypatch) -> None:
    sign_up(ledger, "ada")
    (batch,) = ledger.write(greetings.gather, LISTS)

    def killed(*rest: object) -> None:
        raise LedgerError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(enqueue, "_seal", killed)
        with pytest.raises(LedgerError):
            freeze(ledger, batch)
    assert ledger.read(greetings.frozen, f"greeting/confirm/{batch.name}") is None
    freeze(ledger, batch)
    assert outbox.counts() == {"rows_read": 1, "recipients": 1, "queued": 1}


def test_a_mail_that_waited_for_days_counts_from_when_it_is_written(ledger: Ledger, outbox) -> None:
    for days in (5, 3, 2):  # nobody wrote greetings meanwhile
        sign_up(ledger, "ada", "weekly" if days % 2 else "monthly", now=NOW - timedelta(days=days))
    write_all(ledger)
    sign_up(ledger, "ada", now=NOW + timedelta(hours=23))
    write_all(ledger)
    assert len(outbox.deliveries()) == 1
    sign_up(ledger, "ada", now=NOW + timedelta(hours=24))
    write_all(ledger)
    assert len(outbox.deliveries()) == 2


def test_more_than_a_batch_may_hold_come_in_several(ledger: Ledger, outbox, monkeypatch) -> None:
    monkeypatch.setattr(greetings, "MOST", 2)
    for name in ("ada", "bob", "cleo"):
        sign_up(ledger, name)
    assert [len(write_all(ledger)) for _ in range(3)] == [1, 1, 0]
    assert len(outbox.deliveries()) == 3


def test_a_greeting_is_nobodys_article_and_no_rehearsal_to_settle(ledger: Ledger, outbox) -> None:
    before = ledger.read(history.version), ledger.read(history.read)
    sign_up(ledger, "ada")
    write_all(ledger, rehearsal=True)
    outbox.claim()
    assert (ledger.read(history.version), ledger.read(history.read)) == before
    assert ledger.read(rehearsals.rehearsed) == []


def test_a_mail_to_a_mistyped_address_is_nobodys_worry(ledger: Ledger, outbox) -> None:
    sign_up(ledger, "ada")
    write_all(ledger)
    outbox.record(outbox.claim(), REFUSED)
    assert outbox.states() == ["failed"]
    assert ledger.read(failures.undecided) == ()
    assert ledger.read(standing, NOW).found == ()


def test_strangers_who_enter_bad_addresses_stop_no_greetings(ledger: Ledger, outbox) -> None:
    for number in range(60):
        sign_up(ledger, f"p{number}")
    write_all(ledger)
    outbox.record(outbox.claim(50), REFUSED)
    assert outbox.state() == "open"


def test_greetings_that_are_done_are_one_row_a_channel(ledger: Ledger, outbox) -> None:
    for name in ("ada", "bob", "cleo"):
        sign_up(ledger, name)
        write_all(ledger)
    outbox.freeze("dora")
    for one in outbox.claim(3):
        outbox.record([one], REFUSED)
    summed, article = ledger.read(status.editions)
    assert (summed.key, summed.greeting, summed.accounts.recipients, summed.accounts.failed) == (
        "greeting/newsletter",
        "all",
        3,
        3,
    )
    assert summed.accounts.balances
    assert article.key == "newsletter/article/post-rooms"
    assert ledger.read(lambda connection: status.editions(connection, channel="linkedin")) == []


def test_a_greeting_is_forgotten_and_its_edition_kept(ledger: Ledger, outbox) -> None:
    sign_up(ledger, "ada")
    write_all(ledger)
    ledger.write(joining.forget_old, NOW + timedelta(days=31))
    kept = [ledger.read(lambda c, t=table: c.execute(select(t)).all()) for table in (greeting, delivery)]
    assert [len(each) for each in kept] == [0, 1]
