"""A run that only pretends a time: what it needs so that nobody hears of it, and no ledger remembers it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from postroom import transports
from postroom.config import Config
from postroom.errors import UsageError
from postroom.outbox import sightings
from postroom.outbox.ledger import Ledger, exists
from postroom.outbox.schema import back_up


def refuse_real_transports(config: Config) -> None:
    """Refuse a project that could reach anybody: through any transport, also one that no channel uses now,
    for the ledger may hold mail that waits for it.
    """
    real = [
        f"{name} ({each.kind})"
        for name, each in config.transports.items()
        if not transports.find(each.kind).rehearsal
    ]
    if real:
        raise UsageError(
            f"--at pretends a time, which must reach nobody, and {', '.join(real)} would really send; "
            "use a config.yaml whose transports are folders, or `postroom plan --at`"
        )


@contextmanager
def on_a_copy(config: Config, now: datetime) -> Iterator[Config]:
    """Lend the project a copy of its ledger, gone afterwards; a new one where there is none.

    A channel that the ledger has not met yet counts as seen `now`, as if a daemon had started today
    and run until the time that is pretended.
    """
    with TemporaryDirectory(prefix="postroom-") as folder:
        copy = Path(folder) / "ledger.db"
        if exists(config.database):
            with Ledger(config.database) as ledger:
                ledger.read(back_up, copy)
        lent = replace(config, database=f"sqlite:///{copy}")
        with Ledger(lent.database) as ledger:
            channels = {name: channel.was for name, channel in config.channels.items()}
            ledger.write(sightings.see, channels, (), now)
        yield lent
