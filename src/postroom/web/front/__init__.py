"""What readers reach: Postroom's own pages, behind any proxy.

    GET  /u/{token}   shows how to leave      changes nothing
    POST /u/{token}   leaves                  RFC 8058: no cookie, no redirect; twice is once
    GET  /preferences/{token}          shows what somebody gets
    POST /preferences/{token}          saves it
    POST /preferences/{token}/export   hands out everything that is kept about them
    GET  /preferences/{token}/erase    asks once more
    POST /preferences/{token}/erase    erases it
    POST /hooks/{source}   takes in what a provider tells
    GET  / …          the archive, feeds, mails and pictures: `reading`, `pictures`
    …    /subscribe, /confirm/{token}         the way in: `joining`

What a page looks like, `web.public` knows; what happens, the ledger. A GET never writes, and who holds no token that
we signed learns nothing: neither who is known nor which lists there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ExceptionHandler

from postroom.config import Config
from postroom.errors import LedgerError
from postroom.outbox import meta
from postroom.outbox.ledger import Ledger
from postroom.pipeline.hooks import hooks
from postroom.web.front.answers import Front
from postroom.web.front.joining import Joining
from postroom.web.front.leaving import Leaving
from postroom.web.front.pictures import Pictures
from postroom.web.front.preferences import Preferences
from postroom.web.front.reading import Reading
from postroom.web.front.webhooks import Webhooks
from postroom.web.public import FOR_GOOD, HEADERS, Notice, stylesheet

__all__ = ["Front", "app", "front_of"]

log = structlog.get_logger()

_AGAIN_SECONDS: Final = "30"
"""When to come back while the ledger cannot be written; mail services try an unsubscribe again."""

_NOTICES: Final[Mapping[int, Notice]] = {
    400: Notice.BAD_REQUEST,
    405: Notice.WRONG_METHOD,
    413: Notice.TOO_LARGE,
    429: Notice.TOO_MANY,
}


def front_of(
    config: Config, ledger: Ledger, clock: Callable[[], datetime], secrets: Callable[[str], str]
) -> Front:
    """Gather what the pages of a config need that has a section `web:`.

    Raises PostroomError where a secret that it names is not there.
    """
    assert config.web is not None
    return Front(
        publication=config.publication,
        web=config.web,
        ledger=ledger,
        keys=(ledger.write(meta.link_key),),
        clock=clock,
        images=config.images,
        hooks=hooks(config.feedback.webhooks, secrets),
    )


def app(front: Front) -> Starlette:
    """Make the app. It opens nothing and closes nothing: the ledger is the caller's."""
    sheet = Response(stylesheet(front.web.brand), media_type="text/css", headers={**HEADERS, **FOR_GOOD})

    async def style(request: Request) -> Response:
        return sheet

    made = Starlette(
        routes=[
            Route(front.style, style, methods=["GET"]),
            *(front.logo.routes() if front.logo else ()),
            *Leaving(front).routes(),
            *Preferences(front).routes(),
            *Webhooks(front).routes(),
            *Reading(front=front, sign_up=f"{front.base}/subscribe" if front.web.sign_up else "").routes(),
            *Pictures(front=front).routes(),
            *Joining(front).routes(),
        ],
        exception_handlers={
            HTTPException: _refused(front),
            LedgerError: _busy(front),
            Exception: _failed(front),
        },
    )
    made.router.redirect_slashes = False  # which would lead to whatever `Host` says
    return made


def _refused(front: Front) -> ExceptionHandler:
    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        answer = front.notice(request, _NOTICES.get(error.status_code, Notice.NOT_FOUND))
        answer.headers.update(error.headers or {})
        return answer

    return refused


def _busy(front: Front) -> ExceptionHandler:
    async def busy(request: Request, error: Exception) -> Response:
        log.error("a reader could not be served: the ledger", why=str(error))
        answer = front.notice(request, Notice.UNAVAILABLE)
        answer.headers["Retry-After"] = _AGAIN_SECONDS
        return answer

    return busy


def _failed(front: Front) -> ExceptionHandler:
    async def failed(request: Request, error: Exception) -> Response:
        log.error("a page failed", error=repr(error))
        return front.notice(request, Notice.FAILED)

    return failed
