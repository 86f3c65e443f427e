"""The ledger of everything that goes out: editions, deliveries, and what became of each.

Every SQL statement of Postroom lives in this package. `Ledger` opens the database and runs
functions on its one thread; the functions, sorted by what they do, take a `Connection`:

    with Ledger(url) as ledger:
        ledger.write(sightings.see, channels, articles, now)
        past = ledger.read(history.read)

It knows no file of an editor, no template and no network.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from postroom.outbox.ledger import Ledger, exists
from postroom.outbox.lock import DaemonLock
from postroom.outbox.sqlite import Driver, driver

if TYPE_CHECKING:
    from postroom.outbox import (
        claim,
        content,
        enqueue,
        history,
        meta,
        operate,
        pace,
        record,
        recover,
        sightings,
        status,
        subscribers,
    )

__all__ = [
    "DaemonLock",
    "Driver",
    "Ledger",
    "claim",
    "content",
    "driver",
    "enqueue",
    "exists",
    "history",
    "meta",
    "operate",
    "pace",
    "record",
    "recover",
    "sightings",
    "status",
    "subscribers",
]


def __getattr__(name: str) -> ModuleType:
    """Import a part of the outbox when it is first named: SQLAlchemy costs a quarter second."""
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
