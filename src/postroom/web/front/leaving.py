"""The way out: a page that asks, and the request that leaves."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from postroom import links
from postroom.compose.unsubscribe import PURPOSE
from postroom.outbox import leaving
from postroom.outbox.leaving import Act, Link
from postroom.web.front.answers import Front, body_of, page
from postroom.web.public import PERSONAL, Notice, Parting, leave, left

log = structlog.get_logger()

_NOBODY = Link(uuid="")
"""Whom a link names that we did not sign. The ledger is asked for them all the same: an answer that came sooner,
or said otherwise, would tell who is known.
"""

_ONE_CLICK = b"List-Unsubscribe=One-Click"
"""What a mail service posts (RFC 8058 §3.2), alone or as a field of a form; a person's browser posts our button."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """The endpoints of `/u/{token}`."""

    front: Front

    def routes(self) -> list[Route]:
        """Tell which of them answers what."""
        return [
            Route("/u/{token}", self.ask, methods=["GET"]),
            Route("/u/{token}", self.leave, methods=["POST"]),
        ]

    async def ask(self, request: Request) -> Response:
        """Show the button. A link scanner that follows every link changes nothing."""
        if self._link(request) is None:
            return self.front.notice(request, Notice.UNKNOWN_LINK)
        site = self.front.site_for(request)
        return page(leave(site, Parting(list=site.name), ""), PERSONAL)

    async def leave(self, request: Request) -> Response:
        """Take a person off the list that their link names, whatever else the form holds.

        Who is not known, or holds no link of ours, is answered like everybody else: they get nothing, so it is true.
        """
        body, link = await body_of(request), self._link(request) or _NOBODY
        act = Act(how="one-click" if _ONE_CLICK in body else "page", source=source_of(request))
        leave = partial(leaving.leave_by_link, whom=link, act=act, now=self.front.clock())
        done = await self.front.together.write(leave)
        if done is not None and done.is_new:
            log.info("left a list", subscriber=link.uuid, list=link.list, cancelled=done.cancelled)
        site = self.front.site_for(request)
        return page(left(site, [site.name], self._back), PERSONAL)

    @property
    def _back(self) -> str:
        """Tell where people may sign up again; nowhere, unless every list is open to them."""
        web = self.front.web
        return f"{self.front.base}/subscribe" if web.sign_up and {*web.titles} <= {*web.sign_up} else ""

    def _link(self, request: Request) -> Link | None:
        """Read the token; None where we did not sign it."""
        match links.read(self.front.keys, PURPOSE, request.path_params["token"]):
            case (uuid,):
                return Link(uuid=uuid)
            case (uuid, number) if number.isascii() and number.isdecimal():
                return Link(uuid=uuid, list=int(number))
        return None


def source_of(request: Request) -> str:
    """Tell where a request came from, as the server has it: the proxy's word counts where the proxy is trusted."""
    return request.client.host if request.client else ""
