"""What no index holds is proved all the same: a flipped name, address or number is never sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from postroom.errors import LedgerCorrupt
from postroom.model import Sent
from postroom.outbox import Ledger, claim, enqueue, operate, status

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
ME = claim.Hand(carrier=claim.Carrier("mail", "smtp"), owner="me")


def harm(outbox, statement: str) -> None:
    outbox.ledger.write(lambda connection: connection.exec_driver_sql(statement))


@pytest.mark.parametrize(
    "change",
    [
        "address = 'b@example.com'",
        "identity = 'b@example.com'",
        "domain = 'example.net'",
        "name = 'Bea'",
        "uuid = 'other'",
        'attributes = \'{"first_name":"bea"}\'',
        "seal = seal + 1",
    ],
)
def test_a_subscriber_that_was_altered_gets_no_mail(outbox, change: str) -> None:
    outbox.freeze("ada")
    harm(outbox, f"UPDATE subscriber SET {change}")
    with pytest.raises(LedgerCorrupt, match="subscriber of delivery 1 is damaged"):
        outbox.ledger.write(claim.claim, ME, 9, NOW)


def test_a_subscriber_from_before_there_were_seals_is_taken_as_it_is(outbox) -> None:
    outbox.freeze("ada")
    harm(outbox, "UPDATE subscriber SET seal = NULL")
    assert len(outbox.claim()) == 1


@pytest.mark.parametrize("change", ["recipient = 9", "part = 7", "id = 77"])
def test_a_delivery_that_was_altered_is_found_where_the_accounts_are_proved(outbox, change: str) -> None:
    outbox.freeze("ada", "bea", "cleo")
    harm(outbox, f"UPDATE delivery SET {change} WHERE id = 2")
    (found,) = outbox.ledger.read(status.reconcile)
    assert found.startswith("newsletter/article/post-rooms: its deliveries are not those that were frozen")


def test_a_delivery_that_moved_to_another_edition_is_found(outbox) -> None:
    outbox.freeze("ada", "bea", article="one")
    outbox.freeze("cleo", article="two")
    harm(outbox, "UPDATE delivery SET edition_id = 2 WHERE id = 1")
    assert len(outbox.ledger.read(status.reconcile)) == 2


def test_an_edition_whose_deliveries_were_altered_is_not_finished(outbox) -> None:
    outbox.freeze("ada", "bea")
    claimed = outbox.claim()
    harm(outbox, "UPDATE delivery SET recipient = 9 WHERE id = 2")
    outbox.record(claimed, Sent(reply="250"))
    row = outbox.ledger.read(status.show, "post-rooms").row
    assert row.state == "held"
    assert "not those that were frozen" in row.reason


@pytest.mark.parametrize("field", ["sender", "unsubscribe", "token"])
def test_an_edition_with_another_sender_or_way_out_is_not_sent(url: str, outbox, field: str) -> None:
    outbox.freeze("ada")
    harm(outbox, f"UPDATE edition SET {field} = replace({field}, 'e', 'f')")
    with Ledger(url) as again, pytest.raises(LedgerCorrupt, match="content of edition 1 is damaged"):
        again.write(claim.claim, ME, 9, NOW)


def test_what_a_file_says_otherwise_leaves_the_subscribers_seal_aside(outbox, make_edition, person) -> None:
    outbox.freeze("ada", article="first")
    other = enqueue.Audience(people=[replace(person("ada"), name="Lady Ada")], rows_read=1)
    enqueue.freeze(outbox.ledger, make_edition("second"), other, parts=1, now=NOW)
    assert [one.delivery.recipient.name for one in outbox.claim()] == ["Ada", "Lady Ada"]


@pytest.mark.sqlite_only
def test_a_suppression_that_its_index_no_longer_finds_is_noticed(url: str, outbox, tmp_path: Path) -> None:
    """An index that leads past a row would let mail go to somebody who left; the quick check does not see it."""
    outbox.ledger.write(operate.suppress, "zz-gone@example.com", "gone@example.com", "asked", NOW)
    outbox.ledger.close()
    path = tmp_path / "postroom.db"
    whole = path.read_bytes()
    for place in (at for at in range(len(whole)) if whole.startswith(b"zz-gone@", at)):
        path.write_bytes(whole[:place] + b"zz-g\x0fne@" + whole[place + 8 :])
        with Ledger(url) as ledger, pytest.raises(LedgerCorrupt, match="damaged"):
            ledger.verify()


@pytest.mark.sqlite_only
def test_an_index_of_what_waits_that_was_altered_is_found(url: str, outbox, tmp_path: Path) -> None:
    """Claims would pass over what it no longer leads to, and the edition would never end."""
    outbox.freeze("ada", "bea", due_at=NOW + timedelta(microseconds=0x1234567))
    due = outbox.ledger.read(lambda c: c.exec_driver_sql("SELECT due_at FROM delivery").scalar()).to_bytes(
        8, "big"
    )
    root = "SELECT rootpage FROM sqlite_master WHERE name = 'delivery_due'"
    page = outbox.ledger.read(lambda c: c.exec_driver_sql(root).scalar())
    size = outbox.ledger.read(lambda c: c.exec_driver_sql("PRAGMA page_size").scalar())
    outbox.ledger.close()
    path = tmp_path / "postroom.db"
    whole = bytearray(path.read_bytes())
    place = whole.index(due, (page - 1) * size, page * size)
    whole[place + 7] ^= 1
    path.write_bytes(whole)
    with Ledger(url) as ledger:
        ((_, _, told),) = [line.partition(": ") for line in ledger.read(status.reconcile)]
        assert told == "the index of what waits is damaged; restore a backup"
