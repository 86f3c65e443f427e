"""Where providers tell what came back.

    POST /hooks/{source}    202  kept, or nothing to keep; a repeat is answered likewise
                            403  not believed, or not to be read
                            413  more than 256 KB
                            429  too often
                            503  later: the ledger, or a certificate, cannot be had, or too much waits to be acted on

A request is answered once what it tells is durable; what comes of it, the daemon sees to. No link in it is followed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from postroom.feedback.webhooks import Confirmation, Rejected, ses
from postroom.feedback.webhooks.request import MAX_BYTES
from postroom.feedback.webhooks.sns import confirmation_url
from postroom.model import Feedback
from postroom.outbox import confirmations, feedback
from postroom.web.front.answers import Front, body_of
from postroom.web.front.buckets import Buckets

log = structlog.get_logger()

BURST: Final = 5_000
A_SECOND: Final = 1_000
"""How often one sender may tell: several times as fast as the bounces of the fastest send that is measured here."""

_AGAIN_SECONDS: Final = "60"
_SOON_SECONDS: Final = "5"
_ASKING: Final = frozenset({ses.SOURCE})
"""Who may have to be asked for a certificate first; the others are read while everybody waits, in microseconds."""

_COUNTED_FOR: Final = timedelta(seconds=1)
_QUIET: Final = timedelta(minutes=1)
"""For how long the same fault of the same provider is not logged again: strangers must not fill the log."""


@dataclass(slots=True)
class Webhooks:
    """The endpoints of `/hooks/{source}`: those of the providers that are believed."""

    front: Front
    _buckets: Buckets = field(default_factory=lambda: Buckets(burst=BURST, a_second=A_SECOND))
    _told: dict[tuple[str, str], datetime] = field(default_factory=dict)
    _counted_at: datetime | None = None
    _has_room: bool = True

    def routes(self) -> list[Route]:
        """Tell which of them answers what."""
        return [Route("/hooks/{source}", self.receive, methods=["POST"])]

    async def receive(self, request: Request) -> Response:
        """Take in what a provider tells."""
        source, now = request.path_params["source"], self.front.clock()
        read = self.front.hooks.get(source)
        if read is None:
            raise HTTPException(404)
        if not self._buckets.take(f"{source} {request.client.host if request.client else ''}", now):
            return _answer(429, "too often", _SOON_SECONDS)
        body = await body_of(request, MAX_BYTES)
        reading = (
            await run_in_threadpool(read, body, request.headers, now)
            if source in _ASKING
            else read(body, request.headers, now)
        )
        match reading:
            case Rejected(reason=why, is_passing=is_passing):
                self._tell(source, why, now)
                return _answer(503, "later", _AGAIN_SECONDS) if is_passing else _answer(403, "not believed")
            case Confirmation() as asked:
                await self._confirm(asked, now)
                return _answer(202, "taken")
            case events:
                return await self._keep(events, now)

    async def _keep(self, events: tuple[Feedback, ...], now: datetime) -> Response:
        """Keep what was told, in a commit with what others tell, unless too much waits to be acted on."""
        if not events:
            return _answer(202, "taken")
        if not await self._is_room(now):
            return _answer(503, "later", _AGAIN_SECONDS)
        await self.front.together.write(lambda connection: feedback.hear(connection, events, now))
        return _answer(202, "taken")

    async def _is_room(self, now: datetime) -> bool:
        """Whether more may be taken; counted now and then, for counting takes longer than keeping."""
        if self._counted_at is None or not timedelta(0) <= now - self._counted_at < _COUNTED_FOR:
            self._counted_at = now
            waiting = await run_in_threadpool(self.front.ledger.read, feedback.waiting)
            self._has_room = waiting < feedback.MAX_BACKLOG
        return self._has_room

    async def _confirm(self, asked: Confirmation, now: datetime) -> None:
        """Leave it to a person whether a topic may speak; what it offers to open is opened by nobody."""
        if asked.has_left:
            await run_in_threadpool(self.front.ledger.write, confirmations.drop, asked.topic)
            log.error("a topic of Amazon SNS no longer tells what comes back", topic=asked.topic)
            return
        await run_in_threadpool(self.front.ledger.write, confirmations.keep, asked.topic, asked.token, now)
        log.warning(
            "a topic of Amazon SNS asks to be confirmed: open this address once",
            topic=asked.topic,
            open=confirmation_url(asked.topic, asked.token),
        )

    def _tell(self, source: str, why: str, now: datetime) -> None:
        told = self._told.get((source, why))
        if told is None or not timedelta(0) <= now - told < _QUIET:
            self._told[source, why] = now
            log.warning("a webhook was not believed", source=source, why=why)


def _answer(status: int, told: str, again: str = "") -> Response:
    headers = {"Cache-Control": "no-store", **({"Retry-After": again} if again else {})}
    return PlainTextResponse(told, status, headers)
