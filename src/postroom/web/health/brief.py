"""HTTP for those who come to the point: a connection that asks nothing is given up, and so keeps nobody out."""

from __future__ import annotations

import asyncio
from typing import cast

from uvicorn.protocols.http.h11_impl import H11Protocol

LONGEST_SECONDS = 10
"""How long a connection may take to ask and be answered, each time; uvicorn would wait for ever."""

MOST_CONNECTIONS = 64
"""When one more comes, the one that has been here longest makes room. Each costs the daemon an open file."""


class Brief(H11Protocol):
    """uvicorn's HTTP/1.1, with an end to every wait."""

    _since = 0.0
    _end: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Take a connection, in place of the oldest where there are too many."""
        super().connection_made(transport)
        self._since = self.loop.time()
        self._wait()
        if len(self.connections) > MOST_CONNECTIONS:
            min(cast("set[Brief]", self.connections), key=lambda each: each._since).transport.abort()

    def on_response_complete(self) -> None:
        """Wait for the next question, not longer than for the first."""
        super().on_response_complete()
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection and its end."""
        if self._end is not None:
            self._end.cancel()
        super().connection_lost(exc)

    def _wait(self) -> None:
        if self._end is not None:
            self._end.cancel()
        self._end = self.loop.call_later(LONGEST_SECONDS, self.transport.abort)
