"""The window between the coordinator of a run and its senders."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

from postroom.pipeline.window import Window

SOON = 10


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


def waiting_on(window: Window, seconds: float, longest: float) -> Thread:
    """Let a coordinator wait for answers, and give it time to begin."""
    thread = Thread(target=window.wait_for_answers, args=(seconds, longest), daemon=True)
    thread.start()
    time.sleep(0.1)
    return thread


def in_hand(number: int) -> Window:
    """Return a window far larger than what is in it, all of which senders have taken."""
    window = Window(1000, Event(), lambda: True)
    window.put([SimpleNamespace(delivery=SimpleNamespace(id=each)) for each in range(number)])
    while window.take() is not None:
        pass
    return window


def test_answers_are_recorded_together_also_where_little_is_in_hand() -> None:
    """A server that takes few a second does not cost a commit for each of them."""
    window = in_hand(10)
    coordinator = waiting_on(window, SOON, SOON)
    for number in range(5):
        assert coordinator.is_alive()
        window.answer(SimpleNamespace(delivery_id=number))
        time.sleep(0.05)
    coordinator.join(1)
    assert not coordinator.is_alive()
    assert len(window.drain()) == 5


def test_an_answer_does_not_wait_long_for_others() -> None:
    window = in_hand(10)
    coordinator = waiting_on(window, SOON, 0.05)
    time.sleep(0.2)
    assert coordinator.is_alive()
    window.answer(SimpleNamespace(delivery_id=0))
    coordinator.join(1)
    assert not coordinator.is_alive()


def test_the_last_answer_is_not_waited_upon() -> None:
    window = in_hand(1)
    coordinator = waiting_on(window, SOON, SOON)
    window.answer(SimpleNamespace(delivery_id=0))
    coordinator.join(1)
    assert not coordinator.is_alive()


def test_what_is_here_is_known_until_it_is_recorded_or_back() -> None:
    window = in_hand(4)
    claimed = [SimpleNamespace(delivery=SimpleNamespace(id=number)) for number in range(4, 7)]
    window.put(claimed)
    assert [window.take() for _ in claimed] == claimed
    window.answer(SimpleNamespace(delivery_id=0))
    window.let_go(claimed[0])
    window.let_go(claimed[1], is_back=True)
    assert window.known() == {0, 1, 2, 3, 4, 6}
    window.drain()
    window.leave()
    assert window.known() == {1, 2, 3, 6}


def test_what_was_taken_anew_stays_here_when_its_first_taking_is_let_go() -> None:
    window = in_hand(0)
    first, again = (SimpleNamespace(delivery=SimpleNamespace(id=1)) for _ in range(2))
    window.put([first])
    window.put([again])
    window.let_go(first, is_back=True)
    assert (window.known(), window.in_flight) == ({1}, 1)
