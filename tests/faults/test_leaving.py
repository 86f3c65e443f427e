"""Who leaves before their message starts does not get it, however close the race."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from datetime import UTC, datetime

import pytest
from rig.books import open_books
from rig.forge import wait_until
from rig.station import WINDOW
from sqlalchemy import Connection

from postroom.outbox import operate, status

MORE = 3
"""People for each one who leaves."""


@pytest.mark.timeout(600)
def test_nobody_gets_what_starts_after_they_left(office, many, report) -> None:
    """A thousand people leave while the mail goes out, half of them as it comes to be their turn.

    What their delivery had come to is read with the commit by which they leave, so that no clock is compared.
    """
    leaving = many(300, 1000)
    opened = office(seconds=0.004)
    everyone = opened.station.ready(opened.forge, leaving * MORE)
    chance = random.Random(25)
    stay = everyone.copy()
    had_come_to: dict[str, str] = {}
    pid = opened.forge.start()
    with opened.station.ledger() as ledger:
        for number in range(leaving):
            next_one = opened.sink.count() - list(had_come_to.values()).count("sent")
            at_last_moment = number % 2 and next_one + WINDOW < len(stay)
            whose = next_one + chance.randint(0, WINDOW) if at_last_moment else chance.randrange(len(stay))
            name = stay.pop(whose)
            had_come_to[name] = ledger.write(_leave, name)
            time.sleep(chance.uniform(0, 0.006))
    opened.sink.hurry()
    assert wait_until(lambda: _is_finished(opened), 60), opened.log()
    assert opened.forge.end(pid, signal.SIGTERM) == 0
    books = open_books(opened.station)
    books.check()
    found = Counter(had_come_to.values())
    report(left=leaving, spared=found["cancelled"], in_hand=found["sending"], had_it=found["sent"])
    spared = {who for who, state in had_come_to.items() if state == "cancelled"}
    assert {each.recipient for each in books.taken} == set(everyone) - spared
    assert books.states == {"cancelled": len(spared), "sent": len(everyone) - len(spared)}
    assert books.doubled == {}
    assert found.keys() == {"cancelled", "sending", "sent"}, (
        "nobody left in time, or nobody at the last moment"
    )
    assert leaving * 0.2 < len(spared) < leaving


def _leave(connection: Connection, who: str) -> str:
    """Suppress somebody; tell what their delivery had come to by then."""
    operate.suppress(connection, who, who, "they asked", datetime.now(UTC))  # noqa: TID251
    theirs = "SELECT d.state FROM delivery d JOIN subscriber s ON s.id = d.recipient WHERE s.identity = ?"
    return connection.exec_driver_sql(theirs, (who,)).scalar_one()


def _is_finished(opened) -> bool:
    time.sleep(0.2)
    with opened.station.ledger() as ledger:
        return all(row.state == "finished" for row in ledger.read(status.editions))
