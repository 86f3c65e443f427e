"""`run --once --at` pretends: it reaches nobody, and the ledger knows nothing of it."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from postroom.outbox import operate
from postroom.outbox.tables import metadata

REAL = "{kind: smtp, host: 127.0.0.1, port: 9, tls: none, ehlo: test.example}"


def remembered(desk) -> dict[str, Sequence[object]]:
    """Every row of every table."""
    with desk.ledger() as ledger:
        return {
            name: ledger.read(lambda connection, table=table: connection.execute(select(table)).all())
            for name, table in metadata.tables.items()
        }


def test_a_pretended_run_writes_files_and_leaves_the_ledger_as_it_was(office, postroom, hours) -> None:
    office.article(date=hours(24))
    before = remembered(office)
    answer = postroom("run", "--once", "--at", hours(25))
    assert answer.code == 0
    assert len(office.mails()) == 3
    assert "the ledger knows nothing of it" in answer.out
    assert remembered(office) == before


def test_without_a_ledger_it_pretends_to_have_been_started_now(desk, postroom, hours) -> None:
    desk.article(date=hours(24))
    desk.article("old", date=hours(-24))
    assert postroom("run", "--once", "--at", hours(25)).code == 0
    assert [str(mail["Subject"]) for mail in desk.mails()] == ["On letters"] * 3
    assert not list(desk.folder.glob("postroom.db*"))


def test_the_pretended_time_poisons_no_later_run(office, postroom, hours) -> None:
    assert postroom("run", "--once", "--at", hours(10_000)).code == 0
    office.article(date=hours(-1))
    assert postroom("run", "--once").code == 0
    assert len(office.mails()) == 3


def test_a_transport_that_no_channel_uses_now_is_real_all_the_same(office, mailbox, postroom, hours) -> None:
    real = REAL.replace("9", str(mailbox.port))
    office.configure(("{kind: folder, path: out/mail}", real))
    office.article(date=hours(-1))
    office.run()
    with office.ledger() as ledger:
        ledger.write(operate.approve, "newsletter/article/letters", recipients=3, now=office.now)
    office.configure(
        ("{kind: folder, path: out/mail}", f"{real}\n  rehearsal: {{kind: folder, path: out/mail}}"),
        ("    transport: mail", "    transport: rehearsal"),
    )
    answer = postroom("run", "--once", "--at", hours(1))
    assert answer.code == 2
    assert "mail (smtp) would really send" in answer.told
    assert mailbox.recipients == []


def test_a_time_goes_with_once_only(postroom, desk) -> None:
    assert postroom("run", "--at", "2030-01-01").code == 2


def test_postgresql_is_no_place_for_a_pretended_run(desk, postroom) -> None:
    desk.configure(("channels:\n", "outbox: {database: 'postgresql://localhost/letters'}\nchannels:\n"))
    answer = postroom("run", "--once", "--at", "2030-01-01")
    assert answer.code == 2
    assert "copy of an SQLite ledger" in answer.told


def test_a_server_that_is_not_there_is_told(desk, postroom) -> None:
    desk.configure(("channels:\n", "outbox: {database: 'postgresql://127.0.0.1:9/letters'}\nchannels:\n"))
    answer = postroom("run", "--once")
    assert answer.code == 1
    assert "cannot be reached" in answer.told
