"""Workers of one config after the other: what one has in flight is its own, whatever is saved meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event, Thread
from types import SimpleNamespace

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from smtp_server import smtp_server

from postroom import config
from postroom.outbox import operate, status
from postroom.pipeline.lanes import Shift, open_lanes
from postroom.pipeline.workers import Workers

KEY = "newsletter/article/letters"


@dataclass
class Slow:
    """A server that has taken a message when it is `asked`, and answers when it may `answer`."""

    port: int = 0
    taken: int = 0
    asked: Event = field(default_factory=Event)
    answer: Event = field(default_factory=Event)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.taken += 1
        self.asked.set()
        while not self.answer.is_set():
            await asyncio.sleep(0.01)
        return "250 2.0.0 kept"


@pytest.fixture
def slow() -> Iterator[Slow]:
    box = Slow()
    with smtp_server(box) as box.port:
        yield box
        box.answer.set()


def until(claim: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not claim():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def test_a_transport_that_comes_back_waits_for_what_it_had_in_flight(desk, slow) -> None:
    """Saved without the transport and then with it again, while its answer is awaited."""
    smtp = f"{{kind: smtp, host: 127.0.0.1, port: {slow.port}, tls: none, ehlo: test.example}}"
    desk.subscribers(1)
    desk.configure(
        ("{kind: folder, path: out/mail}", smtp),
        ("    transport:", "    ignore_before: 2025-01-01\n    transport:"),
    )
    desk.article()
    desk.run()
    loaded = config.load(desk.folder / "config.yaml")
    shift = Shift(
        owner="host:1",
        clock=lambda: desk.now,
        secrets=lambda reference: reference,
        hold=lambda: lambda: True,
    )
    with desk.ledger() as ledger:
        ledger.write(operate.approve, KEY, recipients=1, now=desk.now)

        def work(names: set[str], before: Workers | None) -> Workers:
            lanes = open_lanes(loaded, ledger, shift)
            made = Workers(ledger, [lanes[name] for name in names], lambda: None, lambda: None, before=before)
            if before is not None:
                before.retire()
            made.start()
            return made

        first = work({"mail", "page"}, None)
        assert slow.asked.wait(10)
        second = work({"page"}, first)
        third = work({"mail", "page"}, second)
        assert not third.rest(0.5)
        in_flight = ledger.read(status.show, KEY).row.accounts
        fourth = work({"mail", "page"}, third)
        slow.answer.set()
        until(lambda: ledger.read(status.show, KEY).row.accounts.sent == 1)
        desk.now += timedelta(hours=1)
        fourth.wake()
        assert fourth.rest(10)
        assert (in_flight.sending, in_flight.queued) == (1, 0)
        assert [each.outcome for each in ledger.read(status.show, KEY).attempts] == ["sent"]
    assert slow.taken == 1


def test_where_no_thread_can_be_had_the_one_before_is_still_waited_for() -> None:
    done = Event()
    busy = Thread(target=done.wait)
    busy.start()
    before = SimpleNamespace(at_work=lambda: {"mail": busy})
    lane = SimpleNamespace(name="mail", carrier="mail", close=lambda: None)
    never_started = Workers(None, [lane], lambda: None, lambda: None, before=before)
    assert never_started.at_work() == {"mail": busy}
    assert not never_started.rest(0.05)
    done.set()
    assert never_started.rest(5)
    assert never_started.at_work() == {}


def test_a_stop_between_making_workers_and_starting_them_is_heeded() -> None:
    closed = Event()
    lane = SimpleNamespace(name="mail", carrier="mail", close=closed.set)
    workers = Workers(None, [lane], lambda: None, lambda: None)
    assert workers.rest(1)
    workers.start()
    assert closed.wait(5), "it retires at once"
