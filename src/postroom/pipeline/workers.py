"""The workers: one thread a transport, which delivers what is due for as long as it is wanted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import structlog

from postroom.errors import LedgerBroken, PostroomError
from postroom.outbox import upcoming
from postroom.outbox.claim import Carrier
from postroom.outbox.ledger import Ledger
from postroom.pipeline.deliver import deliver
from postroom.pipeline.lane import Lane

log = structlog.get_logger()

STOP_SECONDS = 9
"""How long a stop waits for what is in flight: Docker kills ten seconds after it asked. What is not
finished then is settled at the next start.
"""

POLL_SECONDS = 2
"""How often a worker looks for what another process released, approved or retried."""

SOON_SECONDS = 0.2
"""The shortest pause, where something is due that could not be claimed."""

AGAIN_SECONDS = 5
"""How soon a delivery run that failed as a whole is tried again."""

_LISTEN_SECONDS = 0.2
"""How long a stop waits at a time. The system may give a second signal to another thread, which does not wake this one:
Python hears of it in between.
"""


class Workers:
    """The threads that deliver on some lanes, in place of those of an earlier config. A lane's transport is
    closed by the thread that used it.

    `delivered` is called after each run that did something, `broken` when the disk under the ledger fails.
    """

    def __init__(
        self,
        ledger: Ledger,
        lanes: Iterable[Lane],
        delivered: Callable[[], None],
        broken: Callable[[], None],
        before: Workers | None = None,
    ) -> None:
        self._retiring = threading.Event()
        old = before.at_work() if before is not None else {}
        self._workers = [
            _Worker(ledger, lane, self._retiring, delivered, broken, old.pop(lane.carrier, None))
            for lane in lanes
        ]
        self._left = old
        self._threads = [
            threading.Thread(target=each.run, name=f"worker {each.lane.name}", daemon=True)
            for each in self._workers
        ]

    def at_work(self) -> dict[Carrier, threading.Thread]:
        """Return the threads that still have something in flight, by what they carry; those of earlier configs, too,
        that nobody has followed.
        """
        found = dict(self._left)
        for worker, thread in zip(self._workers, self._threads, strict=True):
            last = thread if thread.ident is not None else worker.before  # no thread could be had, perhaps
            if last is not None:
                found[worker.lane.carrier] = last
        return {carrier: thread for carrier, thread in found.items() if thread.is_alive()}

    def start(self) -> None:
        """Begin to work."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Let every worker look at once whether there is something to send."""
        for worker in self._workers:
            worker.news.set()

    def retire(self) -> None:
        """Claim nothing more; returns at once."""
        self._retiring.set()
        self.wake()

    def rest(self, seconds: float) -> bool:
        """Claim nothing more; tell whether all that was in flight was done within so many seconds."""
        end = time.monotonic() + seconds
        self.retire()
        threads = (*self._threads, *self.at_work().values())
        for thread in threads:
            is_started = thread.ident is not None  # who is started only now finds that it has to retire
            while is_started and thread.is_alive() and (left := end - time.monotonic()) > 0:
                thread.join(min(left, _LISTEN_SECONDS))
        return not any(thread.is_alive() for thread in threads)


@dataclass(slots=True)
class _Worker:
    """Delivers on one lane until `retire` is set, then closes its transport. `news` wakes it early; `before` is the
    thread of an earlier config that may still have something in flight.
    """

    ledger: Ledger
    lane: Lane
    retire: threading.Event
    delivered: Callable[[], None]
    broken: Callable[[], None]
    before: threading.Thread | None = None
    news: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Work until told to retire."""
        try:
            self._wait_for_predecessor()
            while not self.retire.is_set():
                self.news.wait(self._round())
                self.news.clear()
        except LedgerBroken as error:
            log.critical("the disk under the ledger fails", why=str(error))
            self.broken()
        self.lane.close()

    def _wait_for_predecessor(self) -> None:
        """Let the worker of an earlier config finish what it has in flight: it is that one's to record."""
        if self.before is not None:
            self.before.join()

    def _round(self) -> float:
        """Deliver what is due; give the seconds after which to look again."""
        try:
            if not self.lane.space.claims():
                return AGAIN_SECONDS
            tally = deliver(self.ledger, self.lane, self.retire)
            if tally:
                log.info("delivered", transport=self.lane.name, **tally.counts())
                self.delivered()
            return self._until_due()
        except LedgerBroken:
            raise
        except PostroomError as error:
            log.error("delivering failed; it is tried again", transport=self.lane.name, why=str(error))
        except Exception:  # edge: one delivery run
            log.exception("delivering failed; it is tried again", transport=self.lane.name)
        return AGAIN_SECONDS

    def _until_due(self) -> float:
        due = self.ledger.read(upcoming.next_claim, self.lane.hand, self.lane.clock())
        if due is None:
            return POLL_SECONDS
        return min(max((due - self.lane.clock()).total_seconds(), SOON_SECONDS), POLL_SECONDS)
