"""Looks at the ledger for monitoring: on a connection and a thread of its own, seldom, and never for long.

A scrape gets what the last look found. If that is old, it waits a second for a new one, no longer: neither
a busy ledger nor a hanging disk can hold monitoring up, and no look can hold a sender up.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from postroom.errors import PostroomError
from postroom.outbox import arrivals, attempts, figures, meta
from postroom.outbox.arrivals import Arrivals, Marks
from postroom.outbox.attempts import BUCKETS, Attempts
from postroom.outbox.columns import to_micros
from postroom.outbox.disk import Room, room
from postroom.outbox.figures import Figures
from postroom.outbox.ledger import Ledger
from postroom.outbox.sqlite import path_of

FRESH_SECONDS = 5
"""How old the figures may be that a scrape gets."""

WAIT_SECONDS = 1
"""How long a scrape waits for new figures."""

PROVE_SECONDS = 3600
"""How often the counts are proved by counting all deliveries of unfinished editions."""

PROBED = "probed_at"
"""The fact in the ledger that is written to see that it can be written."""


@dataclass(slots=True)
class Log:
    """What was tried, came back and was said since this process began, as counters: they only grow."""

    attempts: Counter[tuple[str, str]] = field(default_factory=Counter)
    replies: Counter[tuple[str, str]] = field(default_factory=Counter)
    repeats: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    buckets: dict[str, list[int]] = field(default_factory=dict)
    feedback: Counter[tuple[str, str]] = field(default_factory=Counter)
    said: Counter[tuple[str, str]] = field(default_factory=Counter)

    def hear(self, news: Arrivals) -> None:
        """Count what is new of what comes back, and of what people say."""
        self.feedback.update(news.feedback)
        self.said.update(news.said)

    def add(self, news: Iterable[Attempts]) -> None:
        """Count attempts that are new in the log."""
        for each in news:
            self.attempts[each.transport, each.outcome] += each.count
            if each.reply:
                self.replies[each.transport, each.reply] += each.count
            self.repeats[each.channel] += each.repeats
            self.seconds[each.transport] = self.seconds.get(each.transport, 0.0) + each.seconds
            self.buckets.setdefault(each.transport, [0] * (len(BUCKETS) + 1))[each.bucket] += each.count


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look found. `figures` is None where the ledger could not be read, and `fault` then says why.

    `seconds` is how long it took, the ledger's locks included; `taken` is when, by the clock that only goes on.
    `mismatched` is how many editions were found wrong when they were last proved. `wal_bytes` is None without a WAL,
    `room` where the disk does not tell.
    """

    taken: float
    seconds: float
    figures: Figures | None
    fault: str
    log: Log
    mismatched: int
    wal_bytes: int | None
    room: Room | None


class Lookout:
    """Keeps the last look and takes new ones. `url` is the ledger's; `folder` that of config.yaml."""

    def __init__(self, url: str, folder: Path, clock: Callable[[], datetime]) -> None:
        self._url = url
        self._file = path_of(url)
        self._folder = self._file.parent if self._file else folder
        self._clock = clock
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lookout")
        self._prover = ThreadPoolExecutor(max_workers=1, thread_name_prefix="prover")
        self._lock = threading.Lock()
        self._look: Look | None = None
        self._ledger: Ledger | None = None
        self._log = Log()
        self._last = 0
        self._marks = Marks()
        self._mismatched = 0
        self._proved: float = float("-inf")
        self._proved_at: datetime | None = None
        self._is_closed = False
        self._pending: Future[None] = self._thread.submit(self._take)

    def latest(self) -> Look | None:
        """Return a look of the last five seconds, or an older one where that takes over a second; at first None."""
        with self._lock:
            if self._look is not None and time.monotonic() - self._look.taken < FRESH_SECONDS:
                return self._look
            if self._pending.done():
                self._pending = self._thread.submit(self._take)
            pending = self._pending
        _wait(pending)
        return self._look

    def write(self) -> str:
        """Write to the ledger; return why that cannot be done, empty where it can."""
        asked = self._thread.submit(self._probe)
        if not _wait(asked):
            return f"it did not take a write within {WAIT_SECONDS} s"
        return asked.result()

    def close(self) -> None:
        """Let go of the ledger once the look on its way has ended; returns at once. Twice does no harm."""
        if self._is_closed:
            return
        self._is_closed = True
        self._thread.submit(self._let_go)
        self._thread.shutdown(wait=False)
        self._prover.shutdown(wait=False, cancel_futures=True)

    def _take(self) -> None:
        begun, now = time.monotonic(), self._clock()
        try:
            ledger = self._opened()
            found = ledger.read(figures.figures, now)
            self._last, news = ledger.read(attempts.since, self._last, now)
            self._log.add(news)
            self._marks, heard = ledger.read(arrivals.since, self._marks, now)
            self._log.hear(heard)
            self._keep(begun, found, "")
            self._prove_hourly(now)
        except PostroomError as error:
            self._keep(begun, None, str(error))
            self._let_go()

    def _keep(self, begun: float, found: Figures | None, fault: str) -> None:
        taken = time.monotonic()
        self._look = Look(
            taken=taken,
            seconds=taken - begun,
            figures=found,
            fault=fault,
            log=deepcopy(self._log),
            mismatched=self._mismatched,
            wal_bytes=_wal_bytes(self._file),
            room=_room(self._folder),
        )

    def _opened(self) -> Ledger:
        if self._ledger is None:
            self._ledger = Ledger(self._url, create=False)
            self._last = self._last or self._ledger.read(attempts.newest)
            if self._marks == Marks():
                self._marks = self._ledger.read(arrivals.newest)
        return self._ledger

    def _prove_hourly(self, now: datetime) -> None:
        if time.monotonic() - self._proved >= PROVE_SECONDS:
            since, self._proved, self._proved_at = self._proved_at, time.monotonic(), now
            self._prover.submit(self._prove, since or now - timedelta(days=1))

    def _prove(self, since: datetime) -> None:
        """Count what the kept counts say, each edition in a transaction of its own: seconds a million deliveries."""
        try:
            with Ledger(self._url, create=False) as ledger:
                editions = ledger.read(figures.to_prove, since)
                self._mismatched = sum(not ledger.read(figures.is_proved, each) for each in editions)
        except PostroomError:
            self._proved = float("-inf")  # the next look tries again, and tells what is wrong with the ledger

    def _probe(self) -> str:
        try:
            self._opened().write(meta.put, PROBED, str(to_micros(self._clock())))
        except PostroomError as error:
            self._let_go()
            return str(error)
        return ""

    def _let_go(self) -> None:
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None


def _wait(pending: Future[Any]) -> bool:
    """Wait for a second at most; tell whether it is done."""
    return bool(wait([pending], timeout=WAIT_SECONDS).done)


def _wal_bytes(file: Path | None) -> int | None:
    """Measure SQLite's write-ahead log; None where there is none."""
    try:
        return file.with_name(f"{file.name}-wal").stat().st_size if file else None
    except OSError:
        return None


def _room(folder: Path) -> Room | None:
    try:
        return room(folder)
    except OSError:
        return None
