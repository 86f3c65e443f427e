"""What the daemon knows of itself, for monitoring and notices to read from other threads.

The daemon and its workers write; whoever asks gets a frozen copy and never makes them wait.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

import structlog

log = structlog.get_logger()

CONFIG = "config"
"""The name under which a broken config.yaml is told to `Vitals.broke`."""


class Role(StrEnum):
    """What this process is to the ledger: it does the work, waits to take over, or has no right to either."""

    LEADS = "leads"
    STANDS_BY = "stands by"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """How the daemon was at one moment.

    `since_beat` is how many seconds ago its heart last beat, `role` what it is to the ledger. `broken` tells what
    keeps it from its work and why, in sentences for a person. `transports` are the names in the config in force.
    """

    since_beat: float
    role: Role = Role.NONE
    broken: Mapping[str, str] = field(default_factory=dict)
    transports: tuple[str, ...] = ()


class Vitals:
    """The one place where the daemon says how it is. Every method may be called from any thread.

    `monotonic` gives seconds that no setting of the clock changes.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._beaten = monotonic()
        self._pulse = Pulse(since_beat=0.0)

    def beat(self) -> None:
        """Say that the heart beats: at each heartbeat, also when nothing was due, and while a long tick goes on."""
        with self._lock:
            self._beaten = self._monotonic()

    def take_role(self, role: Role) -> None:
        """Say whether this process leads, or stands by for another one."""
        with self._lock:
            before = self._pulse.role
            self._pulse = replace(self._pulse, role=role)
        if role is Role.STANDS_BY and before is not role:
            log.info("another process leads; this one stands by")
        elif role is Role.LEADS and before is Role.STANDS_BY:
            log.info("took over: this process leads now")

    def use(self, transports: tuple[str, ...]) -> None:
        """Say which transports the config in force names."""
        with self._lock:
            self._pulse = replace(self._pulse, transports=transports)

    def broke(self, what: str, why: str) -> bool:
        """Say that `what` (`CONFIG`, `articles`, …) is broken, until it is mended; tell whether that is news."""
        with self._lock:
            if self._pulse.broken.get(what) == why:
                return False
            self._pulse = replace(self._pulse, broken={**self._pulse.broken, what: why})
            return True

    def mended(self, what: str) -> None:
        """Say that `what` is well, again or still."""
        with self._lock:
            rest = {name: why for name, why in self._pulse.broken.items() if name != what}
            self._pulse = replace(self._pulse, broken=rest)

    def pulse(self) -> Pulse:
        """Return how the daemon is right now."""
        with self._lock:
            return replace(self._pulse, since_beat=self._monotonic() - self._beaten)
