"""People choose their lists and their language; what was not offered stays as it is."""

from __future__ import annotations

from datetime import UTC, datetime

from postroom.outbox import choosing, enqueue, leaving, subscribers
from postroom.outbox.choosing import Wish
from postroom.outbox.leaving import Act
from postroom.outbox.person import find

from .conftest import a_person, an_edition

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PAGE = Act(how="preferences", source="192.0.2.7")


def uuid_of(outbox, *names: str) -> str:
    subscribers.import_rows(outbox.ledger, "weekly", [a_person(each) for each in names], "x.csv", NOW)
    return outbox.ledger.read(find, f"{names[0]}@example.com").uuid


def choose(outbox, uuid: str, **wish) -> choosing.Chooser:
    return outbox.ledger.write(choosing.choose, uuid, Wish(**wish), PAGE, NOW)


def test_who_chooses_joins_and_leaves_and_keeps_what_was_not_offered(outbox) -> None:
    uuid = uuid_of(outbox, "ada")
    number = outbox.ledger.read(choosing.chooser, uuid).number
    outbox.ledger.write(leaving.add, number, "inner", PAGE, NOW)
    after = choose(outbox, uuid, offered=["weekly", "open"], ticked=["open", "other"], language="de")
    assert (after.lists, after.language) == (("inner", "open"), "de")
    assert choose(outbox, uuid, offered=[], ticked=[]) == after


def test_what_waits_for_who_leaves_here_is_cancelled(outbox) -> None:
    uuid = uuid_of(outbox, "ada", "bea")
    audience = enqueue.Audience(people=enqueue.Members(list="weekly"))
    enqueue.freeze(outbox.ledger, an_edition(list="weekly"), audience, parts=1, now=NOW)
    choose(outbox, uuid, offered=["weekly"], ticked=[])
    assert outbox.counts() == {"rows_read": 2, "recipients": 2, "queued": 1, "cancelled": 1}


def test_who_gets_mail_of_a_file_may_leave_that_too(outbox) -> None:
    outbox.freeze("ada", list="@readers")
    uuid = outbox.ledger.read(find, "ada@example.com").uuid
    assert outbox.ledger.read(choosing.chooser, uuid).lists == ("@readers",)
    assert choose(outbox, uuid, offered=["@readers"], ticked=[]).lists == ()
    assert outbox.counts() == {"rows_read": 1, "recipients": 1, "cancelled": 1}


def test_nobody_chooses_for_who_is_not_there(outbox) -> None:
    assert outbox.ledger.read(choosing.chooser, "nobody") is None
    assert (
        outbox.ledger.write(choosing.choose, "nobody", Wish(offered=["a"], ticked=["a"]), PAGE, NOW) is None
    )
