"""What is frozen for somebody stays as it was approved, whatever becomes known of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from postroom.model import DeliveryState, Refused, Scope, Sent
from postroom.outbox import resolutions, status
from postroom.outbox.enqueue import Audience, Members, freeze
from postroom.outbox.frozen import keep_frozen
from postroom.outbox.person import find
from postroom.outbox.rows import seal_subscriber
from postroom.outbox.subscribers import import_rows
from postroom.outbox.tables import delivery, subscriber

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def frozen(outbox, person, make_edition, article: str = "a"):
    import_rows(outbox.ledger, "weekly", [person("ada"), person("bea")], "a.csv", NOW)
    audience = Audience(people=Members(list="weekly"))
    return freeze(outbox.ledger, make_edition(article=article, list="weekly"), audience, parts=1, now=NOW)


def rename(outbox, name: str) -> int:
    """Give somebody another address, as whoever changes what is sealed does; return how many mails were kept."""

    def change(connection) -> int:
        found = find(connection, f"{name}@example.com")
        assert found is not None
        kept = keep_frozen(connection, [found.number])
        who = (found.identity, found.uuid, "new@example.net", "example.net", "New", "{}")
        connection.execute(
            update(subscriber)
            .where(subscriber.c.id == found.number)
            .values(address=who[2], domain=who[3], name=who[4], attributes=who[5], seal=seal_subscriber(who))
        )
        return kept

    return outbox.ledger.write(change)


def addresses(outbox, now: datetime = NOW) -> list[str]:
    return [one.delivery.recipient.address for one in outbox.claim(now=now)]


def test_what_waits_goes_where_it_was_to_go(outbox, person, make_edition) -> None:
    frozen(outbox, person, make_edition)
    assert rename(outbox, "ada") == 1
    assert addresses(outbox) == ["ada@example.com", "bea@example.com"]
    assert outbox.ledger.read(status.reconcile) == []


def test_what_failed_and_is_tried_again_goes_there_too(outbox, person, make_edition) -> None:
    edition = frozen(outbox, person, make_edition)
    outbox.record(outbox.claim(), Refused(reason="550 no", scope=Scope.RECIPIENT))
    assert rename(outbox, "ada") == 1
    later = NOW + timedelta(days=1)
    outbox.ledger.write(resolutions.retry, edition.key, [DeliveryState.FAILED], later)
    assert "new@example.net" not in addresses(outbox, later)


def test_what_was_sent_and_what_is_frozen_later_is_left_alone(outbox, person, make_edition) -> None:
    frozen(outbox, person, make_edition)
    outbox.record(outbox.claim(), Sent(reply="250 ok"))
    assert rename(outbox, "ada") == 0
    frozen(outbox, person, make_edition, "b")
    assert addresses(outbox) == ["new@example.net", "bea@example.com"]


def test_a_second_change_keeps_what_was_kept_first(outbox, person, make_edition) -> None:
    frozen(outbox, person, make_edition)
    rename(outbox, "ada")
    rename(outbox, "ada")
    assert addresses(outbox)[0] == "ada@example.com"


def test_nobody_is_no_work(outbox) -> None:
    assert outbox.ledger.write(keep_frozen, []) == 0
    assert outbox.ledger.read(lambda connection: connection.execute(delivery.select()).all()) == []
