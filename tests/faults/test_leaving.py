"""Who leaves before their message starts does not get it, however close the race."""

from __future__ import annotations

import random
import signal
import time
from datetime import UTC, datetime

import pytest
from rig.books import open_books
from rig.forge import wait_until

from postroom.outbox import operate, status

MORE = 3
"""People for each one who leaves."""


@pytest.mark.timeout(600)
def test_nobody_gets_what_starts_after_they_left(office, many, report) -> None:
    """A thousand people leave at random moments while the mail goes out; the clock is one and the same."""
    leaving = many(300, 1000)
    opened = office(seconds=0.004)
    everyone = opened.station.ready(opened.forge, leaving * MORE)
    chance = random.Random(25)
    left: dict[str, datetime] = {}
    pid = opened.forge.start()
    with opened.station.ledger() as ledger:
        for who in chance.sample(everyone, leaving):
            ledger.write(operate.suppress, who, who, "they asked", datetime.now(UTC))  # noqa: TID251
            left[who] = datetime.now(UTC)  # noqa: TID251
            time.sleep(chance.uniform(0, 0.006))
    opened.sink.hurry()
    assert wait_until(lambda: _is_finished(opened), 60), opened.log()
    assert opened.forge.end(pid, signal.SIGTERM) == 0
    books = open_books(opened.station)
    books.check()
    who = {each.delivery.id: each.delivery.recipient.address for each in books.rows}
    after = [
        who[each.delivery_id] for each in books.attempts if each.at > left.get(who[each.delivery_id], each.at)
    ]
    spared = books.states["cancelled"]
    report(left=leaving, spared=spared, begun_after_they_left=len(after))
    assert after == []
    assert {each.recipient for each in books.taken} == set(who.values()) - _cancelled(books)
    assert leaving * 0.2 < spared < leaving
    assert books.doubled == {}


def _cancelled(books) -> set[str]:
    return {each.delivery.recipient.address for each in books.rows if each.delivery.state == "cancelled"}


def _is_finished(opened) -> bool:
    time.sleep(0.2)
    with opened.station.ledger() as ledger:
        return all(row.state == "finished" for row in ledger.read(status.editions))
