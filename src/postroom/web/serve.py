"""Serve an app on this machine, and on no other, until Ctrl-C."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import uvicorn
from starlette.applications import Starlette

from postroom.errors import UsageError

LOOPBACK = "127.0.0.1"


def serve(app: Starlette, port: int, on_ready: Callable[[str], None]) -> None:
    """Serve `app` on 127.0.0.1 until SIGINT or SIGTERM, then return.

    Port 0 takes a free one. Once requests are answered, `on_ready` is called with the address
    to open (it includes `app.state.entrance`, where the app has set one). When the end comes,
    `app.state.closing` is set to True so that waiting answers can finish. Raises UsageError
    when the port is taken.
    """
    listener = _listen(port)
    address = f"http://{LOOPBACK}:{listener.getsockname()[1]}{getattr(app.state, 'entrance', '/')}"
    config = uvicorn.Config(
        app, lifespan="off", log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=3
    )
    with listener, _signals_end_quietly():
        _Server(config, app, lambda: on_ready(address)).run(sockets=[listener])


class _Server(uvicorn.Server):
    """uvicorn, telling when it has begun and the app when it ends."""

    def __init__(self, config: uvicorn.Config, app: Starlette, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._app = app
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.closing = True
        await super().shutdown(sockets)


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server((LOOPBACK, port))
    except OSError as error:
        raise UsageError(
            f"port {port} cannot be used ({error.strerror}); name another with --port, or leave it out"
        ) from error


@contextmanager
def _signals_end_quietly() -> Iterator[None]:
    """Take the signals that uvicorn raises again once it has stopped: the stop was the answer."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _ended) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ended(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: serving has ended already."""
