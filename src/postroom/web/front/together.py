"""Share commits: what is asked for while one commit runs is written in the next one, together.

A commit that a power cut cannot undo takes milliseconds, whatever it holds. Somebody who leaves waits for one commit,
as ever; a hundred at once do not wait for a hundred.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from postroom.outbox import together
from postroom.outbox.ledger import Ledger
from postroom.outbox.together import Work

T = TypeVar("T")

MOST: Final = 32
"""How many share a commit: it holds the ledger, where a send is recorded too, for some 20 milliseconds."""


@dataclass(slots=True)
class Together:
    """Writes to a ledger for all who ask in one event loop."""

    ledger: Ledger
    _waiting: list[tuple[Work[Any], asyncio.Future[Any]]] = field(default_factory=list)
    _writing: asyncio.Task[None] | None = None

    async def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction and return what it gave, after the commit; raises what it raises."""
        waits: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, waits))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        return await waits

    async def _write_all(self) -> None:
        while self._waiting:
            some, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            try:
                works = [work for work, _ in some]
                ends = await asyncio.wrap_future(self.ledger.submit(together.each, works))
            except Exception as error:  # edge: one commit, and all who wait for it
                ends = [error] * len(some)
            for (_, waits), end in zip(some, ends, strict=True):
                _tell(waits, end)


def _tell(waits: asyncio.Future[Any], end: object) -> None:
    """Tell who waits, if they still do."""
    if waits.done():
        return
    if isinstance(end, Exception):
        waits.set_exception(end)
    else:
        waits.set_result(end)
