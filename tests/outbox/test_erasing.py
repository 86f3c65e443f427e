"""Whoever is erased is in no table, no file and no import any more, and every account is as it was."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Text, func, insert, or_, select

from postroom.model import Deferred, DeliveryState, Recipient, Refused, Scope, Sent
from postroom.outbox import (
    enqueue,
    erasing,
    leaving,
    operate,
    resolutions,
    status,
    subscribers,
    wiping,
)
from postroom.outbox.leaving import Act
from postroom.outbox.ledger import Ledger
from postroom.outbox.person import find
from postroom.outbox.tables import consent, feedback, greeting, metadata, rejection, suppression

from .conftest import an_edition

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
FORM = Act(how="form", source="192.0.2.7")
ADA = ("ada.lovelace", "ada lovelace", "adaville", "192.0.2.7")
MANY = 1000


def somebody(name: str) -> Recipient:
    """A person whose address and name are found nowhere else."""
    address = f"{name}.lovelace@example.org"
    merge = {"first_name": name.title(), "town": f"{name}ville"}
    return Recipient(
        address=address, identity=address, domain="example.org", name=f"{name.title()} Lovelace", merge=merge
    )


def put_on(ledger: Ledger, *names: str, to: str = "weekly") -> dict[str, int]:
    subscribers.import_rows(ledger, to, [somebody(name) for name in names], "people.csv", NOW)
    return {name: person_of(ledger, name).number for name in names}


def person_of(ledger: Ledger, name: str):
    return ledger.read(find, somebody(name).identity)


def freeze(outbox, article: str, name: str = "weekly"):
    audience = enqueue.Audience(people=enqueue.Members(list=name))
    return enqueue.freeze(outbox.ledger, an_edition(article, list=name), audience, parts=1, now=NOW)


def erase(outbox, name: str) -> erasing.Erased:
    return outbox.ledger.write(erasing.erase, somebody(name).identity, LATER)


def traces(ledger: Ledger, words: Sequence[str]) -> list[str]:
    """Name the columns of text that hold any of some words."""

    def look(connection) -> list[str]:
        found = []
        for table in metadata.sorted_tables:
            for column in (each for each in table.c if isinstance(each.type, Text)):
                holds = or_(*(func.lower(column).contains(word.lower(), autoescape=True) for word in words))
                query = select(func.count()).select_from(table).where(holds)
                if connection.execute(query).scalar_one():
                    found.append(f"{table.name}.{column.name}")
        return found

    return ledger.read(look)


def a_whole_life(outbox) -> int:
    """Let Ada be told of in every table; return her number."""
    ledger, ada = outbox.ledger, somebody("ada")
    number = put_on(ledger, "ada", "bea")["ada"]
    for step in (leaving.ask, leaving.confirm):
        ledger.write(step, number, "monthly", FORM, NOW)
    ledger.write(leaving.ask, number, "daily", FORM, NOW)
    ledger.write(leaving.leave, number, "monthly", FORM, NOW)
    freeze(outbox, "sent")
    for one in outbox.claim():
        outbox.record([one], Sent(reply=f"250 2.1.5 ok {one.delivery.recipient.address} queued"))
    freeze(outbox, "failed")
    for one in outbox.claim():
        said = f"550 5.7.1 <{one.delivery.recipient.address}>: {one.delivery.recipient.name} says no"
        outbox.record([one], Refused(reason=said, scope=Scope.RECIPIENT))
    freeze(outbox, "held")
    told = f"554 no mail from you to {ada.address}"
    outbox.record(outbox.claim(limit=1), Refused(reason=told, scope=Scope.EDITION), retry_at=NOW)
    freeze(outbox, "waiting")
    ledger.write(_beside, number, ada.address)
    ledger.write(operate.suppress, ada.identity, ada.address, "asked to be left alone", NOW)
    return number


def _beside(connection, number: int, address: str) -> None:
    back = {"source": "mailbox", "event": "1", "kind": "bounced", "heard_at": NOW}
    connection.execute(
        insert(feedback).values(
            **back, address=address.upper(), reason=f"{address} is unknown", outcome="known", token="t"
        )
    )
    connection.execute(insert(greeting).values(subscriber_id=number, list="daily", kind="confirm", at=NOW))
    connection.execute(insert(rejection).values(edition_id=1, line=3, why=f"no address: {address}"))


def test_nothing_tells_of_whoever_was_erased(outbox) -> None:
    a_whole_life(outbox)
    before = {row.key: row.accounts for row in outbox.ledger.read(status.editions)}
    assert traces(outbox.ledger, ADA)
    done = erase(outbox, "ada")
    assert (done.was_known, done.in_hand) == (True, 0)
    assert traces(outbox.ledger, ADA) == []
    assert person_of(outbox.ledger, "ada") is None
    assert person_of(outbox.ledger, "bea") is not None
    after = {row.key: row.accounts for row in outbox.ledger.read(status.editions)}
    assert before == after  # what was queued for her was cancelled when she was suppressed
    assert outbox.ledger.read(status.reconcile) == []


def test_what_went_to_them_is_still_counted_and_shown(outbox) -> None:
    a_whole_life(outbox)
    erase(outbox, "ada")
    rows = [row.delivery for row in outbox.deliveries("newsletter/article/sent")]
    assert sorted((each.recipient.address, each.state) for each in rows) == [
        ("", "sent"),
        ("bea.lovelace@example.org", "sent"),
    ]
    failed = [row.delivery.reason for row in outbox.deliveries("newsletter/article/failed")]
    assert sorted(failed)[1] == erasing.GONE
    shown = [row.reason for row in outbox.ledger.read(status.editions)]
    assert any(reason.startswith("554 no mail from you to …@example.org") for reason in shown)


def test_what_is_queued_for_them_is_cancelled_first(outbox) -> None:
    put_on(outbox.ledger, "ada", "bea")
    freeze(outbox, "waiting")
    assert erase(outbox, "ada") == erasing.Erased(was_known=True, cancelled=1)
    assert outbox.counts() == {"rows_read": 2, "recipients": 2, "queued": 1, "cancelled": 1}
    assert [one.delivery.recipient.name for one in outbox.claim()] == ["Bea Lovelace"]


def test_what_is_being_sent_is_scrubbed_when_it_is_over(outbox) -> None:
    put_on(outbox.ledger, "ada")
    freeze(outbox, "under-way")
    under_way = outbox.claim()
    assert erase(outbox, "ada") == erasing.Erased(was_known=True, in_hand=1)
    assert outbox.ledger.write(erasing.finish) == 1
    said = Refused(
        reason="550 5.1.1 <ada.lovelace@example.org> unknown", scope=Scope.RECIPIENT, enhanced="5.1.1"
    )
    outbox.record(under_way, said)
    assert traces(outbox.ledger, ADA)
    assert outbox.ledger.write(erasing.finish) == 0
    assert traces(outbox.ledger, ADA) == []
    assert outbox.counts() == {"rows_read": 1, "recipients": 1, "failed": 1}
    listed = outbox.ledger.read(
        lambda c: c.execute(select(func.count()).select_from(suppression)).scalar_one()
    )
    assert listed == 0


def test_what_comes_back_to_the_queue_afterwards_goes_to_nobody(outbox) -> None:
    put_on(outbox.ledger, "ada")
    freeze(outbox, "put-off")
    under_way = outbox.claim()
    erase(outbox, "ada")
    outbox.record(under_way, Deferred(reason="450 later"), retry_at=NOW)
    assert outbox.claim(now=LATER) == []
    assert outbox.counts() == {"rows_read": 1, "recipients": 1, "cancelled": 1}


def test_what_failed_and_is_tried_again_by_hand_goes_to_nobody(outbox) -> None:
    put_on(outbox.ledger, "ada")
    edition = freeze(outbox, "failed")
    outbox.record(outbox.claim(), Refused(reason="550 no", scope=Scope.RECIPIENT))
    erase(outbox, "ada")
    outbox.ledger.write(resolutions.retry, edition.key, [DeliveryState.FAILED], LATER)
    assert outbox.claim(now=LATER) == []


def test_no_import_brings_them_back_and_no_file_reaches_them(outbox) -> None:
    put_on(outbox.ledger, "ada")
    erase(outbox, "ada")
    people = [somebody("ada"), somebody("bea")]
    done = subscribers.import_rows(outbox.ledger, "weekly", people, "again.csv", LATER)
    assert (done.added, done.already, done.left) == (1, 0, 1)
    audience = enqueue.Audience(people=people, rows_read=2)
    enqueue.freeze(outbox.ledger, an_edition("from-a-file"), audience, parts=1, now=LATER)
    assert outbox.counts() == {"rows_read": 2, "suppressed": 1, "recipients": 1, "queued": 1}
    assert traces(outbox.ledger, ADA) == []


def test_who_was_never_known_can_be_erased_ahead(outbox) -> None:
    assert erase(outbox, "ada") == erasing.Erased(was_known=False)
    assert subscribers.import_rows(outbox.ledger, "weekly", [somebody("ada")], "x.csv", NOW).added == 0


def test_who_signs_up_anew_and_confirms_is_one_of_ours_again_and_somebody_new(outbox) -> None:
    before = put_on(outbox.ledger, "ada")["ada"]
    uuid = person_of(outbox.ledger, "ada").uuid
    erase(outbox, "ada")
    number = outbox.ledger.write(subscribers.enrol_one, somebody("ada"), "form", LATER)
    outbox.ledger.write(leaving.ask, number, "weekly", FORM, LATER)
    again = subscribers.import_rows(outbox.ledger, "weekly", [somebody("ada")], "x.csv", LATER)
    assert again.added == 0  # to ask is not yet to confirm
    outbox.ledger.write(leaving.confirm, number, "weekly", FORM, LATER)
    found = person_of(outbox.ledger, "ada")
    assert [each.how for each in found.standings] == ["on"]
    assert number != before
    assert found.uuid != uuid
    assert subscribers.import_rows(outbox.ledger, "daily", [somebody("ada")], "x.csv", LATER).added == 1


def test_to_be_erased_twice_is_once(outbox) -> None:
    put_on(outbox.ledger, "ada")
    erase(outbox, "ada")
    assert erase(outbox, "ada") == erasing.Erased(was_known=False)


def test_a_link_erases_whom_it_names_and_nobody_else(outbox) -> None:
    put_on(outbox.ledger, "ada", "bea")
    uuid = person_of(outbox.ledger, "ada").uuid
    assert outbox.ledger.write(erasing.erase_by_link, uuid, LATER).was_known
    assert outbox.ledger.write(erasing.erase_by_link, uuid, LATER) is None
    assert person_of(outbox.ledger, "bea") is not None


def test_that_somebody_left_after_an_edition_is_still_counted(outbox) -> None:
    number = put_on(outbox.ledger, "ada")["ada"]
    freeze(outbox, "sent")
    values = {"subscriber_id": number, "list": "weekly", "what": "left", "how": "one-click", "at": NOW}
    outbox.ledger.write(
        lambda c: c.execute(insert(consent).values(**values, source="192.0.2.7", edition_id=1)) and None
    )
    erase(outbox, "ada")
    row = outbox.ledger.read(lambda c: c.execute(select(consent)).one())
    assert (row.what, row.edition_id, row.how, row.source) == ("left", 1, "", "")


def test_nobody_reads_an_address_out_of_the_hashes(outbox) -> None:
    erase(outbox, "ada")
    key = outbox.ledger.read(lambda c: c.exec_driver_sql("SELECT hash FROM erasure").scalar_one())
    with Ledger(outbox.ledger.url) as again:
        again.write(erasing.erase, somebody("bea").identity, LATER)
        keys = again.read(lambda c: c.exec_driver_sql("SELECT hash FROM erasure").scalars().all())
    assert len({*keys}) == 2
    assert key in keys


@pytest.mark.sqlite_only
def test_a_thousand_erased_are_in_no_byte_of_the_file_or_its_log(outbox, url: str) -> None:
    names = [f"adaq{number:04}" for number in range(MANY)]
    others = [f"beaq{number:04}" for number in range(3 * MANY)]
    mixed = [name for pair in zip(names, *[iter(others)] * 3, strict=True) for name in pair]
    put_on(outbox.ledger, *mixed)
    freeze(outbox, "sent")
    claimed = outbox.claim(limit=10_000)
    ends = [
        (one, Refused(reason=f"550 {one.delivery.recipient.address}", scope=Scope.RECIPIENT))
        for one in claimed
    ]
    for one, outcome in ends[:40]:
        outbox.record([one], outcome)
    outbox.record([one for one, _ in ends[40:]], Sent(reply="250 ok"))
    freeze(outbox, "waiting")
    path = Path(url.removeprefix("sqlite:///"))
    assert count_in(path, b"adaq") > MANY
    for name in names:
        erase(outbox, name)
    assert outbox.ledger.read(wiping.due)
    wiping.wipe(outbox.ledger)
    assert not outbox.ledger.read(wiping.due)
    assert (count_in(path, b"adaq"), count_in(path, b"beaq") > MANY) == (0, True)
    again = subscribers.import_rows(
        outbox.ledger, "weekly", [somebody(name) for name in names], "again.csv", LATER
    )
    assert (again.added, again.left) == (0, MANY)
    assert count_in(path, b"adaq") == 0
    outbox.ledger.verify()
    assert outbox.ledger.read(status.reconcile) == []


def count_in(path: Path, word: bytes) -> int:
    """Count a word in a ledger's file, its write-ahead log and the log's index, in letters of any case."""
    files = [path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")]
    return sum(each.read_bytes().lower().count(word) for each in files if each.exists())


@pytest.mark.postgresql_only
def test_a_thousand_erased_are_in_no_column_of_a_server(outbox) -> None:
    names = [f"adaq{number:04}" for number in range(MANY)]
    put_on(outbox.ledger, *names, "bea")
    freeze(outbox, "waiting")
    for name in names:
        erase(outbox, name)
    assert traces(outbox.ledger, ["adaq"]) == []
    assert not outbox.ledger.read(wiping.due)
    wiping.wipe(outbox.ledger)
    assert outbox.counts() == {
        "rows_read": MANY + 1, "recipients": MANY + 1, "queued": 1, "cancelled": MANY,
    }  # fmt: skip
