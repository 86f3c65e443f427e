"""Deliver on several lanes at the same time, until nothing is due on any."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Event, Thread

from postroom.errors import LedgerBroken
from postroom.outbox.ledger import Ledger
from postroom.pipeline.deliver import deliver
from postroom.pipeline.lane import Lane
from postroom.pipeline.tally import Tally


def deliver_abreast(ledger: Ledger, lanes: Mapping[str, Lane], stop: Event) -> dict[str, Tally]:
    """Send what is due on each lane, in a thread of its own, so that none waits for a slow one.

    A lane that fails keeps no other from its work; the first failure is raised in the end. Only a disk that fails under
    the ledger sets `stop` for all, and is raised before any other.
    """
    abreast = _Abreast(ledger, stop)
    threads: list[Thread] = []
    try:
        for name, lane in lanes.items():
            thread = Thread(target=abreast.run, args=(name, lane), name=f"lane {name}", daemon=True)
            thread.start()
            threads.append(thread)
        _join(threads)
    except BaseException:
        stop.set()
        _join(threads)
        raise
    if abreast.failures:
        raise min(abreast.failures, key=lambda each: not isinstance(each, LedgerBroken))
    return {name: abreast.tallies[name] for name in lanes}


@dataclass(frozen=True, slots=True)
class _Abreast:
    """What the lanes share, and how each ended; `failures` are in the order in which they came."""

    ledger: Ledger
    stop: Event
    tallies: dict[str, Tally] = field(default_factory=dict)
    failures: list[BaseException] = field(default_factory=list)

    def run(self, name: str, lane: Lane) -> None:
        """Deliver on one lane."""
        try:
            self.tallies[name] = deliver(self.ledger, lane, self.stop)
        except BaseException as error:  # edge: for the thread that waits
            self.failures.append(error)
            if isinstance(error, LedgerBroken):
                self.stop.set()


def _join(threads: list[Thread]) -> None:
    for thread in threads:
        thread.join()
