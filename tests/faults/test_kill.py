"""kill -9 at random moments: nothing lost, nothing doubled, and the accounts balance."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from rig.forge import Forge, wait_until
from sqlalchemy import select

from postroom.outbox import status
from postroom.outbox.status import DeliveryRow, EditionRow
from postroom.outbox.tables import edition

KILLS = 50
READERS = 150
MANY = 20_000
LETTERS = "newsletter/article/letters"
PATIENCE_SECONDS = 40
NO_BACKLOG = ("    transport:", "    ignore_before: 2025-01-01\n    transport:")
COMMENT = ("hashtags:", "link: first_comment\n    hashtags:")


@pytest.fixture
def forge(desk) -> Iterator[Forge]:
    made = Forge(desk.folder)
    yield made
    made.close()


def files(desk, suffix: str) -> int:
    folders = [each for each in (desk.folder / "out/mail", desk.folder / "out/linkedin") if each.is_dir()]
    return sum(each.name.endswith(suffix) for folder in folders for each in folder.iterdir())


def ledger_of(desk) -> tuple[list[EditionRow], list[DeliveryRow]]:
    """Read a ledger that must be whole and whose accounts must balance."""
    with desk.ledger() as ledger:
        ledger.verify()
        assert ledger.read(status.reconcile) == []
        return ledger.read(status.editions), ledger.read(
            lambda connection: list(status.deliveries(connection))
        )


def assert_balanced(row: EditionRow) -> None:
    one = row.accounts
    assert one.rows_read == one.rejected + one.duplicate + one.suppressed + one.recipients, row.key
    states = one.queued + one.sending + one.sent + one.failed + one.uncertain + one.cancelled
    assert one.recipients == states, row.key


def strike(desk, forge: Forge, struck: Counter[str], chance: random.Random, whole: int) -> None:
    """Start a daemon and kill it: at a random moment, or after a random number of further mails."""
    before = files(desk, ".eml")
    pid = forge.start()
    if chance.random() < 0.5:
        time.sleep(chance.uniform(0, 0.4))
    else:
        goal = before + chance.randint(1, whole - before)
        assert wait_until(lambda: files(desk, ".eml") >= goal, PATIENCE_SECONDS)
    assert forge.end(pid) == -signal.SIGKILL
    struck["while sending" if (files(desk, ".eml") - before) % READERS else "elsewhere"] += 1


@pytest.mark.timeout(200)
def test_fifty_kills_lose_nothing_and_double_nothing(desk, forge) -> None:
    """Each article is a mail to 150 and a post with a first comment, through the folder transport."""
    desk.configure(NO_BACKLOG, COMMENT)
    desk.subscribers(READERS)
    chance = random.Random(22)
    struck: Counter[str] = Counter()
    articles = 0
    for _ in range(KILLS):
        if files(desk, ".eml") == articles * READERS:
            articles += 1
            desk.article(f"number-{articles}")
        strike(desk, forge, struck, chance, articles * READERS)
    last = forge.start()
    is_done = wait_until(lambda: files(desk, ".eml") == articles * READERS, PATIENCE_SECONDS)
    is_done &= wait_until(lambda: files(desk, ".txt") == articles * 2, PATIENCE_SECONDS)
    assert is_done, forge.log.read_text()[-3000:]
    wait_until(lambda: all(row.state == "finished" for row in ledger_of(desk)[0]), PATIENCE_SECONDS)
    assert forge.end(last, signal.SIGTERM) == 0
    assert_everybody_got_each_once(desk, articles)
    assert articles >= 3
    assert struck["while sending"] >= 15, struck


def assert_everybody_got_each_once(desk, articles: int) -> None:
    received = Counter((str(mail["To"]), str(mail["Subject"])) for mail in desk.mails())
    assert len(received) == articles * READERS
    assert set(received.values()) == {1}
    assert files(desk, ".part") == 0
    editions, deliveries = ledger_of(desk)
    assert len(editions) == articles * 2
    for row in editions:
        assert_balanced(row)
        assert (row.state, row.accounts.sent) == ("finished", row.accounts.recipients), row.key
    assert {str(each.delivery.state) for each in deliveries} == {"sent"}
    assert len(deliveries) == articles * (READERS + 2)


@pytest.mark.timeout(200)
def test_kills_while_an_edition_is_enqueued_leave_it_whole(desk, forge) -> None:
    """20,000 recipients take longer to enqueue than most of these daemons live."""
    desk.configure(NO_BACKLOG, ("kind: email", "kind: email\n    approval: required"))
    desk.subscribers(MANY)
    desk.article()
    chance = random.Random(23)
    filling = 0
    fillers = {""}
    for _ in range(8):
        pid = forge.start()
        wait_until(
            lambda: _filler(desk) not in fillers or _rows(desk).get(LETTERS) == "held", PATIENCE_SECONDS
        )
        fillers.add(_filler(desk))
        time.sleep(chance.uniform(0, 0.1))
        assert forge.end(pid) == -signal.SIGKILL
        filling += _rows(desk).get(LETTERS) == "filling"
        assert files(desk, ".eml") == 0
    last = forge.start()
    wait_until(lambda: _rows(desk).get(LETTERS) == "held", PATIENCE_SECONDS)
    assert forge.end(last, signal.SIGTERM) == 0
    editions, deliveries = ledger_of(desk)
    newsletter = next(row for row in editions if row.channel == "newsletter")
    assert (newsletter.state, newsletter.accounts.recipients, newsletter.accounts.queued) == (
        "held",
        MANY,
        MANY,
    )
    names = Counter(each.delivery.recipient.address for each in deliveries if each.edition == newsletter.key)
    assert len(names) == MANY
    assert set(names.values()) == {1}
    assert filling >= 4


def _filler(desk) -> str:
    """Read whose work the filling of the newsletter is; empty while it is nobody's."""
    if not _rows(desk):
        return ""
    with desk.ledger() as ledger:
        query = select(edition.c.filler).where(edition.c.key == LETTERS)
        return ledger.read(lambda connection: connection.execute(query).scalar_one_or_none()) or ""


def _rows(desk) -> dict[str, str]:
    """Read the editions beside the daemon; nothing before there is a ledger."""
    if not (desk.folder / "postroom.db").exists():
        return {}
    with desk.ledger() as ledger:
        return {row.key: str(row.state) for row in ledger.read(status.editions)}
