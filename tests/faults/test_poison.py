"""One delivery that cannot be made harms only itself."""

from __future__ import annotations

import sqlite3

import pytest
from rig.books import open_books
from rig.office import Office

from postroom.outbox.sqlite import driver, module_of

POISONS = ['{"first_name": ', "[1, 2]", '{"first_name": 7}', '"text"', ""]


def poison(opened: Office, reader: int, merge: str) -> None:
    """Write what no import would into one reader's merge values."""
    connection: sqlite3.Connection = module_of(driver()).connect(str(opened.station.database))
    columns = {row[1] for row in connection.execute("PRAGMA table_info(delivery)")}
    assert "merge" in columns
    delivery = connection.execute(
        "SELECT id FROM delivery ORDER BY id LIMIT 1 OFFSET ?", (reader,)
    ).fetchone()[0]
    connection.execute("UPDATE delivery SET merge = ? WHERE id = ?", (merge, delivery))
    connection.commit()
    connection.close()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("merge", POISONS)
def test_a_poisoned_delivery_is_set_aside_and_the_others_go_out(office, merge: str) -> None:
    opened = office()
    everyone = opened.station.ready(opened.forge, 30)
    poison(opened, 7, merge)
    opened.forge.run("run", "--once")
    taken = [each.recipient for each in opened.sink.taken()]
    assert len(taken) == len(set(taken))
    assert set(taken) >= {who for who in everyone if who != everyone[7]}
    if len(taken) == 29:
        poison(opened, 7, "{}")  # the rest of the books cannot be read while it is there
        failed = [each for each in open_books(opened.station).rows if each.delivery.state != "sent"]
        assert [each.delivery.recipient.address for each in failed] == [everyone[7]]
        assert failed[0].delivery.reason
