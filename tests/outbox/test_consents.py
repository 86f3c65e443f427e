"""Whose agreement is not kept: neither another list's, nor a mere question, nor a farewell proves it."""

from __future__ import annotations

from datetime import UTC, datetime

from postroom.outbox import leaving, subscribers
from postroom.outbox.consents import unproved
from postroom.outbox.leaving import Act

from .conftest import a_person

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
FORM = Act(how="form")


def test_only_a_word_about_this_very_list_proves_it(outbox) -> None:
    write = outbox.ledger.write
    subscribers.import_rows(outbox.ledger, "weekly", [a_person("ada"), a_person("ben")], "people.csv", NOW)
    assert outbox.ledger.read(unproved, "weekly") == 2
    ada = write(subscribers.enrol_one, a_person("ada"), "form", NOW)
    write(leaving.add, ada, "monthly", FORM, NOW)
    assert (outbox.ledger.read(unproved, "weekly"), outbox.ledger.read(unproved, "monthly")) == (2, 0)
    write(leaving.write_down, ada, "weekly", leaving.Said.ASKED, FORM, NOW)
    write(leaving.write_down, ada, "weekly", leaving.Said.LEFT, FORM, NOW)
    assert outbox.ledger.read(unproved, "weekly") == 2
    write(leaving.write_down, ada, "weekly", leaving.Said.CONFIRMED, FORM, NOW)
    assert outbox.ledger.read(unproved, "weekly") == 1


def test_who_was_added_or_confirmed_is_proved(outbox) -> None:
    write = outbox.ledger.write
    ada, ben = (write(subscribers.enrol_one, a_person(name), "form", NOW) for name in ("ada", "ben"))
    write(leaving.add, ada, "weekly", FORM, NOW)
    write(leaving.ask, ben, "weekly", FORM, NOW)
    write(leaving.confirm, ben, "weekly", FORM, NOW)
    assert outbox.ledger.read(unproved, "weekly") == 0
