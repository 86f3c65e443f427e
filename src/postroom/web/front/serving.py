"""Serve the public pages, in this thread or beside the daemon's work."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import uvicorn

from postroom.web.front import Front, app
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
    with listener:
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


def _server(front: Front) -> uvicorn.Server:
    """Make the server. A proxy on this machine is believed about where a request came from, no other."""
    settings = uvicorn.Config(
        app(front),
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
