"""Keep what webhooks tell: all that came in while the disk was busy goes into the next transaction together.

So each request is answered once it is durable, and a flood of them costs few commits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from postroom.model import Feedback
from postroom.outbox import feedback
from postroom.outbox.ledger import Ledger

_Waiting = tuple[Sequence[Feedback], "asyncio.Future[bool]"]


class Intake:
    """Takes feedback in for one event loop."""

    def __init__(self, ledger: Ledger, clock: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._clock = clock
        self._waiting: list[_Waiting] = []
        self._keeping: asyncio.Task[None] | None = None

    async def keep(self, events: Sequence[Feedback]) -> bool:
        """Return once these are durable; False where so much waits to be acted on that nothing more is taken.

        Raises LedgerError where they could not be written.
        """
        kept: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((events, kept))
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.create_task(self._keep_all())
        return await kept

    async def _keep_all(self) -> None:
        """Write what waits, and what has come meanwhile, until nothing is left."""
        while self._waiting:
            batch, self._waiting = self._waiting, []
            events = [event for some, _ in batch for event in some]
            done = self._ledger.submit(feedback.hear_if_room, events, self._clock())
            try:
                heard = await asyncio.wrap_future(done)
            except Exception as error:  # every request tells of it
                for _, kept in batch:
                    if not kept.done():
                        kept.set_exception(error)
                continue
            for _, kept in batch:
                if not kept.done():  # whoever asked may have hung up
                    kept.set_result(heard is not None)
