"""From the tables of 0001 to those of today: every mail, its Message-ID and its log survive."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from postroom.errors import LedgerCorrupt
from postroom.model import Sent
from postroom.outbox import Ledger, claim, content, enqueue, record, schema, status
from postroom.outbox.columns import to_micros

from .conftest import MAIL, NOW, a_post, an_edition

AT = to_micros(NOW)
STATES = ("queued", "queued", "sending", "sent", "failed", "uncertain", "cancelled")


@pytest.fixture
def old(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A ledger that the first release made and filled: a newsletter for seven, and a post of three parts."""
    scripts = tmp_path / "first-release"
    shutil.copytree(
        schema.SCRIPTS, scripts, ignore=shutil.ignore_patterns("0002*", "0003*", "0004*", "__pycache__")
    )
    with monkeypatch.context() as patch:
        patch.setattr(schema, "SCRIPTS", scripts)
        patch.setattr(schema, "HEAD", "0001")
        with Ledger(url) as ledger:
            ledger.write(fill)
    return url


def insert(connection: Connection, table: str, **values: Any) -> None:
    names = ", ".join(values)
    marks = ", ".join(f":{name}" for name in values)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({marks})"), values)


def fill(connection: Connection) -> None:
    if (
        connection.dialect.name == "postgresql"
    ):  # rows that bring their numbers leave the next one where it was
        for table in ("edition", "subscriber", "delivery"):
            connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 99)"))
    fill_edition(connection, 1, an_edition(), parts=1, counts=STATES)
    for number, state in enumerate(STATES, start=1):
        who = f"p{number}@example.com"
        insert(
            connection,
            "subscriber",
            id=number + 40,
            identity=who,
            uuid=f"uuid-{number}",
            address=who,
            domain="example.com",
            name="Known",
            attributes="{}",
            created_at=AT,
        )
        fill_delivery(connection, number, 1, identity=who, state=state, uuid=f"uuid-{number}")
        if state not in ("queued", "cancelled"):
            insert(
                connection,
                "attempt",
                delivery_id=number,
                number=1,
                at=AT,
                ended_at=AT + 9,
                outcome="sent",
                reply=f"250 kept {number}",
            )
    fill_edition(connection, 2, an_edition(content=a_post("one", "two")), parts=3, counts=("queued",))
    for part, state in enumerate(("sent", "queued", "queued")):
        fill_delivery(
            connection, 10 + part, 2, identity="linkedin:us", state=state, part=part, waits=part == 2
        )
    insert(connection, "transport_state", name="mail", reason="", changed_at=AT)


def fill_edition(connection: Connection, number: int, edition: Any, *, parts: int, counts: Any) -> None:
    body = content.encode(edition.content)
    insert(
        connection,
        "edition",
        id=number,
        key=edition.key,
        channel=edition.channel,
        article=edition.article,
        variant=edition.variant,
        title=edition.title,
        content_hash=edition.content_hash,
        source_hash="s",
        transport=edition.transport,
        transport_kind=edition.transport_kind,
        state="open",
        due_at=AT,
        created_at=AT,
        sender=content.encode_sender(edition.sender),
        unsubscribe=content.encode_unsubscribe(edition.unsubscribe),
        parts=parts,
        rows_read=len(counts),
        recipients=len(counts),
        **{state: counts.count(state) for state in set(counts)},
    )
    insert(connection, "content", edition_id=number, body=body, digest=sha256(body.encode()).hexdigest())


def fill_delivery(connection: Connection, number: int, edition: int, **values: Any) -> None:
    told = {
        "part": 0,
        "waits": False,
        "due_at": AT,
        "address": values["identity"],
        "domain": "example.com",
        "name": "As frozen" if number == 2 else "Known",
        "uuid": "",
        "date": AT + 5,
        "message_id": f"old-{number}@example.org",
        "attempts": int(values["state"] not in ("queued", "cancelled")),
        "owner": "dead:1" if values["state"] == "sending" else None,
    }
    insert(connection, "delivery", id=number, edition_id=edition, **{**told, **values})


def facts(ledger: Ledger) -> list[tuple[object, ...]]:
    rows = ledger.read(lambda c: list(status.deliveries(c)))
    return [
        (row.delivery.id, row.delivery.state.value, row.delivery.part, row.delivery.attempts) for row in rows
    ]


def test_every_delivery_keeps_its_state_its_message_id_and_its_date(old: str) -> None:
    with Ledger(old) as ledger:
        rows = ledger.read(lambda c: list(status.deliveries(c)))
        assert [row.delivery.state.value for row in rows] == [*STATES, "sent", "queued", "queued"]
        assert [row.delivery.message_id for row in rows[:7]] == [f"old-{n}@example.org" for n in range(1, 8)]
        assert ledger.read(status.reconcile) == []


def test_every_recipient_is_still_told_as_they_were_frozen(old: str) -> None:
    with Ledger(old) as ledger:
        told = [row.delivery.recipient for row in ledger.read(lambda c: list(status.deliveries(c)))]
        assert [(one.address, one.uuid) for one in told[:7]] == [
            (f"p{number}@example.com", f"uuid-{number}") for number in range(1, 8)
        ]
        assert [one.name for one in told[:3]] == ["Known", "As frozen", "Known"]
        assert {(one.identity, one.uuid) for one in told[7:]} == {("linkedin:us", "")}
        columns = "SELECT recipient, name FROM delivery WHERE id IN (1, 2, 10) ORDER BY id"
        assert ledger.read(lambda c: c.exec_driver_sql(columns).all()) == [
            (41, None),
            (42, "As frozen"),
            (0, "Known"),
        ]


def test_the_log_of_attempts_survives(old: str) -> None:
    with Ledger(old) as ledger:
        log = ledger.read(status.show, "newsletter/article/post-rooms").attempts
        assert [(one.delivery_id, one.reply) for one in log] == [(n, f"250 kept {n}") for n in (3, 4, 5, 6)]


def test_it_goes_on_where_it_stood(old: str) -> None:
    """What waited goes out under the Message-ID it always had; a post goes on with its next part."""
    with Ledger(old) as ledger:
        mail = claim.Hand(carrier=MAIL, owner="me")
        taken = ledger.write(claim.claim, mail, 9, NOW)
        assert [one.delivery.message_id for one in taken] == ["old-1@example.org", "old-2@example.org"]
        page = claim.Hand(carrier=claim.Carrier("company-page", "linkedin"), owner="me")
        (second,) = ledger.write(claim.claim, page, 9, NOW)
        sent = [record.Result(delivery_id=second.delivery.id, outcome=Sent(reply="201"))]
        ledger.write(record.record, "me", sent, NOW)
        (third,) = ledger.write(claim.claim, page, 9, NOW)
        assert (second.delivery.part, third.delivery.part) == (1, 2)
        assert ledger.read(status.reconcile) == []


def test_new_deliveries_get_numbers_that_were_never_used(old: str) -> None:
    with Ledger(old) as ledger:
        audience = enqueue.Audience(people=[], rows_read=0)
        new = enqueue.freeze(ledger, an_edition("empty"), audience, parts=1, now=NOW).id
        ledger.write(
            lambda c: c.exec_driver_sql(
                "INSERT INTO delivery (edition_id, recipient, part, state, due_at) VALUES ("
                + str(new)
                + ", 41, 0, 'queued', 0)"
            )
        )
        assert ledger.read(lambda c: c.exec_driver_sql("SELECT max(id) FROM delivery").scalar()) == 13


def test_attempts_go_with_their_delivery_as_before(old: str) -> None:
    with Ledger(old) as ledger:
        ledger.write(lambda c: c.exec_driver_sql("DELETE FROM delivery WHERE id = 4"))
        count = "SELECT count(*) FROM attempt"
        assert ledger.read(lambda c: c.exec_driver_sql(count).scalar()) == 3


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE content SET body = replace(body, 'Dear', 'Deer')",
        "UPDATE edition SET sender = replace(sender, 'news@', 'mews@')",
        "UPDATE subscriber SET address = 'other@example.com'",
    ],
)
def test_what_came_from_before_is_guarded_against_damage_too(old: str, damage: str) -> None:
    with Ledger(old) as ledger:
        ledger.write(lambda c: c.exec_driver_sql(damage))
    with Ledger(old) as ledger, pytest.raises(LedgerCorrupt, match="damaged"):
        ledger.write(claim.claim, claim.Hand(carrier=MAIL, owner="me"), 9, NOW)


MIGRATE = """
import os, signal, sys
from sqlalchemy import event
from sqlalchemy.engine import Engine
from postroom.outbox import Ledger
left = int(sys.argv[2])

@event.listens_for(Engine, "before_cursor_execute")
def count(*_):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)

@event.listens_for(Engine, "commit")
def commit(_):
    print("commit", flush=True)

Ledger(sys.argv[1]).close()
"""


def dump(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    lines = list(connection.iterdump())
    connection.close()
    return lines


@pytest.mark.sqlite_only
def test_a_migration_killed_at_any_statement_leaves_the_old_tables_or_the_new(
    old: str, tmp_path: Path
) -> None:
    path = tmp_path / "postroom.db"
    before = dump(path)
    shutil.copy(path, tmp_path / "kept.db")
    at, done = 0, False
    while not done:
        for left in tmp_path.glob("postroom.db*"):
            left.unlink()
        shutil.copy(tmp_path / "kept.db", path)
        run = subprocess.run(
            [sys.executable, "-c", MIGRATE, old, str(at)], capture_output=True, text=True, check=False
        )
        done = run.returncode == 0
        if not done and dump(path) != before:
            assert version(path) == schema.HEAD, f"killed at statement {at}"
        with Ledger(old) as ledger:
            assert len(facts(ledger)) == 10
        at += 1 if at < 12 else 6
    assert at > 12


def version(path: Path) -> str:
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]
    connection.close()
    return str(found)


def test_an_empty_ledger_of_the_first_release_is_brought_up_to_date(old: str) -> None:
    with Ledger(old) as ledger:
        assert ledger.read(schema.version) == schema.HEAD
