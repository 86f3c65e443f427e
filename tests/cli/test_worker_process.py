"""A process of the crew works by the config of the daemon beside it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from threading import Event

import pytest

from postroom import config as settings
from postroom.cli import help_out as working
from postroom.outbox import meta
from postroom.outbox.meta import GoodConfig
from postroom.pipeline.roll import Roll


def test_a_worker_goes_by_its_own_config_whatever_another_host_has_kept(office, postroom, hours) -> None:
    postroom("outbox", "pause", "mail")
    office.article(date=hours(-1))
    office.run()
    postroom("outbox", "resume", "mail")
    config = office.folder / "config.yaml"
    elsewhere = config.read_text(encoding="utf-8").replace("path: out/mail", "path: out/elsewhere")
    with office.ledger() as ledger:
        url = ledger.url
        ledger.write(
            meta.keep_config, GoodConfig(text=elsewhere, digest="of another", path="/srv/config.yaml")
        )
    command = ["--config", str(config), "help-out", "--once", "host:1:abc/1"]
    worker = subprocess.Popen([sys.executable, "-m", "postroom", *command], stdin=subprocess.PIPE)
    assert worker.stdin is not None
    worker.stdin.write(f"{url}\n".encode())
    worker.stdin.flush()
    assert worker.wait(30) == 0
    worker.stdin.close()
    assert len(office.mails()) == 3
    assert not (office.folder / "out/elsewhere").exists()


def test_a_worker_on_a_disk_that_fails_says_so_and_writes_no_more(office, monkeypatch) -> None:
    class Broken:
        def __init__(
            self, _ledger: object, _lanes: object, _delivered: object, broken: Callable[[], None]
        ) -> None:
            self.start = broken

        def rest(self, _seconds: float) -> bool:
            return True

    def end(code: int) -> None:
        raise SystemExit(code)

    monkeypatch.setattr(working, "Workers", Broken)
    monkeypatch.setattr(working.os, "_exit", end)
    loaded = settings.load(office.folder / "config.yaml")
    with office.ledger() as ledger:
        roll = Roll(ledger, "host:1/1", "host", 1, lambda: office.now)
        with pytest.raises(SystemExit, match="75"):
            working._deliver(loaded, ledger, roll, Event(), only_once=False)


def test_a_worker_stays_with_the_ledger_whose_lock_is_held(office, postroom, hours) -> None:
    postroom("outbox", "pause", "mail")
    office.article(date=hours(-1))
    office.run()
    postroom("outbox", "resume", "mail")
    with office.ledger() as ledger:
        url = ledger.url
    config = office.folder / "config.yaml"
    changed = (
        config.read_text(encoding="utf-8") + f"\noutbox:\n  database: sqlite:///{office.folder}/other.db\n"
    )
    config.write_text(changed, encoding="utf-8")
    command = ["--config", str(config), "help-out", "--once", "host:1:abc/1"]
    worker = subprocess.Popen([sys.executable, "-m", "postroom", *command], stdin=subprocess.PIPE)
    worker.communicate(f"{url}\n".encode(), timeout=30)
    assert worker.returncode == 0
    assert not (office.folder / "other.db").exists()
