"""A delivery that cannot be made harms only itself."""

from __future__ import annotations

import sqlite3

import pytest
from rig.books import open_books
from rig.office import Office

from postroom.outbox.sqlite import driver, module_of

ASKS = "Dear {{first_name}}, this is a queue."
ASKS_NOTHING = "This is a queue."
DAMAGED = "is not JSON; restore a backup"
UNFIT = "this message could not be made"

POISONS = {
    3: ('{"first_name": ', DAMAGED),
    7: ("", DAMAGED),
    11: ('{"first_name": 7}', UNFIT),
    15: ("[1, 2]", UNFIT),
    29: ('"text"', UNFIT),
}
"""What no import would write, by the reader whose merge values it becomes, and why no mail comes of it. The last
three are JSON, but no words by the names of fields: that is in the way where a mail asks for one.
"""


def poison(opened: Office, reader: int, merge: str | None) -> None:
    """Write into one reader's merge values."""
    connection: sqlite3.Connection = module_of(driver()).connect(str(opened.station.database))
    one = "(SELECT id FROM delivery ORDER BY id LIMIT 1 OFFSET ?)"
    assert (
        connection.execute(f"UPDATE delivery SET merge = ? WHERE id = {one}", (merge, reader)).rowcount == 1
    )
    connection.commit()
    connection.close()


@pytest.mark.timeout(60)
@pytest.mark.parametrize(("body", "harmful"), [(ASKS, {DAMAGED, UNFIT}), (ASKS_NOTHING, {DAMAGED})])
def test_poisoned_deliveries_are_set_aside_and_the_others_go_out(
    office, body: str, harmful: set[str]
) -> None:
    opened = office()
    opened.station.configure(
        ("\nweb: ", "\n# web: "),
        ("\n  url: https://mail.learning.example\n  listen", "\n#  url: x\n#  listen"),
    )
    everyone = opened.station.people(30)
    opened.station.article(body=body)
    opened.forge.run("run", "--once")
    opened.station.approve()
    for reader, (merge, _) in POISONS.items():
        poison(opened, reader, merge)
    for _ in range(2):  # what is set aside is not taken up again
        opened.forge.run("run", "--once")
    books = open_books(opened.station)
    books.check()
    expected = {everyone[reader]: why for reader, (_, why) in POISONS.items() if why in harmful}
    failed = {
        each.delivery.recipient.address: each.delivery.reason for each in books.rows if each.delivery.reason
    }
    assert failed.keys() == expected.keys()
    assert all(expected[who] in why for who, why in failed.items()), failed
    assert books.states == {"sent": 30 - len(expected), "failed": len(expected)}
    assert sorted(each.recipient for each in books.taken) == sorted(set(everyone) - expected.keys())
