"""What monitoring asks: /metrics, /healthz and /readyz, served in a thread of the daemon.

    Vitals ──────────┐
                     ├──► /healthz   is it alive?      200 | 503
    Lookout ─────────┤    /readyz    is it fit?        200 | 503, JSON of checks
    (the ledger)     └──► /metrics   how does it do?   Prometheus

Nothing here holds the work up, and nothing of a reader is shown. It listens on this machine alone unless
config.yaml says otherwise; whom a proxy lets in is the proxy's business, so the Host header does not matter.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from postroom.config import Config
from postroom.outbox.schema import HEAD
from postroom.outbox.sqlite import driver, path_of
from postroom.pipeline.vitals import Vitals
from postroom.web.health.brief import Brief
from postroom.web.health.checks import Findings, checks, is_alive, is_ready
from postroom.web.health.look import Lookout
from postroom.web.listening import address_of, listener_at

__all__ = ["Handle", "app", "serve"]

STOP_SECONDS = 3
"""How long a stop waits for answers on their way."""

_NOT_INSTALLED = "Metrics need one more package, installed beside Postroom: pip install 'postroom[metrics]'\n"
_NOT_KEPT = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class Handle:
    """A server that runs. `address` is where it answers, such as http://127.0.0.1:9090."""

    address: str
    _server: uvicorn.Server
    _thread: threading.Thread
    _lookout: Lookout

    def close(self) -> None:
        """Answer no more, and let go of the ledger. Takes three seconds at most."""
        self._server.should_exit = True
        self._thread.join(timeout=STOP_SECONDS)
        self._lookout.close()


def serve(config: Config, vitals: Vitals, *, listen: str, clock: Callable[[], datetime]) -> Handle:
    """Answer monitoring at `listen` (`host:port`; port 0 takes a free one) until the handle is closed.

    `config` tells where the ledger is; it must be there already. Raises UsageError where it cannot listen.
    """
    listener = listener_at(listen, "operation.listen")
    lookout = Lookout(config.database, config.base, clock)
    settings = uvicorn.Config(
        app(config, vitals, lookout, clock),
        lifespan="off",
        log_config=None,
        access_log=False,
        ws="none",
        server_header=False,
        http=Brief,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(settings)
    thread = threading.Thread(
        target=server.run, kwargs={"sockets": [listener]}, name="monitoring", daemon=True
    )
    thread.start()
    return Handle(address_of(listener), server, thread, lookout)


def app(config: Config, vitals: Vitals, lookout: Lookout, clock: Callable[[], datetime]) -> Starlette:
    """Make the app. Its endpoints wait for nothing longer than a second or two."""
    answers = _Answers(config, vitals, lookout, clock)
    return Starlette(
        routes=[
            Route("/healthz", answers.healthz),
            Route("/readyz", answers.readyz),
            Route("/metrics", answers.metrics),
        ]
    )


@dataclass(frozen=True, slots=True)
class _Answers:
    """The endpoints: plain functions, so that Starlette runs each in a thread of its own."""

    config: Config
    vitals: Vitals
    lookout: Lookout
    clock: Callable[[], datetime]

    def healthz(self, request: Request) -> Response:
        """Say whether the daemon comes round to its work."""
        pulse = self.vitals.pulse()
        if is_alive(pulse):
            return PlainTextResponse("alive\n", headers=_NOT_KEPT)
        told = f"no heartbeat for {pulse.since_beat:.0f} s\n"
        return PlainTextResponse(told, status_code=503, headers=_NOT_KEPT)

    def readyz(self, request: Request) -> Response:
        """Say whether it is fit to work, check by check."""
        is_sqlite = path_of(self.config.database) is not None
        unwritable = self.lookout.write()
        made = checks(
            Findings(
                now=self.clock(),
                pulse=self.vitals.pulse(),
                look=self.lookout.latest(),
                unwritable=unwritable,
                driver=driver() if is_sqlite else None,
                tables=HEAD,
            )
        )
        ready = is_ready(made)
        body = {"ready": ready, "checks": [asdict(check) for check in made]}
        return JSONResponse(body, status_code=200 if ready else 503, headers=_NOT_KEPT)

    def metrics(self, request: Request) -> Response:
        """Give all figures, or say what to install for it."""
        try:
            from postroom.web.health.sheet import written
        except ImportError:
            return PlainTextResponse(_NOT_INSTALLED, status_code=501, headers=_NOT_KEPT)
        text, media_type = written(
            self.vitals.pulse(), self.lookout.latest(), self.clock(), request.headers.get("Accept", "")
        )
        return Response(text, headers={**_NOT_KEPT, "Content-Type": media_type})
