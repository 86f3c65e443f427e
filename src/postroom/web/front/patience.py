"""A connection that asks for nothing, or never comes to its end, is closed: there are only so many for everybody."""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_SECONDS = 20.0
"""How long a request may take to come in whole, from the first byte of its connection, or of itself after another."""

MOST_OF_ONE: Final = 64
"""How many connections one address may hold. A proxy on this machine may hold all that there are."""

_HERE: Final = ("127.0.0.1", "::1")


class Patient(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, which by itself waits for a first request, and for its end, without limit."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Wait for the first request, unless its sender holds too many connections."""
        super().connection_made(transport)
        host = self.client[0] if self.client else ""
        held = (getattr(each, "client", None) for each in self.connections)
        same = sum(1 for client in held if client and client[0] == host)
        if host not in _HERE and same > MOST_OF_ONE:
            transport.abort()
            return
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Read on, and see whether a request is whole."""
        super().data_received(data)
        if self._is_whole():
            self._relax()
        else:
            self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._relax()
        super().connection_lost(exc)

    def _is_whole(self) -> bool:
        """Whether nothing is missing of what was begun."""
        if self.cycle is None or self.cycle.response_complete:
            return not self.conn.trailing_data[0]
        return not self.cycle.more_body

    def _watch(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(REQUEST_SECONDS, self.transport.abort)

    def _relax(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
