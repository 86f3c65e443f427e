"""The window: what a lane has in hand, between the ledger and the lines.

The coordinator puts deliveries in and drains results; senders take deliveries and answer. All that is in the window
is `sending` in the ledger, or reserved, so its size is the most that a crash can leave in doubt.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Condition, Event, RLock

from postroom.model import Deferred
from postroom.outbox.claim import Claimed
from postroom.outbox.record import Result


@dataclass(slots=True)
class Window:
    """At most `size` deliveries in hand; `stop` closes it from outside, and so does it when what is in it
    may be in other hands by now (`is_ours`).
    """

    size: int
    stop: Event
    is_ours: Callable[[], bool]
    is_closed: bool = False
    put_off_for: list[Deferred] = field(default_factory=list)
    _left: list[int] = field(default_factory=list)
    _waiting: deque[Claimed] = field(default_factory=deque)
    _answered: list[Result] = field(default_factory=list)
    _in_hand: dict[int, Claimed] = field(default_factory=dict)
    _ripe_at: int = 0
    _work: Condition = field(init=False)
    _news: Condition = field(init=False)

    def __post_init__(self) -> None:
        """Let senders wait for work and the coordinator for answers, none woken by what is not for it."""
        lock = RLock()
        self._work, self._news = Condition(lock), Condition(lock)

    def put(self, claimed: Sequence[Claimed]) -> None:
        """Hand deliveries to whichever sender asks first."""
        if claimed:
            with self._work:
                self._in_hand.update((each.delivery.id, each) for each in claimed)
                self._waiting.extend(claimed)
                self._work.notify_all()

    @property
    def is_over(self) -> bool:
        """Whether nothing more may be taken."""
        return self.is_closed or self.stop.is_set() or not self.is_ours()

    def take(self) -> Claimed | None:
        """Return the next delivery if there is one at hand. Senders need no lock for it: a deque has its own."""
        if self.is_over:
            return None
        try:
            return self._waiting.popleft()
        except IndexError:
            return None

    def wait_for_work(self) -> bool:
        """Wait until there is a delivery to take; False when there will be none."""
        with self._work:
            while not self.is_over:
                if self._waiting:
                    return True
                self._work.wait(1)
            return False

    def answer(self, result: Result) -> None:
        """Give the result of a delivery that was taken."""
        with self._news:
            self._in_hand.pop(result.delivery_id, None)
            self._answered.append(result)
            if len(self._answered) == 1 or self._is_ripe():
                self._news.notify()

    def let_go(self, claimed: Claimed, *, is_back: bool = False) -> None:
        """Say that a delivery which was taken is not in hand any more: no byte of it went out.

        `is_back`: the ledger knows it already, and may have given it to anybody since, to this window too.
        """
        with self._news:
            if self._in_hand.get(claimed.delivery.id) is claimed:  # else it was taken anew
                del self._in_hand[claimed.delivery.id]
            if not is_back:
                self._left.append(claimed.delivery.id)
            if self._is_ripe():
                self._news.notify()

    def wait_for_answers(self, seconds: float, longest: float) -> None:
        """Wait until half of what was in hand after the last turn is answered, an answer has waited `longest` seconds
        for others, or so many seconds have passed.
        """
        end = time.monotonic() + seconds
        with self._news:
            self._ripe_at = (len(self._in_hand) + len(self._answered)) // 2
            has_answers = False
            while not self._is_ripe() and not self.is_over and (left := end - time.monotonic()) > 0:
                if self._answered and not has_answers:
                    has_answers, end = True, min(end, time.monotonic() + longest)
                    continue
                self._news.wait(left)

    def drain(self) -> list[Result]:
        """Take all results that are there."""
        with self._news:
            answered, self._answered = self._answered, []
            return answered

    @property
    def in_flight(self) -> int:
        """How many deliveries are in hand and have no result."""
        return len(self._in_hand)

    def known(self) -> set[int]:
        """Return the numbers of all deliveries that are here, whatever has become of them."""
        with self._news:
            return {*self._in_hand, *self._left, *(result.delivery_id for result in self._answered)}

    @property
    def unclaimed(self) -> int:
        """How many of them no sender has taken."""
        return len(self._waiting)

    def put_off(self, claimed: Claimed, why: Deferred, *, is_back: bool) -> None:
        """Say that a delivery which was taken has to wait, and is not in hand any more (`let_go`)."""
        with self._news:
            self.put_off_for.append(why)
        self.let_go(claimed, is_back=is_back)

    def leave(self) -> list[int]:
        """Take out all of which no byte went out: what no sender has taken, and what senders let go."""
        with self._news:
            waiting = [each.delivery.id for each in self._not_taken()]
            for number in waiting:
                self._in_hand.pop(number, None)
            left, self._left = self._left, []
            return [*left, *waiting]

    def _not_taken(self) -> Iterator[Claimed]:
        """Take out one by one: a sender takes without the lock, and each is its own or ours."""
        while True:
            try:
                yield self._waiting.popleft()
            except IndexError:
                return

    def close(self) -> None:
        """Let nothing more be taken."""
        with self._news:
            self.is_closed = True
            self._work.notify_all()
            self._news.notify_all()

    def _is_ripe(self) -> bool:
        return not self._in_hand or (bool(self._answered) and len(self._in_hand) <= self._ripe_at)
