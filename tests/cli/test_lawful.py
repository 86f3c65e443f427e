"""The doctor says what a list lacks that has to be lawful, and nothing of rehearsals."""

from __future__ import annotations

import json

from postroom.cli import session
from postroom.model import Recipient
from postroom.outbox import leaving, subscribers
from postroom.outbox.leaving import Act

NO_ADDRESS = (', address: "1 Street"', "")
A_LIST = ("{file: subscribers.csv}", "{list: weekly}")


def found(postroom) -> list[tuple[str, str]]:
    told = json.loads(postroom("doctor", "--offline", "--json").out)
    return [(each["state"], each["detail"]) for each in told if each["what"] == "law"]


def join(desk, *names: str, agreed: bool) -> None:
    people = [
        Recipient(address=f"{name}@example.org", identity=f"{name}@example.org", domain="example.org")
        for name in names
    ]
    now = session.now()
    with desk.ledger() as ledger:
        if not agreed:
            subscribers.import_rows(ledger, "weekly", people, "people.csv", now)
            return
        for each in people:
            number = ledger.write(subscribers.enrol_one, each, "form", now)
            ledger.write(leaving.ask, number, "weekly", Act(how="form"), now)
            ledger.write(leaving.confirm, number, "weekly", Act(how="form"), now)


def test_mail_to_real_people_needs_a_postal_address(desk, postroom, mailbox) -> None:
    desk.configure(NO_ADDRESS, mailbox.instead)
    ((state, detail),) = found(postroom)
    assert state == "worth knowing"
    assert detail.startswith("channels.newsletter: mail bears no postal address")
    assert "`publication: {address: …}`" in detail


def test_a_channel_may_have_an_address_of_its_own(desk, postroom, mailbox) -> None:
    desk.configure(NO_ADDRESS, mailbox.instead, ("    audience:", '    address: "2 Street"\n    audience:'))
    assert found(postroom) == []


def test_a_rehearsal_needs_nothing(desk, postroom) -> None:
    desk.configure(NO_ADDRESS)
    assert found(postroom) == []


def test_whose_consent_is_kept_is_well(desk, postroom, mailbox) -> None:
    desk.configure(A_LIST, mailbox.instead)
    join(desk, "ada", "ben", agreed=True)
    assert found(postroom) == [("well", "weekly: it is kept of 2 members when and how they agreed")]


def test_members_of_whom_nothing_tells_that_they_agreed_are_counted(desk, postroom, mailbox) -> None:
    desk.configure(A_LIST, mailbox.instead)
    join(desk, "ada", agreed=True)
    join(desk, "ben", "cleo", agreed=False)
    ((state, detail),) = found(postroom)
    assert state == "worth knowing"
    assert detail.startswith("weekly: of 2 of 3 members nothing here tells when and how they agreed")


def test_a_list_with_nobody_on_it_has_nothing_to_prove(desk, postroom, mailbox) -> None:
    desk.configure(A_LIST, mailbox.instead)
    assert found(postroom) == []
