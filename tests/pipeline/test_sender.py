"""What a sender makes of a line that asks for messages, or does not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import SimpleNamespace

import pytest

from postroom.model import Message, Outcome
from postroom.pipeline.sender import Sender


class Raced:
    """A window from which other lines have just taken everything, and which is filled again a moment later."""

    unclaimed = 1
    is_over = False

    def take(self) -> None:
        return None

    def close(self) -> None:
        self.is_over = True


def asking(messages: Iterable[Message]) -> Iterator[Outcome]:
    assert list(messages) == []
    yield from ()


def asking_nothing(messages: Iterable[Message]) -> Iterator[Outcome]:
    yield from ()


@pytest.mark.parametrize(("send", "faults"), [(asking, 0), (asking_nothing, 1)])
def test_a_line_is_at_fault_that_asks_for_nothing_and_not_one_that_came_too_late(send, faults) -> None:
    window = Raced()
    sender = Sender(None, SimpleNamespace(name="mail"), SimpleNamespace(send=send), window)
    sender._send()
    assert (sender.fault is not None) == window.is_over == bool(faults)
