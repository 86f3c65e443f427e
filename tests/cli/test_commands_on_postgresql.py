"""Every command that looks at the ledger or changes it works on PostgreSQL as it does on a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest
from postgresql_server import Server

from postroom import config
from postroom.cli import main
from postroom.outbox import leader, presence, status
from postroom.outbox.ledger import Ledger
from postroom.pipeline.lanes import Shift
from postroom.pipeline.once import once
from postroom.shipped import shipped

NOW = datetime(2026, 1, 1, tzinfo=UTC)
"""Wrong, and of no account: PostgreSQL asks its own clock."""

EDITION = "newsletter/article/letters"
ARTICLE = """---
id: letters
title: On letters
author: Ada
publish_date: 2026-03-10 11:00
---

Letters used to wait a week for the next coach. Today they wait for a queue that nobody sees.
"""


class Shop:
    """A project whose ledger is on PostgreSQL, used through its commands."""

    def __init__(self, folder: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.url, self.capsys = folder, url, capsys
        text = shipped("config.yaml").read_text(encoding="utf-8")
        for old, new in (
            ('"sqlite:///postroom.db"', f'"{url}"'),
            ("folder: seeds ", "folder: articles "),
            ("seeds/subscribers.csv", "subscribers.csv"),
            ("unsubscribe: web ", "unsubscribe: {mailto: leave@learning.example} "),
        ):
            assert old in text, old
            text = text.replace(old, new)
        (folder / "articles").mkdir()
        (folder / "config.yaml").write_text(text, encoding="utf-8")
        (folder / "articles/letters.md").write_text(ARTICLE, encoding="utf-8")
        (folder / "subscribers.csv").write_text("email\nada@example.org\nbea@example.org\n", encoding="utf-8")

    def run(self, *arguments: str) -> tuple[int, str]:
        """Run a command; return its exit code and its answer."""
        code = main(["--config", str(self.folder / "config.yaml"), *arguments])
        told = self.capsys.readouterr()
        assert "Traceback" not in told.err, told.err
        return code, told.out + told.err

    def ok(self, *arguments: str) -> str:
        """Run a command that must end well."""
        code, told = self.run(*arguments)
        assert code == 0, (arguments, told)
        return told


@pytest.fixture
def shop(tmp_path: Path, postgresql: Server, capsys: pytest.CaptureFixture[str]) -> Iterator[Shop]:
    url = postgresql.create()
    yield Shop(tmp_path, url, capsys)
    postgresql.drop(url)


def test_all_that_people_do_with_the_ledger_works_on_postgresql(shop: Shop) -> None:
    shop.ok("plan")
    shop.ok("run", "--once")
    rows = {each["edition"]: each for each in json.loads(shop.ok("outbox", "status", "--json"))}
    assert rows[EDITION]["sent"] == 2
    assert len(json.loads(shop.ok("outbox", "list", "--json", "--edition", EDITION))) == 2
    assert "ada" in shop.ok("outbox", "list")
    shop.ok("outbox", "status")
    shop.ok("outbox", "show", EDITION)
    shop.ok("outbox", "rehearsed")
    for command in ("hold", "release", "cancel"):
        assert "it is finished (2 sent)" in shop.run("outbox", command, EDITION)[1]
    for command in (("pause", "mail"), ("resume", "mail"), ("retry", EDITION)):
        assert "Error" not in shop.run("outbox", *command)[1]
    (shop.folder / "more.csv").write_text("email,city\ndora@example.org,Graz\n", encoding="utf-8")
    shop.ok("subscribers", "import", str(shop.folder / "more.csv"), "--list", "weekly")
    assert "dora@example.org" in shop.ok("subscribers", "list", "--list", "weekly")
    assert "Graz" in shop.ok("subscribers", "export", "weekly")
    shop.ok("suppress", "dora@example.org")
    shop.ok("suppress", "--undo", "dora@example.org")
    assert "as a rehearsal" in shop.ok("stats")
    assert json.loads(shop.ok("stats", EDITION, "--json"))["sent"] == 2
    (weekly,) = [each for each in json.loads(shop.ok("stats", "--json"))["lists"] if each["list"] == "weekly"]
    assert (weekly["members"], len(weekly["periods"])) == (1, 30)
    shop.ok("pull", "letters")
    assert "PostgreSQL" in shop.run("outbox", "backup")[1]
    assert shop.run("adopt", "--yes", "--anyway")[0] in (0, 1)


def test_a_run_beside_a_leader_publishes_nothing_and_delivers_what_is_due(shop: Shop) -> None:
    shop.ok("outbox", "pause", "mail")
    assert "2 deliveries wait in mail" in shop.run("run", "--once")[1]
    shop.ok("outbox", "resume", "mail")
    second = ARTICLE.replace("id: letters", "id: more").replace("On letters", "On coaches")
    second = second.replace("Letters used to wait", "Coaches used to stand")
    (shop.folder / "articles/more.md").write_text(second, encoding="utf-8")
    with Ledger(shop.url) as other:
        assert other.write(leader.lead)
        found = json.loads(shop.ok("run", "--once", "--json"))
        assert found["leads"] is False
        assert {each["edition"]: each["sent"] for each in found["sent"]} == {EDITION: 2}
        told = shop.ok("run", "--once")
        assert "Another process on this ledger leads: what is new is published by that one." in told
        assert "nothing new was ready" not in told
        assert not any("/more" in each.key for each in other.read(status.editions))
    found = json.loads(shop.ok("run", "--once", "--json"))
    assert found["leads"] is True
    assert any(each["edition"] == EDITION.replace("letters", "more") for each in found["sent"])


def test_a_run_that_delivers_lets_another_publish(shop: Shop) -> None:
    """A newsletter to many takes hours, and who publishes has to be there meanwhile."""
    leads = []

    class Helper:
        """Asks for the lead when delivering begins."""

        def start(self) -> None:
            with Ledger(shop.url) as other:
                leads.append(other.write(leader.lead))

        def wait(self, stop: Event) -> None:
            assert not stop.is_set()

    loaded = config.load(shop.folder / "config.yaml")
    shift = Shift(owner="host:1", clock=lambda: NOW, secrets=lambda name: name, hold=lambda: lambda: True)
    with Ledger(shop.url) as ledger:
        assert once(loaded, ledger, shift, stop=Event(), crew=Helper()).leads
    assert leads == [True]


def test_doctor_tells_what_the_server_may_forget_and_who_works(shop: Shop) -> None:
    shop.ok("run", "--once")
    with Ledger(shop.url) as ledger:
        ledger.write(lambda connection: presence.register(connection, "host:1:aa", "host", 1, NOW))
        ledger.write(lambda connection: presence.register(connection, "host:2:bb", "host", 2, NOW))
        ledger.write(
            lambda connection: connection.exec_driver_sql(
                "UPDATE worker SET beat_at = beat_at - 90000000 WHERE pid = 2"
            )
        )
    _, told = shop.run("doctor", "--json")
    found = json.loads(told[told.index("[") :])
    server = next(each for each in found if each["what"] == "postgresql")
    assert server["state"] == "wrong"
    assert "fsync = off" in server["detail"]  # the tests' server: they kill no machine
    workers = {each["detail"].partition(": ")[0]: each for each in found if each["what"] == "worker"}
    assert workers["host:1:aa"]["state"] == "well"
    assert workers["host:2:bb"]["state"] == "worth knowing"
    assert "counts as dead" in workers["host:2:bb"]["detail"]


def test_a_ledger_on_postgresql_is_recovered_by_its_own_tools(shop: Shop) -> None:
    shop.ok("run", "--once")
    for arguments in (["outbox", "recover"], ["outbox", "recover", "some.db", "--yes"]):
        code, told = shop.run(*arguments)
        assert code == 1
        assert "the ledger is on PostgreSQL, which has its own way" in told
        assert "pg_restore --clean" in told
        assert "postroom adopt (see docs/restore.md)" in told
        assert "PRAGMA" not in told
