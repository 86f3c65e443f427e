"""Serve the public pages, in this thread or beside the daemon's work."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from postroom.web.front import Front, app
from postroom.web.front.patience import Patient
from postroom.web.listening import address_of, listener_at

STOP_SECONDS = 3
"""How long a stop waits for answers on their way."""


@dataclass(frozen=True, slots=True)
class Handle:
    """A server that runs in a thread of its own. `address` is where it answers."""

    address: str
    _server: uvicorn.Server
    _thread: threading.Thread

    def close(self) -> None:
        """Answer no more, within three seconds."""
        self._server.should_exit = True
        self._thread.join(timeout=STOP_SECONDS)


def serve(front: Front, place: str, on_ready: Callable[[str], None]) -> None:
    """Serve at `place` (`host:port`) until SIGINT or SIGTERM. Raises UsageError where it cannot listen."""
    listener = listener_at(place, "web.listen")
    with listener, _ending_well():
        on_ready(address_of(listener))
        _server(front).run(sockets=[listener])


def serve_beside(front: Front, place: str) -> Handle:
    """Serve in a thread of its own until the handle is closed."""
    listener, server = listener_at(place, "web.listen"), _server(front)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="public pages", daemon=True
    )
    thread.start()
    return Handle(address_of(listener), server, thread)


@contextmanager
def _ending_well() -> Iterator[None]:
    """Let a stop that was asked for be no failure: uvicorn sends itself the signal again once it has stopped."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda *_: None) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _server(front: Front) -> uvicorn.Server:
    """Make the server. A proxy on this machine is believed about where a request came from, no other."""
    settings = uvicorn.Config(
        app(front),
        http=Patient,
        lifespan="off",
        log_config=None,
        access_log=False,
        ws="none",
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips="127.0.0.1,::1",
        timeout_keep_alive=5,
        timeout_graceful_shutdown=STOP_SECONDS - 1,
        limit_concurrency=512,
        h11_max_incomplete_event_size=16 * 1024,
    )
    return uvicorn.Server(settings)
