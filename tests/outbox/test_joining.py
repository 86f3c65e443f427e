"""Double opt-in: nobody is on a list who did not confirm, and nobody gets two mails a day because of a form."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from postroom.address import normalise
from postroom.model import Recipient, Sent
from postroom.outbox import (
    Ledger,
    enqueue,
    erasing,
    greetings,
    joining,
    leaving,
    person,
    subscribers,
    suppressions,
)
from postroom.outbox.joining import Place, Wish
from postroom.outbox.leaving import Act
from postroom.outbox.tables import attempt, consent, delivery, greeting, membership, request, subscriber

from .conftest import NOW, an_edition

DAY = timedelta(days=1)
FORM = Act(how="sign-up form", source="192.0.2.7")


def a_wish(address: str = "ada@example.org", *lists: str, name: str = "Ada", language: str = "de") -> Wish:
    found = normalise(address)
    who = Recipient(address=found.address, identity=found.identity, domain=found.domain, name=name)
    return Wish(person=who, lists=lists or ("weekly",), language=language, act=FORM)


def rows(ledger: Ledger, table: Any) -> list[Any]:
    return ledger.read(lambda connection: connection.execute(select(table)).all())


def uuid_of(ledger: Ledger, identity: str = "ada@example.org") -> str:
    query = select(subscriber.c.uuid).where(subscriber.c.identity == identity)
    return ledger.read(lambda connection: connection.execute(query).scalar_one())


def person_at(ledger: Ledger, identity: str) -> person.Person | None:
    return ledger.read(person.find, identity)


def signed_up(ledger: Ledger, wish: Wish, now: datetime = NOW) -> bool:
    return ledger.write(joining.sign_up, wish, now)


def write_mails(ledger: Ledger, now: datetime = NOW) -> None:
    """Let all greetings be written at `now`, in an edition of which these tests need to know nothing."""
    for batch in ledger.write(greetings.gather, ("weekly", "monthly", "daily", "list0", "list1", "list2")):
        ledger.write(greetings.written, batch.name, 1, now)


def test_who_signs_up_is_on_no_list_and_gets_one_mail(ledger: Ledger) -> None:
    assert signed_up(ledger, a_wish())
    assert rows(ledger, membership) == []
    assert [(row.list, row.kind, row.edition_id) for row in rows(ledger, greeting)] == [
        ("weekly", "confirm", None)
    ]
    (said,) = rows(ledger, consent)
    assert (said.list, said.what, said.how, said.source) == ("weekly", "asked", "sign-up form", "192.0.2.7")
    (kept,) = rows(ledger, subscriber)
    assert (kept.name, kept.language, kept.source) == ("Ada", "de", "sign-up form")


def test_whatever_lists_are_asked_for_there_is_one_mail_a_day(ledger: Ledger) -> None:
    lists = ["weekly", "monthly", "daily"]
    mails = [
        signed_up(ledger, a_wish("ada@example.org", *chosen), NOW + number * timedelta(minutes=50))
        for number, chosen in enumerate(itertools.product(lists, repeat=2))
    ]
    assert mails == [True] + [False] * 8
    write_mails(ledger)
    assert signed_up(ledger, a_wish("ada@example.org", "monthly"), NOW + DAY)
    assert sorted(row.list for row in rows(ledger, request)) == ["daily", "monthly", "weekly"]


def test_asking_again_writes_no_endless_log(ledger: Ledger) -> None:
    for number in range(50):
        signed_up(ledger, a_wish(), NOW + number * timedelta(seconds=1))
    assert (len(rows(ledger, consent)), len(rows(ledger, request)), len(rows(ledger, greeting))) == (1, 1, 1)


def test_confirming_puts_them_on_every_list_they_asked_for_and_welcomes_them_once(ledger: Ledger) -> None:
    signed_up(ledger, a_wish("ada@example.org", "weekly"))
    signed_up(ledger, a_wish("ada@example.org", "monthly"))
    uuid = uuid_of(ledger)
    assert ledger.read(joining.place, uuid) == Place(asked=("monthly", "weekly"), on=())
    both = ("monthly", "weekly")
    assert ledger.write(joining.confirm, uuid, FORM, NOW) == Place(asked=both, on=both)
    assert ledger.write(joining.confirm, uuid, FORM, NOW) == Place(asked=(), on=both)
    welcomes = [row.list for row in rows(ledger, greeting) if row.kind == "welcome"]
    assert welcomes == ["monthly", "weekly"]
    assert [row.what for row in rows(ledger, consent)].count("confirmed") == 2


def test_a_link_of_nobody_confirms_nothing(ledger: Ledger) -> None:
    signed_up(ledger, a_wish())
    assert ledger.write(joining.confirm, "01234567-0000-7000-8000-000000000000", FORM, NOW) is None
    assert rows(ledger, membership) == []


def test_a_member_is_not_asked_again_and_keeps_their_name(ledger: Ledger) -> None:
    signed_up(ledger, a_wish())
    ledger.write(joining.confirm, uuid_of(ledger), FORM, NOW)
    write_mails(ledger)
    assert not signed_up(ledger, a_wish(name="Buy now", language="fr"), NOW + 2 * DAY)
    (kept,) = rows(ledger, subscriber)
    assert (kept.name, kept.language) == ("Ada", "de")
    found = ledger.read(person.find, "ada@example.org")
    assert found is not None
    assert [each.how for each in found.standings] == ["on"]


def test_who_left_may_ask_again_and_is_off_the_list_until_they_confirm(ledger: Ledger) -> None:
    signed_up(ledger, a_wish())
    uuid = uuid_of(ledger)
    ledger.write(joining.confirm, uuid, FORM, NOW)
    number = ledger.read(leaving.person, uuid)
    assert number is not None
    write_mails(ledger)
    ledger.write(leaving.leave, number, "weekly", FORM, NOW)
    assert signed_up(ledger, a_wish(), NOW + DAY)
    assert ledger.read(leaving.departed, "weekly", ["ada@example.org"]) == {"ada@example.org"}
    ledger.write(joining.confirm, uuid, FORM, NOW + DAY)
    assert ledger.read(leaving.departed, "weekly", ["ada@example.org"]) == set()
    assert ledger.read(subscribers.count, "weekly") == 1


def test_who_left_within_the_day_gets_no_second_mail(ledger: Ledger) -> None:
    signed_up(ledger, a_wish())
    number = ledger.read(leaving.person, uuid_of(ledger))
    assert number is not None
    ledger.write(leaving.leave, number, "weekly", FORM, NOW)
    assert not signed_up(ledger, a_wish(), NOW + timedelta(hours=23))


def test_nothing_is_kept_of_who_is_suppressed(ledger: Ledger) -> None:
    ledger.write(suppressions.suppress, "ada@example.org", "ada@example.org", "complained", NOW)
    assert not signed_up(ledger, a_wish("Ada@Example.org"))
    assert [rows(ledger, table) for table in (subscriber, request, consent, greeting)] == [[], [], [], []]


def test_who_was_erased_comes_back_as_somebody_new_once_they_confirm_and_by_nothing_less(
    ledger: Ledger,
) -> None:
    signed_up(ledger, a_wish())
    before = uuid_of(ledger)
    ledger.write(erasing.erase, "ada@example.org", NOW)
    assert signed_up(ledger, a_wish(), NOW + 2 * DAY)
    assert uuid_of(ledger) != before
    ada = Recipient(address="ada@example.org", identity="ada@example.org", domain="example.org")
    assert subscribers.import_rows(ledger, "weekly", [ada], "again.csv", NOW).added == 0
    ledger.write(joining.confirm, uuid_of(ledger), FORM, NOW + 2 * DAY)
    assert ledger.read(subscribers.count, "weekly") == 1
    assert subscribers.import_rows(ledger, "monthly", [ada], "again.csv", NOW).added == 1


def test_who_complained_and_was_erased_is_written_to_by_no_form(ledger: Ledger) -> None:
    signed_up(ledger, a_wish())
    ledger.write(suppressions.suppress, "ada@example.org", "ada@example.org", "complained", NOW)
    ledger.write(erasing.erase, "ada@example.org", NOW)
    ledger.write(erasing.erase, "ada@example.org", NOW)
    assert not signed_up(ledger, a_wish("ADA@example.org"), NOW + 2 * DAY)
    assert rows(ledger, greeting) == []
    assert person_at(ledger, "ada@example.org") is None


def test_who_was_erased_and_does_not_confirm_stays_so(ledger: Ledger) -> None:
    ledger.write(erasing.erase, "ada@example.org", NOW)
    signed_up(ledger, a_wish())
    assert ledger.write(joining.forget_old, NOW + 31 * DAY) == 1
    assert person_at(ledger, "ada@example.org") is None
    ada = Recipient(address="ada@example.org", identity="ada@example.org", domain="example.org")
    assert subscribers.import_rows(ledger, "weekly", [ada], "again.csv", NOW).added == 0


def test_what_nobody_confirms_is_forgotten_after_thirty_days(ledger: Ledger) -> None:
    signed_up(ledger, a_wish("ada@example.org"))
    signed_up(ledger, a_wish("bob@example.org"), NOW + DAY)
    assert ledger.write(joining.forget_old, NOW + 30 * DAY) == 0
    assert ledger.write(joining.forget_old, NOW + 30 * DAY + timedelta(seconds=1)) == 1
    assert person_at(ledger, "ada@example.org") is None
    assert person_at(ledger, "bob@example.org") is not None
    assert len(rows(ledger, greeting)) == 1


def test_nothing_is_left_of_a_stranger_whom_we_forget_and_they_may_ask_again(ledger: Ledger, outbox) -> None:
    signed_up(ledger, a_wish("ada@example.org"))
    batches = ledger.write(greetings.gather, ("weekly",))
    made = an_edition(article="", key="greeting/confirm/x", greeting="confirm", list="")
    enqueue.freeze(ledger, made, enqueue.Audience(people=batches[0]), parts=1, now=NOW)
    outbox.record(outbox.claim(), Sent(reply="250 ok for ada@example.org"))
    assert ledger.write(joining.forget_old, NOW + 31 * DAY) == 1
    assert person_at(ledger, "ada@example.org") is None
    assert rows(ledger, consent) == rows(ledger, greeting) == rows(ledger, request) == []
    assert "ada" not in repr([rows(ledger, each) for each in (subscriber, delivery, attempt)])
    assert outbox.counts() == {"rows_read": 1, "recipients": 1, "sent": 1}
    assert signed_up(ledger, a_wish("ada@example.org"), NOW + 31 * DAY)


@pytest.mark.parametrize("known", ["member", "left", "mailed"])
def test_who_is_known_otherwise_is_kept(ledger: Ledger, outbox, known: str) -> None:
    signed_up(ledger, a_wish("ada@example.com"))
    number = ledger.read(leaving.person, uuid_of(ledger, "ada@example.com"))
    assert number is not None
    match known:
        case "member":
            ledger.write(leaving.add, number, "monthly", FORM, NOW)
        case "left":
            ledger.write(leaving.leave, number, "monthly", FORM, NOW)
        case "mailed":
            outbox.freeze("ada")
    assert ledger.write(joining.forget_old, NOW + 31 * DAY) == 1
    assert person_at(ledger, "ada@example.com") is not None


def test_who_asks_again_has_thirty_days_again(ledger: Ledger) -> None:
    signed_up(ledger, a_wish())
    write_mails(ledger)
    signed_up(ledger, a_wish(), NOW + 29 * DAY)
    assert ledger.write(joining.forget_old, NOW + 58 * DAY) == 0


def test_a_thousand_sign_ups_of_one_address_at_once_are_one_mail(ledger: Ledger, url: str) -> None:
    """From four processes' worth of connections, in every spelling that leads to the same mailbox."""
    spellings = [
        "ada@xn--mnchen-3ya.example",
        "ADA@MÜNCHEN.example",
        " Ada@münchen.Example ",
        "aDa@mu\u0308nchen.example",
    ]
    wishes = [
        a_wish(spellings[number % 4], *(("weekly",) if number % 3 else ("monthly", "weekly")))
        for number in range(1000)
    ]
    others = [Ledger(url) for _ in range(3)]
    try:
        ledgers = [ledger, *others]
        with ThreadPoolExecutor(16) as pool:
            mails = list(pool.map(lambda each: signed_up(ledgers[each[0] % 4], each[1]), enumerate(wishes)))
    finally:
        for each in others:
            each.close()
    assert sum(mails) == 1
    counts = [ledger.read(lambda c, t=table: c.execute(select(func.count()).select_from(t)).scalar_one())
              for table in (subscriber, greeting, request, consent)]  # fmt: skip
    assert counts == [1, 1, 2, 2]


@pytest.mark.sqlite_only
@given(hours=st.lists(st.integers(0, 200), min_size=1, max_size=30))
@settings(max_examples=40)
def test_no_two_mails_to_confirm_are_less_than_a_day_apart(
    tmp_path_factory, hours: list[int], database: str
) -> None:
    with Ledger(f"sqlite:///{tmp_path_factory.mktemp('days')}/postroom.db") as ledger:
        for hour in sorted(hours):
            now = NOW + timedelta(hours=hour)
            signed_up(ledger, a_wish("ada@example.org", f"list{hour % 3}"), now)
            write_mails(ledger, now)
        at = sorted(row.at for row in rows(ledger, greeting))
    assert at[0] == NOW + timedelta(hours=min(hours))
    assert all(later - earlier >= DAY for earlier, later in itertools.pairwise(at))
