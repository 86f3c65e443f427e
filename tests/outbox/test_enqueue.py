"""Freezing: all or nothing, once, and the books balance."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection

from postroom.errors import LedgerError
from postroom.model import Deferred, Edition, Post, Recipient, Sent
from postroom.outbox import Ledger, claim, enqueue, filling, operate, recover, status, subscribers

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def test_a_frozen_edition_is_open_and_its_deliveries_are_queued(outbox) -> None:
    edition = outbox.freeze("ada", "bea", rejected=1)
    assert edition.state == "open"
    assert outbox.counts() == {"rows_read": 3, "rejected": 1, "recipients": 2, "queued": 2}
    first = outbox.deliveries()[0].delivery
    assert first.recipient.address == "ada@example.com"
    assert first.recipient.merge == {"first_name": "ada"}
    assert (first.date, first.due_at, first.attempts) == (NOW, NOW, 0)


def test_the_stored_edition_is_the_given_one(outbox, make_edition: Callable[..., Edition]) -> None:
    given = make_edition(one_click=True, hold_when_uncertain=True, reason="because", revision=2)
    stored = outbox.freeze("ada", one_click=True, hold_when_uncertain=True, reason="because", revision=2)
    assert replace(stored, id=0, state=given.state) == given


def test_freezing_again_changes_nothing(outbox) -> None:
    first = outbox.freeze("ada", "bea")
    before = [(row.delivery.id, row.delivery.message_id) for row in outbox.deliveries()]
    assert outbox.freeze("ada", "bea", "cleo") == first
    assert [(row.delivery.id, row.delivery.message_id) for row in outbox.deliveries()] == before


def test_other_content_under_the_same_key_is_refused(outbox) -> None:
    outbox.freeze("ada")
    with pytest.raises(LedgerError, match=r"other content.*its revision 2"):
        outbox.freeze("ada", content_hash="other")


def test_a_held_edition_waits_for_a_person(outbox) -> None:
    edition = outbox.freeze("ada", holds=("first-edition",), reason="its first real edition")
    assert (edition.state, edition.holds, edition.reason) == (
        "held",
        ("first-edition",),
        "its first real edition",
    )
    assert outbox.claim() == []


def test_the_same_person_twice_is_one_recipient(outbox) -> None:
    outbox.freeze("ada", "bea", "ada", "ada")
    assert outbox.counts() == {"rows_read": 4, "duplicate": 2, "recipients": 2, "queued": 2}


def test_of_a_persons_rows_the_first_counts(
    ledger: Ledger, make_edition: Callable[..., Edition], person: Callable[[str], Recipient]
) -> None:
    rows = [replace(person("ada"), name=name) for name in ("First", "Second")]
    enqueue.freeze(ledger, make_edition(), enqueue.Audience(people=rows, rows_read=2), parts=1, now=NOW)
    found = ledger.read(lambda c: [row.delivery.recipient.name for row in status.deliveries(c)])
    assert found == ["First"]


def test_duplicates_are_found_across_batches(outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "BATCH", 2)
    outbox.freeze("ada", "bea", "cleo", "ada", "dora", "bea")
    assert outbox.counts() == {"rows_read": 6, "duplicate": 2, "recipients": 4, "queued": 4}


def test_the_order_of_the_audience_is_kept(outbox) -> None:
    names = [f"p{number}" for number in range(30)]
    outbox.freeze(*names)
    assert [row.delivery.recipient.merge["first_name"] for row in outbox.deliveries()] == names


def test_the_suppressed_get_nothing_and_are_counted(outbox) -> None:
    outbox.ledger.write(operate.suppress, "bea@example.com", "bea@example.com", "asked", NOW)
    outbox.freeze("ada", "bea", "bea")
    assert outbox.counts() == {"rows_read": 3, "suppressed": 2, "recipients": 1, "queued": 1}


def test_an_edition_for_nobody_is_finished_at_once(outbox) -> None:
    assert outbox.freeze(rejected=2).state == "finished"
    assert outbox.counts() == {"rows_read": 2, "rejected": 2}


def test_an_audience_that_changed_while_it_was_read_is_not_let_go(
    ledger: Ledger, outbox, make_edition: Callable[..., Edition], person: Callable[[str], Recipient]
) -> None:
    with pytest.raises(LedgerError, match=r"5 rows were counted, 1 of them refused, but then 2 were read"):
        enqueue.freeze(
            ledger,
            make_edition(),
            enqueue.Audience(people=[person("ada"), person("bea")], rows_read=5, rejected=1),
            parts=1,
            now=NOW,
        )
    assert outbox.state() == "filling"
    assert outbox.claim() == []
    assert outbox.freeze("ada", "bea").state == "open"


def test_a_broken_off_freeze_is_wiped_and_filled_anew(
    ledger: Ledger,
    outbox,
    make_edition: Callable[..., Edition],
    person: Callable[[str], Recipient],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(filling, "BATCH", 2)

    def audience() -> Iterator[Recipient]:
        yield from map(person, ("old1", "old2", "old3"))
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="gone"):
        enqueue.freeze(
            ledger, make_edition(), enqueue.Audience(people=audience(), rows_read=9), parts=1, now=NOW
        )
    assert len(outbox.deliveries()) == 2
    changed = outbox.freeze("ada", title="Mended", content_hash="mended")
    assert (changed.title, changed.state) == ("Mended", "open")
    assert [row.delivery.recipient.merge["first_name"] for row in outbox.deliveries()] == ["ada"]


def test_of_two_processes_that_fill_an_edition_the_later_one_goes_on(
    ledger: Ledger, make_edition: Callable[..., Edition], person: Callable[[str], Recipient], outbox
) -> None:
    def audience() -> Iterator[Recipient]:
        yield person("ada")
        outbox.freeze("ada", "bea")

    with pytest.raises(LedgerError, match="another process"):
        enqueue.freeze(
            ledger, make_edition(), enqueue.Audience(people=audience(), rows_read=1), parts=1, now=NOW
        )
    assert outbox.counts() == {"rows_read": 2, "recipients": 2, "queued": 2}


@pytest.mark.postgresql_only
def test_a_freeze_that_waits_until_another_is_sealed_changes_nothing_of_it(
    outbox, url: str, make_edition: Callable[..., Edition], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hosts freeze the same key, one of them with an older file: the other waits for its row, then looks anew."""
    is_sealing, real = threading.Event(), enqueue.scan_new

    def scan(connection: Connection, number: int, parts: int) -> Counter[str]:
        is_sealing.set()
        _wait_for_a_waiting_one(connection)
        return real(connection, number, parts)

    def other() -> None:
        is_sealing.wait(10)
        with Ledger(url) as ledger, pytest.raises(LedgerError, match="frozen with other content"):
            enqueue.freeze(ledger, new, enqueue.Audience(people=[], rows_read=0), parts=1, now=NOW)

    new = make_edition(content=replace(make_edition().content, subject="NEW text"), content_hash="new")
    monkeypatch.setattr(enqueue, "scan_new", scan)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(other)
        old = outbox.freeze("ada")
        waiting.result()
    (claimed,) = outbox.claim()
    assert claimed.edition.content == old.content
    assert outbox.ledger.read(status.show, old.key).row.content_hash == old.content_hash


def _wait_for_a_waiting_one(connection: Connection) -> None:
    """Wait until another session waits for a lock in this database."""
    sql = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    until = time.monotonic() + 10
    while not connection.exec_driver_sql(sql).scalar_one():
        assert time.monotonic() < until, "nobody waits"
        connection.exec_driver_sql("SELECT pg_stat_clear_snapshot(), pg_sleep(0.01)").close()


def test_a_freeze_that_is_cancelled_meanwhile_leaves_nothing(
    ledger: Ledger, make_edition: Callable[..., Edition], person: Callable[[str], Recipient], outbox
) -> None:
    def audience() -> Iterator[Recipient]:
        yield person("ada")
        ledger.write(operate.cancel, make_edition().key, "stop", NOW)

    with pytest.raises(LedgerError, match="was cancelled meanwhile"):
        enqueue.freeze(
            ledger, make_edition(), enqueue.Audience(people=audience(), rows_read=1), parts=1, now=NOW
        )
    assert (outbox.state(), outbox.counts(), outbox.deliveries()) == ("cancelled", {}, [])


@pytest.mark.parametrize("take_back", [operate.cancel, operate.pull])
def test_what_a_killed_freeze_left_can_be_taken_back(
    outbox, monkeypatch: pytest.MonkeyPatch, make_edition: Callable[..., Edition], take_back
) -> None:
    def audience() -> Iterator[Recipient]:
        yield Recipient(address="a@example.com", identity="a@example.com", domain="example.com")
        yield Recipient(address="b@example.com", identity="b@example.com", domain="example.com")
        raise OSError("killed")

    monkeypatch.setattr(filling, "BATCH", 1)
    with pytest.raises(OSError, match="killed"):
        enqueue.freeze(
            outbox.ledger, make_edition(), enqueue.Audience(people=audience(), rows_read=2), parts=1, now=NOW
        )
    assert len(outbox.deliveries()) == 2
    outbox.ledger.write(take_back, "post-rooms", "its article is gone", NOW)
    assert (outbox.state(), outbox.counts(), outbox.deliveries()) == ("cancelled", {}, [])


def test_a_subscriber_keeps_their_uuid_through_all_editions(outbox) -> None:
    outbox.freeze("ada", "bea")
    outbox.freeze("bea", "ada", "cleo", article="second")
    uuids: dict[str, set[str]] = {}
    for row in outbox.deliveries():
        uuids.setdefault(row.delivery.recipient.identity, set()).add(row.delivery.recipient.uuid)
    assert {len(values) for values in uuids.values()} == {1}
    assert len(set.union(*uuids.values())) == 3
    assert "" not in set.union(*uuids.values())


def test_a_uuid_from_the_audience_is_taken_over(
    ledger: Ledger, make_edition: Callable[..., Edition], person: Callable[[str], Recipient]
) -> None:
    ada = replace(person("ada"), uuid="from-elsewhere")
    enqueue.freeze(ledger, make_edition(), enqueue.Audience(people=[ada], rows_read=1), parts=1, now=NOW)
    assert ledger.read(lambda c: [row.delivery.recipient.uuid for row in status.deliveries(c)]) == [
        "from-elsewhere"
    ]


def test_message_ids_are_fixed_unique_and_of_the_senders_domain(outbox) -> None:
    outbox.freeze("ada", "bea")
    first = [row.delivery.message_id for row in outbox.deliveries()]
    assert len(set(first)) == 2
    assert all(name.endswith("@example.org") for name in first)


def test_an_edition_of_its_own_has_message_ids_of_its_own(make_edition: Callable[..., Edition]) -> None:
    edition = make_edition()
    one = enqueue.token(edition, 1)
    assert one == enqueue.token(make_edition(title="Other"), 1)
    others = {
        enqueue.token(make_edition(revision=2, key=edition.key), 1),
        enqueue.token(make_edition("other"), 1),
        enqueue.token(make_edition(content_hash="other"), 1),
        enqueue.token(edition, 2),
    }
    assert len({one, *others}) == 5


def test_a_message_id_stays_the_same_over_attempts_refills_and_restarts(
    url: str, outbox, make_edition: Callable[..., Edition], person: Callable[[str], Recipient]
) -> None:
    audience = enqueue.Audience(people=[person("ada"), person("bea")], rows_read=5)
    with pytest.raises(LedgerError, match="5 rows were counted"):
        enqueue.freeze(outbox.ledger, make_edition(), audience, parts=1, now=NOW)
    outbox.freeze("ada", "bea")
    names = [row.delivery.message_id for row in outbox.deliveries()]
    assert [one.delivery.message_id for one in outbox.claim()] == names
    outbox.record(outbox.claim(), Deferred(reason="451"), retry_at=NOW)
    with Ledger(url) as again:
        hand = claim.Hand(carrier=claim.Carrier("mail", "smtp"), owner="host-b:2")
        again.write(lambda c: recover.recover(c, NOW, owner_alive=lambda _: False, idempotent=lambda _: True))
        assert [one.delivery.message_id for one in again.write(claim.claim, hand, 9, NOW)] == names


def test_message_ids_of_all_editions_are_unique(outbox) -> None:
    for article in ("one", "two"):
        for revision in (1, 2):
            outbox.freeze("ada", "bea", article=article, revision=revision)
    names = [row.delivery.message_id for row in outbox.deliveries()]
    assert len(set(names)) == len(names) == 8


def test_an_account_is_a_recipient_but_no_subscriber(
    ledger: Ledger, outbox, make_edition: Callable[..., Edition], make_post: Callable[..., Post]
) -> None:
    account = Recipient(address="company", identity="linkedin:company", domain="linkedin.com")
    post = make_edition(content=make_post())
    enqueue.freeze(ledger, post, enqueue.Audience(people=[account], rows_read=1), parts=2, now=NOW)
    rows = outbox.deliveries()
    assert [(row.delivery.part, row.delivery.recipient.uuid) for row in rows] == [(0, ""), (1, "")]
    assert {row.delivery.message_id.partition("@")[2] for row in rows} == {"postroom.invalid"}
    assert outbox.counts() == {"rows_read": 1, "recipients": 1, "queued": 1}
    assert ledger.read(lambda c: c.exec_driver_sql("SELECT count(*) FROM subscriber").scalar()) == 0


def test_a_new_revision_goes_to_everybody_who_was_not_reached(outbox) -> None:
    outbox.freeze("ada", "bea", "cleo")
    outbox.record(outbox.claim(1), Sent(reply="250 ok"))
    outbox.ledger.write(operate.replace, "post-rooms", NOW)
    outbox.freeze("ada", "bea", "cleo", "dora", revision=2, content_hash="corrected")
    key = "newsletter/article/post-rooms#2"
    assert outbox.counts(key) == {"rows_read": 4, "duplicate": 1, "recipients": 3, "queued": 3}
    assert {row.delivery.recipient.merge["first_name"] for row in outbox.deliveries(key)} == {
        "bea",
        "cleo",
        "dora",
    }


def test_whoever_only_had_the_rehearsal_gets_the_real_one(outbox) -> None:
    outbox.freeze("ada", rehearsal=True)
    outbox.record(outbox.claim(), Sent(reply="written"))
    outbox.freeze("ada", revision=2)
    assert outbox.counts("newsletter/article/post-rooms#2") == {"rows_read": 1, "recipients": 1, "queued": 1}


def test_refused_lines_are_remembered(
    outbox, make_edition: Callable[..., Edition], person: Callable[[str], Recipient]
) -> None:
    audience = enqueue.Audience(people=[person("ada")], rows_read=3, rejected=2)
    audience.rejections += [(3, "no @"), (7, "no domain"), (7, "told twice")]
    key = enqueue.freeze(outbox.ledger, make_edition(), audience, parts=1, now=NOW).key
    assert outbox.ledger.read(status.show, key).rejections == ((3, "no @"), (7, "no domain"))


def test_editions_due_later_wait(outbox) -> None:
    outbox.freeze("ada", due_at=NOW + timedelta(hours=1))
    assert outbox.claim() == []
    assert len(outbox.claim(now=NOW + timedelta(hours=1))) == 1


def subscribe(outbox, *people: Recipient) -> enqueue.Audience:
    subscribers.import_rows(outbox.ledger, "weekly", people, "a.csv", NOW)
    return enqueue.Audience(people=enqueue.Members(list="weekly"))


def freeze_list(outbox, audience: enqueue.Audience, edition: Edition, parts: int = 1) -> Edition:
    return enqueue.freeze(outbox.ledger, edition, audience, parts=parts, now=NOW)


def test_a_list_is_copied_member_by_member_in_order(
    outbox, make_edition, person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "SWEEP", 3)
    names = [f"p{number}" for number in range(10)]
    audience = subscribe(outbox, *map(person, names))
    assert freeze_list(outbox, audience, make_edition()).state == "open"
    assert outbox.counts() == {"rows_read": 10, "recipients": 10, "queued": 10}
    assert [row.delivery.recipient.merge["first_name"] for row in outbox.deliveries()] == names
    assert len(outbox.claim()) == 10


def test_a_list_has_parts_too(outbox, make_edition, person) -> None:
    freeze_list(outbox, subscribe(outbox, person("ada"), person("bea")), make_edition(), parts=2)
    assert sorted((row.delivery.recipient.name, row.delivery.part) for row in outbox.deliveries()) == [
        ("Ada", 0),
        ("Ada", 1),
        ("Bea", 0),
        ("Bea", 1),
    ]
    assert outbox.counts() == {"rows_read": 2, "recipients": 2, "queued": 2}


def test_every_part_of_a_list_is_for_the_same_members_page_by_page(
    outbox, make_edition, person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "SWEEP", 2)
    names = [f"p{number}" for number in range(5)]
    audience = subscribe(outbox, *map(person, names))
    freeze_list(outbox, audience, make_edition(), parts=3)
    found = [(row.delivery.recipient.name, row.delivery.part) for row in outbox.deliveries()]
    assert sorted(found) == [(name.title(), part) for name in names for part in range(3)]
    assert outbox.counts() == {"rows_read": 5, "recipients": 5, "queued": 5}


def test_the_suppressed_of_a_list_are_counted_on_every_page(
    outbox, make_edition, person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "SWEEP", 2)
    audience = subscribe(outbox, *(person(f"p{number}") for number in range(6)))
    for number in (1, 4, 5):
        outbox.ledger.write(operate.suppress, f"p{number}@example.com", "", "asked", NOW)
    freeze_list(outbox, audience, make_edition(), parts=2)
    assert outbox.counts() == {"rows_read": 6, "suppressed": 3, "recipients": 3, "queued": 3}
    assert len(outbox.deliveries()) == 6


def test_the_suppressed_of_a_list_are_counted(outbox, make_edition, person) -> None:
    audience = subscribe(outbox, *map(person, ("ada", "bea", "cleo")))
    outbox.ledger.write(operate.suppress, "bea@example.com", "", "asked", NOW)
    freeze_list(outbox, audience, make_edition())
    assert outbox.counts() == {"rows_read": 3, "suppressed": 1, "recipients": 2, "queued": 2}


def test_a_list_without_members_is_finished_at_once(outbox, make_edition) -> None:
    assert freeze_list(outbox, subscribe(outbox), make_edition()).state == "finished"
    assert outbox.counts() == {}


def test_a_new_revision_for_a_list_leaves_out_whom_the_first_reached(outbox, make_edition, person) -> None:
    audience = subscribe(outbox, *map(person, ("ada", "bea", "cleo", "dora")))
    outbox.ledger.write(operate.suppress, "dora@example.com", "", "asked", NOW)
    freeze_list(outbox, audience, make_edition())
    outbox.record(outbox.claim(1), Sent(reply="250 ok"))
    outbox.ledger.write(operate.replace, "post-rooms", NOW)
    freeze_list(outbox, audience, make_edition(revision=2))
    key = "newsletter/article/post-rooms#2"
    assert outbox.counts(key) == {
        "rows_read": 4,
        "duplicate": 1,
        "suppressed": 1,
        "recipients": 2,
        "queued": 2,
    }
    assert [row.delivery.recipient.name for row in outbox.deliveries(key)] == ["Bea", "Cleo"]


def test_a_list_freeze_that_broke_off_gives_the_same_rows_when_done_again(
    outbox, make_edition, person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "SWEEP", 4)
    audience = subscribe(outbox, *(person(f"p{number}") for number in range(10)))
    begun = outbox.ledger.write(enqueue._begin, make_edition(), audience, 1, NOW)
    outbox.ledger.write(filling._sweep, begun, "weekly", 0)
    assert (len(outbox.deliveries()), outbox.state(), outbox.claim()) == (4, "filling", [])
    freeze_list(outbox, audience, make_edition())
    assert outbox.counts() == {"rows_read": 10, "recipients": 10, "queued": 10}
    assert [row.delivery.recipient.merge["first_name"] for row in outbox.deliveries()] == [
        f"p{number}" for number in range(10)
    ]


def test_a_member_suppressed_while_a_list_is_copied_gets_nothing(
    outbox, make_edition, person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "SWEEP", 1)
    audience = subscribe(outbox, person("ada"), person("bea"))
    begun = outbox.ledger.write(enqueue._begin, make_edition(), audience, 1, NOW)
    outbox.ledger.write(filling._sweep, begun, "weekly", 0)
    outbox.ledger.write(operate.suppress, "ada@example.com", "", "asked", NOW)
    outbox.ledger.write(filling._sweep, begun, "weekly", 1)
    outbox.ledger.write(enqueue._seal, begun, filling.Poured(2, 0, 2, rows_read=2), [])
    assert outbox.counts() == {"rows_read": 2, "recipients": 2, "queued": 1, "cancelled": 1}
    assert [one.delivery.recipient.name for one in outbox.claim()] == ["Bea"]


def names_of(outbox, key: str) -> list[str]:
    return [row.delivery.recipient.name for row in outbox.deliveries(key)]


def test_what_a_file_says_of_a_subscriber_counts_for_that_edition_alone(outbox, make_edition, person) -> None:
    audience = subscribe(outbox, person("ada"))
    married = replace(person("ada"), name="Ada Lovelace", merge={"first_name": "Lady"})
    told = enqueue.Audience(people=[married], rows_read=1)
    enqueue.freeze(outbox.ledger, make_edition("told"), told, parts=1, now=NOW)
    freeze_list(outbox, audience, make_edition("known"))
    assert names_of(outbox, "newsletter/article/told") == ["Ada Lovelace"]
    assert names_of(outbox, "newsletter/article/known") == ["Ada"]
    claimed = {one.edition.article: one.delivery.recipient for one in outbox.claim()}
    assert claimed["told"].merge == {"first_name": "Lady"}
    assert claimed["known"].merge == {"first_name": "ada"}
    assert claimed["told"].uuid == claimed["known"].uuid != ""


@pytest.mark.sqlite_only
def test_rows_of_subscribers_repeat_nothing(outbox) -> None:
    outbox.freeze("ada")
    own = "SELECT identity, address, domain, name, merge, message_id FROM delivery"
    assert outbox.ledger.read(lambda c: c.exec_driver_sql(own).all()) == [(None,) * 6]
