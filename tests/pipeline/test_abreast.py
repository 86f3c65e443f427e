"""`run --once` delivers on all lanes at the same time: none waits for a slow one, none falls with another."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any, ClassVar

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from smtp_server import smtp_server

from postroom import config
from postroom.errors import LedgerBroken, LedgerError
from postroom.model import Message, Outcome, Prepared
from postroom.outbox import operate, pauses
from postroom.outbox.ledger import Ledger
from postroom.pipeline.abreast import deliver_abreast
from postroom.pipeline.lane import Lane
from postroom.pipeline.lanes import Shift, close_lanes, open_lanes

KEY = "newsletter/article/letters"
NO_BACKLOG = ("    transport:", "    ignore_before: 2025-01-01\n    transport:")


@dataclass
class Waiting:
    """A server that answers when there are files in `folder`, or gives up."""

    folder: Path
    found: list[str] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        end = time.monotonic() + 10
        while not self.found and time.monotonic() < end:
            await asyncio.sleep(0.02)
            self.found = [each.name for each in self.folder.glob("*.txt")]
        return "250 2.0.0 kept"


def test_a_slow_newsletter_delays_no_post(desk) -> None:
    server = Waiting(desk.folder / "out/linkedin")
    with smtp_server(server) as port:
        smtp = f"{{kind: smtp, host: 127.0.0.1, port: {port}, tls: none, ehlo: test.example}}"
        desk.configure(("{kind: folder, path: out/mail}", smtp), NO_BACKLOG)
        with desk.ledger() as ledger:
            for name in ("mail", "page"):
                ledger.write(pauses.pause_transport, name, "a person", until=None, now=desk.now)
        desk.article()
        desk.run()
        with desk.ledger() as ledger:
            ledger.write(operate.approve, KEY, recipients=3, now=desk.now)
            for name in ("mail", "page"):
                ledger.write(pauses.resume_transport, name)
        done = desk.run(timedelta(minutes=1))
    assert server.found == desk.posts()
    assert len(server.found) == 1
    assert list(done.tallies) == ["mail", "page"]
    assert [tally.sent for tally in done.tallies.values()] == [3, 1]


@dataclass
class Failing:
    """A transport during whose work the ledger fails with `error`."""

    error: LedgerError
    after: Event = field(default_factory=Event)
    prepares: bool = True
    idempotent: ClassVar[bool] = True

    def prepare(self, message: Message, progress: Mapping[str, str]) -> Prepared:
        assert self.after.wait(10)
        raise self.error

    def send(self, messages: Iterable[Message]) -> Iterator[Outcome]:
        yield from (self.never(each) for each in messages)

    def never(self, message: Message) -> Outcome:
        raise AssertionError("nothing was prepared")

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def lanes(desk) -> Iterator[tuple[Ledger, dict[str, Lane]]]:
    """A newsletter to three, and a post, both in the outbox; and the lanes for them."""
    desk.configure(NO_BACKLOG)
    with desk.ledger() as ledger:
        for name in ("mail", "page"):
            ledger.write(pauses.pause_transport, name, "a person", until=None, now=desk.now)
    desk.article()
    desk.run()
    shift: Any = Shift(
        owner="host:1", clock=lambda: desk.now, secrets=lambda name: name, hold=lambda: lambda: True
    )
    with desk.ledger() as ledger:
        for name in ("mail", "page"):
            ledger.write(pauses.resume_transport, name)
        opened = open_lanes(config.load(desk.folder / "config.yaml"), ledger, shift)
        yield ledger, opened
        close_lanes(opened)


def test_a_lane_that_fails_keeps_no_other_from_its_work(desk, lanes) -> None:
    ledger, opened = lanes
    failing = Failing(LedgerError("another program keeps it locked"))
    failing.after.set()
    stop = Event()
    with pytest.raises(LedgerError, match="keeps it locked"):
        deliver_abreast(ledger, opened | {"mail": replace(opened["mail"], lines=(failing,))}, stop)
    assert len(desk.posts()) == 1
    assert not stop.is_set()


def test_a_failing_disk_stops_every_lane_and_is_told_before_all_else(lanes) -> None:
    ledger, opened = lanes
    broken, locked = Failing(LedgerBroken("the disk failed")), Failing(LedgerError("locked"))
    stop = Event()
    broken.after.set()
    locked.after = stop
    with pytest.raises(LedgerBroken, match="the disk failed"):
        deliver_abreast(
            ledger,
            {
                "mail": replace(opened["mail"], lines=(locked,)),
                "page": replace(opened["page"], lines=(broken,)),
            },
            stop,
        )
    assert stop.is_set()


def test_a_stop_ends_every_lane(lanes) -> None:
    ledger, opened = lanes
    stop = Event()
    stop.set()
    tallies = deliver_abreast(ledger, opened, stop)
    assert [(name, bool(tally)) for name, tally in tallies.items()] == [("mail", False), ("page", False)]
