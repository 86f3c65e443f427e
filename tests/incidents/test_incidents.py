"""What happened to users of other tools, each once: it must not happen to ours."""

from __future__ import annotations

import shutil
import signal
import sqlite3
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from rig.books import open_books
from rig.forge import Forge, wait_until
from rig.office import Office
from rig.sink import Sink
from rig.station import WINDOW, Station
from rig.tracing import Tracer

from postroom.model import EditionState
from postroom.outbox import status
from postroom.outbox.filling import BATCH

SOON = timedelta(minutes=1)
LATER = timedelta(hours=1)
DAYS = [timedelta(hours=hours) for hours in (6, 12, 24, 36, 60, 72)]


def finish(opened: Office, everyone: list[str]) -> int:
    """Run until everyone has it, doubts included; count the copies too many."""
    for shift in (SOON, LATER):
        opened.forge.run("run", "--once", shift=shift)
    books = open_books(opened.station)
    books.check_complete(everyone)
    return sum(books.doubled.values())


@pytest.mark.timeout(100)
def test_i1_who_was_fetched_and_not_sent_is_not_skipped(office) -> None:
    """listmonk 3022 and 2278: the place in the list moved on when a batch was fetched. A restart skipped whoever
    was fetched and not sent, and the campaign was called finished. Here the daemon dies within its first window.
    """
    opened = office(seconds=0.02)
    everyone = opened.station.ready(opened.forge, 60)
    pid = opened.forge.start()
    assert wait_until(lambda: opened.sink.count() > 0), opened.log()
    opened.forge.end(pid)
    books = open_books(opened.station)
    books.check()
    one = books.editions[0].accounts
    assert one.recipients == 60 == one.queued + one.sending + one.sent
    assert finish(opened, everyone) <= WINDOW


@pytest.mark.timeout(100)
def test_i2_a_send_goes_on_where_it_was_after_the_server_broke(office) -> None:
    """listmonk 2313 and 2070: after an SMTP error a campaign was resumed from its beginning; two thirds of the
    readers got three copies and more, the last third none. Here the server is gone after a quarter, and comes back.
    """
    opened = office(seconds=0.004)
    everyone = opened.station.ready(opened.forge, 400)
    pid = opened.forge.start()
    assert wait_until(lambda: opened.sink.count() >= 100), opened.log()
    opened.sink.close()
    assert wait_until(lambda: "transport paused" in opened.forge.log.read_text()), opened.log()
    assert opened.forge.end(pid, signal.SIGTERM) == 0
    again = Sink(opened.sink.log.parent, port=opened.sink.port)
    for shift in DAYS:
        opened.forge.run("run", "--once", shift=shift)
    again.close()
    books = open_books(opened.station)
    books.check_complete(everyone)
    assert sum(books.doubled.values()) <= WINDOW


@pytest.mark.timeout(100)
def test_i3_a_restored_copy_sends_nothing_by_itself(office, tmp_path: Path) -> None:
    """listmonk 1801: a snapshot of the database was restored on a second server, which sent the campaign again.
    Here the folder is copied while the mail waits; the first server sends it, then the copy is started.
    """
    opened = office()
    everyone = opened.station.ready(opened.forge, 20)
    copy = tmp_path / "restored"
    shutil.copytree(opened.station.folder, copy)
    assert finish(opened, everyone) == 0
    second = Forge(copy)
    assert second.run("run", "--once") != 0
    second.run("run", "--once", shift=LATER)
    second.close()
    assert opened.sink.count() == 20
    assert open_books(opened.station).doubled == {}


@pytest.mark.timeout(100)
def test_i4_senders_started_in_the_same_second_send_once(office) -> None:
    """Mautic 9880, 3669, 11763 and 13070: two cron jobs of the same second wrote to the same contacts, who got the
    mail twice, three seconds apart. Here four daemons start at once.
    """
    opened = office(seconds=0.004)
    everyone = opened.station.ready(opened.forge, 100)
    pids = [opened.forge.start("run", "--once") for _ in range(4)]
    codes = Counter(opened.forge.wait(pid) for pid in pids)
    assert codes[0] >= 1
    assert finish(opened, everyone) == 0


@pytest.mark.timeout(200)
def test_i5_a_restart_while_recipients_are_written_down_drops_nobody(office) -> None:
    """Ghost 30230: a restart while the batches of a mail were made dropped those not made yet, and the mail was
    called submitted. Here the daemon dies after each of the batches in which it writes its recipients down.
    """
    opened = office()
    station, forge = opened.station, opened.forge
    everyone = station.people(4 * BATCH)
    station.article()
    between = 0
    for batches in (1, 2, 3):
        pid = forge.start()
        assert wait_until(lambda at=batches * BATCH: _written_down(station) >= at), opened.log()
        forge.end(pid)
        between += _state_of_the_only(station) == EditionState.FILLING and _written_down(station) < len(
            everyone
        )
    assert between >= 2
    assert forge.run("run", "--once") in (0, 1)
    station.approve()
    row = open_books(station).editions[0]
    assert row.accounts.recipients == row.accounts.queued == len(everyone) == row.accounts.rows_read


def _written_down(station: Station) -> int:
    """Count the recipients that the ledger holds; none before there is a ledger."""
    if not station.database.exists():
        return 0
    count = "SELECT count(*) FROM delivery"
    with station.ledger() as ledger:
        return ledger.read(lambda connection: connection.exec_driver_sql(count).scalar_one())


def _state_of_the_only(station: Station) -> EditionState:
    with station.ledger() as ledger:
        (row,) = ledger.read(status.editions)
    return row.state


@pytest.mark.timeout(100)
def test_i6_what_is_written_down_is_sent_after_a_restart(office) -> None:
    """Ghost 30409: a mail was pending in the database and its job in memory alone; after a restart nobody ever sent
    it. Here the daemon dies as soon as the ledger says that an edition is open.
    """
    opened = office(seconds=0.05)
    station, forge = opened.station, opened.forge
    everyone = station.ready(forge, 20)
    assert finish(opened, everyone) == 0
    station.article("second", title="On seconds")
    pid = forge.start()

    def is_open() -> bool:
        with station.ledger() as ledger:
            rows = ledger.read(status.editions)
        return any((row.article, row.state) == ("second", EditionState.OPEN) for row in rows)

    assert wait_until(is_open), opened.log()
    forge.end(pid)
    assert is_open(), "it was all sent before the daemon died"
    finish_all = [forge.run("run", "--once", shift=shift) for shift in (SOON, LATER)]
    assert finish_all == [0, 0]
    books = open_books(station)
    books.check()
    assert books.states == {"sent": 40}


@pytest.mark.timeout(100)
def test_i7_an_answer_that_cannot_be_written_down_is_not_forgotten(
    office, strace: str, tmp_path: Path
) -> None:
    """Ghost 30169: the provider took a batch, the database did not take the note of it; the batch stayed as
    submitting while its mail was called submitted. Here no write succeeds for a while amid the answers.
    """
    opened = office(seconds=0.004)
    everyone = opened.station.ready(opened.forge, 100)
    pid = opened.forge.start(stopped=True)
    full = "pwrite64:error=ENOSPC:when=60..90"
    tracer = Tracer(pid, tmp_path / "trace", calls="pwrite64", inject=full)
    assert wait_until(lambda: opened.sink.count() >= 100), opened.log()
    assert opened.forge.end(pid, signal.SIGTERM) == 0
    tracer.close()
    assert "INJECTED" in (tmp_path / "trace").read_text()
    assert finish(opened, everyone) == 0


@pytest.mark.timeout(100)
def test_i8_an_edition_whose_rows_do_not_add_up_is_not_called_finished(office) -> None:
    """Ghost 30541 and 30542: fewer people were handed to the provider than had been prepared, and nobody noticed.
    Here a row vanishes from the ledger before the mail goes out.
    """
    opened = office()
    opened.station.ready(opened.forge, 20)
    connection = sqlite3.connect(opened.station.database)
    connection.execute("DELETE FROM delivery WHERE id = (SELECT max(id) FROM delivery)")
    connection.commit()
    connection.close()
    opened.forge.run("run", "--once")
    with opened.station.ledger() as ledger:
        row = ledger.read(status.editions)[0]
        told = ledger.read(status.reconcile)
    assert row.state != EditionState.FINISHED
    assert told


@pytest.mark.timeout(100)
def test_i9_one_person_in_many_spellings_gets_one_mail(office) -> None:
    """Ghost 18940: a member who was in the list twice got the mail twice."""
    opened = office()
    spellings = [
        "ada@example.org",
        "Ada@Example.org",
        " ada@example.org ",
        "ADA@EXAMPLE.ORG",
        "ada@example.org",
    ]
    opened.station.write("subscribers.csv", "email\n" + "\n".join([*spellings, "bob@example.org"]) + "\n")
    opened.station.article()
    opened.forge.run("run", "--once")
    opened.station.approve()
    opened.forge.run("run", "--once")
    books = open_books(opened.station)
    assert Counter(each.recipient.lower() for each in books.taken) == {
        "ada@example.org": 1,
        "bob@example.org": 1,
    }
    one = books.editions[0].accounts
    assert (one.rows_read, one.duplicate, one.recipients) == (6, 4, 2)


@pytest.mark.timeout(100)
def test_i10_what_was_taken_without_an_answer_is_not_sent_again_and_again(office) -> None:
    """A community SES adapter for Ghost (its issue 5) threw after the mail was out: readers got it five times and
    more. Here the server takes each mail and answers none. Each goes out once more, then a person decides.
    """
    opened = office(drop=1.0)
    everyone = opened.station.ready(opened.forge, 10)
    opened.forge.run("run", "--once")
    for shift in DAYS:
        opened.forge.run("run", "--once", shift=shift)
    books = open_books(opened.station)
    books.check()
    copies = Counter(each.recipient for each in books.taken)
    assert set(copies) == set(everyone)
    assert max(copies.values()) <= 2
    assert books.states == {"uncertain": 10}


@pytest.mark.timeout(100)
def test_i13_a_mail_holds_nothing_of_the_mail_before_it(office) -> None:
    """A newsletter writer of 2022 told how a buffer that was used again gave readers the mails of others, appended
    to their own. Here each reader has a word, and four connections send side by side.
    """
    opened = office(keep=True, window=32)
    rows = "".join(f"reader{who}@example.org,secretword{who}-\n" for who in range(200))
    opened.station.write("subscribers.csv", "email,word\n" + rows)
    opened.station.article(body="Your word is {{word}} and no other.")
    opened.forge.run("run", "--once")
    opened.station.approve()
    opened.forge.run("run", "--once")
    mails = [each.read_text() for each in opened.sink.kept.iterdir()]
    assert len(mails) == 200
    for mail in mails:
        words = {int(part.partition("-")[0]) for part in mail.split("secretword")[1:]}
        assert len(words) == 1
        assert f"reader{words.pop()}@example.org" in mail
