"""A real SMTP server (aiosmtpd) in a thread, which leaves nothing open when it stops."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP

LAST_WORDS_SECONDS = 5


class _Server(Controller):
    """One that hangs up on everybody before its loop ends: aiosmtpd leaves their sockets to the collector."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self._sessions: list[SMTP] = []

    def factory(self) -> SMTP:
        """Make a session, and remember it."""
        session = super().factory()
        self._sessions.append(session)
        return session

    async def hang_up(self) -> None:
        """End every session, and wait until each has noticed."""
        for listening in self.server.sockets:
            self.loop.remove_reader(
                listening.fileno()
            )  # a server that is closed takes in nobody, and drops them
        await _rounds()  # what was accepted a moment ago becomes a session
        for session in self._sessions:
            if session.transport is not None:
                session.transport.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await _rounds()  # a transport that ends closes its socket in the next


async def _rounds() -> None:
    """Let the loop go round a few times."""
    for _ in range(8):
        await asyncio.sleep(0)


@contextmanager
def smtp_server(handler: object, *, port: int | None = None, **options: object) -> Iterator[int]:
    """Run a server that hands what it takes to `handler`; yields its port. `options` are aiosmtpd's."""
    if port is None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
    server = _Server(handler, hostname="127.0.0.1", port=port, **options)
    server.start()
    try:
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(server.hang_up(), server.loop).result(LAST_WORDS_SECONDS)
        server.stop()
