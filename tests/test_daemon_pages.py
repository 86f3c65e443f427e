"""The daemon serves the public pages beside its other work, and does that work without them, too."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from postroom import config, links
from postroom.compose.unsubscribe import PURPOSE
from postroom.config import Config
from postroom.daemon.pages import Pages
from postroom.errors import UsageError
from postroom.model import Recipient
from postroom.outbox import leaving, meta, subscribers
from postroom.outbox.ledger import Ledger
from postroom.outbox.tables import subscriber
from postroom.pipeline.wayout import round_trip

SOON = 20.0


def until(claim: Callable[[], object]) -> None:
    end = time.monotonic() + SOON
    while not claim():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def configure(desk, port: int, more: str = "") -> None:
    desk.configure(("    transport:", "    ignore_before: 2025-01-01\n    transport:"))
    with (desk.folder / "config.yaml").open("a") as file:
        file.write(f'\nweb: {{url: "https://mail.example.org", listen: "127.0.0.1:{port}"{more}}}\n')


@contextmanager
def running(folder: Path) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[str], list[str]]]]:
    log = folder / "daemon.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "postroom", "--config", str(folder / "config.yaml"), "run"],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )

    def said(event: str) -> list[str]:
        lines = [json.loads(line) for line in log.read_bytes().decode().splitlines() if line.endswith("}")]
        return [str(line.get("why", "")) for line in lines if event in str(line["event"])]

    try:
        until(lambda: said("started") or process.poll() is not None)
        yield process, said
    finally:
        process.kill()
        process.wait()


def person(desk) -> tuple[str, tuple[bytes, ...]]:
    """Put somebody on a list; return their token, and the keys."""
    ada = Recipient(address="ada@example.org", identity="ada@example.org", domain="example.org")
    with Ledger(config.load(desk.folder / "config.yaml").database) as ledger:
        subscribers.import_rows(ledger, "weekly", [ada], "people.csv", desk.now)
        uuid = ledger.read(lambda connection: connection.execute(select(subscriber.c.uuid)).scalar_one())
        keys = (ledger.write(meta.link_key),)
        number = ledger.write(leaving.number_of, "weekly")
    return links.token(keys, PURPOSE, uuid, str(number)), keys


def test_a_daemon_lets_people_leave_moves_with_its_config_and_stops(desk) -> None:
    port, other = free_port(), free_port()
    configure(desk, port)
    token, keys = person(desk)
    with running(desk.folder) as (process, said):
        until(lambda: answers(port))
        assert round_trip(f"http://127.0.0.1:{port}", keys) == ""
        left = httpx.post(f"http://127.0.0.1:{port}/u/{token}", data={"List-Unsubscribe": "One-Click"})
        assert left.status_code == 200
        text = (desk.folder / "config.yaml").read_text()
        (desk.folder / "config.yaml").write_text(text.replace(str(port), str(other)))
        until(lambda: answers(other))
        assert not answers(port)
        process.send_signal(signal.SIGTERM)
        assert process.wait(SOON) == 0
        assert said("stopped")
    assert not answers(other)
    with Ledger(config.load(desk.folder / "config.yaml").database) as ledger:
        assert ledger.read(subscribers.count, "weekly") == 0


def test_a_place_that_is_taken_is_told_and_mail_goes_out_all_the_same(desk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        configure(desk, port)
        with running(desk.folder) as (_, said):
            os.utime(desk.article())
            until(lambda: len(desk.mails()) == 3)
            (why,) = said("the public pages are not served")
            assert f"web.listen: 127.0.0.1:{port} cannot be used" in why
            taken.close()
            os.utime(desk.article("ovens"))
            until(lambda: answers(port))


def test_pages_are_left_to_postroom_web_where_the_config_says_so(desk) -> None:
    port = free_port()
    configure(desk, port, ", in_daemon: false")
    with running(desk.folder):
        os.utime(desk.article())
        until(lambda: len(desk.mails()) == 3)
        assert not answers(port)


class Served:
    """What was opened, and whether it is closed."""

    def __init__(self) -> None:
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def loaded(desk) -> Config:
    desk.configure()
    return config.load(desk.folder / "config.yaml")


def test_pages_of_the_config_before_are_closed_before_others_are_opened(loaded: Config, tmp_path) -> None:
    opened: list[Served] = []

    def opening(_: Config, __: Ledger) -> Served:
        assert all(each.is_closed for each in opened)
        opened.append(Served())
        return opened[-1]

    with Ledger(f"sqlite:///{tmp_path}/postroom.db") as ledger:
        pages = Pages(ledger, opening)
        pages.look()
        assert opened == []
        pages.serve(loaded)
        pages.look()
        pages.serve(loaded)
        pages.close()
        pages.look()
    assert [each.is_closed for each in opened] == [True, True]


def test_what_could_not_be_opened_is_tried_again_until_it_can(loaded: Config, tmp_path) -> None:
    tries: list[int] = []

    def opening(_: Config, __: Ledger) -> Served:
        tries.append(1)
        if len(tries) < 3:
            raise UsageError("web.listen: taken")
        return Served()

    with Ledger(f"sqlite:///{tmp_path}/postroom.db") as ledger:
        pages = Pages(ledger, opening)
        pages.serve(loaded)
        for _ in range(5):
            pages.look()
    assert len(tries) == 3
