"""`postroom web` serves the way out beside whatever else works on the ledger."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime

import httpx
from sqlalchemy import select

from postroom import links
from postroom.compose.unsubscribe import PURPOSE
from postroom.model import Recipient
from postroom.outbox import leaving, meta, subscribers
from postroom.outbox.tables import subscriber

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
ADA = Recipient(address="ada@example.org", identity="ada@example.org", domain="example.org")


def free_port() -> int:
    with socket.socket() as idle:
        idle.bind(("127.0.0.1", 0))
        return int(idle.getsockname()[1])


def test_it_serves_the_way_out_until_it_is_told_to_stop(office) -> None:
    port = free_port()
    config = office.folder / "config.yaml"
    with config.open("a") as file:
        file.write(f'\nweb: {{url: "https://mail.test.example", listen: "127.0.0.1:{port}"}}\n')
    with office.ledger() as ledger:
        subscribers.import_rows(ledger, "weekly", [ADA], "people.csv", NOW)
        uuid = ledger.read(lambda connection: connection.execute(select(subscriber.c.uuid)).scalar_one())
        number = ledger.write(leaving.number_of, "weekly")
        token = links.token((ledger.write(meta.link_key),), PURPOSE, uuid, str(number))
        command = [sys.executable, "-m", "postroom", "--config", str(config), "web"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        assert f"127.0.0.1:{port}" in process.stderr.readline()
        answer, end = None, time.monotonic() + 20
        while answer is None and time.monotonic() < end:
            with suppress(httpx.ConnectError):
                answer = httpx.post(
                    f"http://127.0.0.1:{port}/u/{token}", data={"List-Unsubscribe": "One-Click"}
                )
        process.terminate()
        assert process.wait(10) in (0, -15)
        process.stderr.close()
        assert answer is not None
        assert answer.status_code == 200
        assert ledger.read(subscribers.count, "weekly") == 0


def test_it_wants_to_know_its_address(office, postroom) -> None:
    answer = postroom("web")
    assert answer.code == 2
    assert "web: url:" in answer.told


def test_it_prints_the_form_for_a_page_of_yours(office, postroom) -> None:
    config = office.folder / "config.yaml"
    text = config.read_text()
    web = '\nweb: {url: "https://mail.test.example", sign_up: [%s]}\n'
    config.write_text(text.replace("{file: subscribers.csv}", "{list: weekly}") + web % "subscribers")
    answer = postroom("web", "--form")
    assert answer.code == 0
    assert answer.out.startswith('<form action="https://mail.test.example/subscribe" method="post"')
    assert answer.out.endswith("</form>\n")
    config.write_text(text + web % "")
    assert postroom("web", "--form").code == 2
