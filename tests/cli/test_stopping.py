"""How `postroom run` hears that it is to stop."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from postroom.cli import stopping


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Put back who handled the signals."""
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


def test_a_signal_stops_a_run() -> None:
    stop = stopping.on_signals()
    os.kill(os.getpid(), signal.SIGTERM)
    assert stop.wait(5)


def test_a_signal_stops_a_run_that_has_no_memory_for_a_thread(monkeypatch) -> None:
    def refuse(*_: object) -> int:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(stopping, "start_new_thread", refuse)
    stop = stopping.on_signals()
    os.kill(os.getpid(), signal.SIGTERM)
    assert stop.wait(5)
