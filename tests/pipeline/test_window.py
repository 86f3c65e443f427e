"""The window between the coordinator of a run and its senders."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from threading import Event
from types import SimpleNamespace
from typing import Any

from postroom.pipeline.window import Window


class Crowded(deque[Any]):
    """A queue from which somebody takes whenever it was looked through, as a sender on another core does."""

    def __init__(self, waiting: list[Any], taken: list[Any]) -> None:
        super().__init__(waiting)
        self.taken = taken

    def __iter__(self) -> Iterator[Any]:
        yield from [self[place] for place in range(len(self))]
        self.taken.append(self.popleft())


def test_what_a_sender_takes_at_the_last_moment_is_not_given_back_too() -> None:
    window, taken = Window(1000, Event(), lambda: True), []
    window.put([SimpleNamespace(delivery=SimpleNamespace(id=number)) for number in range(20)])
    window._waiting = Crowded([*window._waiting], taken)
    left = window.leave()
    assert sorted([*left, *(one.delivery.id for one in taken)]) == list(range(20))
    assert window.in_flight == len(taken)
