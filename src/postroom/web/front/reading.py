"""What anybody may read: the archive, its feeds, and each mail as it went out.

    GET /                 what was published, newest first        GET /page/{number}   what is older
    GET /feed.xml         Atom                                    GET /feed.json       JSON Feed
    GET /e/{slug}         one mail; 410 once it was taken back

They are for everybody alike, so each is written once and kept until the ledger tells something else.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from postroom.outbox.reading import Piece
from postroom.web.front.answers import Front
from postroom.web.front.catalogue import Catalogue, Lookup
from postroom.web.front.keeping import Keeper, Kept, answer, kept
from postroom.web.public import (
    HEADERS,
    STATUS,
    Feed,
    Notice,
    Paging,
    Published,
    Site,
    Ways,
    archive,
    atom,
    json_feed,
    language_of,
    message,
    view_headers,
    web_view,
    web_view_headers,
)

PAGE_EDITIONS: Final = 20
"""How many a page of the archive lists, and a feed."""

_ATOM, _JSON = "/feed.xml", "/feed.json"
_NUMBER: Final = re.compile("[1-9][0-9]{0,5}")
_HTML: Final = "text/html; charset=utf-8"

_ASK_AGAIN: Final = {"Cache-Control": "no-cache"}
"""Whoever keeps a copy asks whether it still holds, and is told in a few bytes: what was pulled must be gone."""


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The endpoints for everybody. `sign_up` is the path of the page to sign up, empty where there is none."""

    front: Front
    sign_up: str = ""
    _keeper: Keeper = field(default_factory=Keeper)
    _making: dict[str, asyncio.Lock] = field(default_factory=dict)

    def routes(self) -> list[Route]:
        """Tell which of them answers what."""
        return [
            Route("/", self.archive, methods=["GET"]),
            Route("/page/{number}", self.archive, methods=["GET"]),
            Route(_ATOM, self.atom, methods=["GET"]),
            Route(_JSON, self.json, methods=["GET"]),
            Route("/e/{slug}", self.view, methods=["GET"]),
        ]

    @cached_property
    def lookup(self) -> Lookup:
        """Who asks the ledger."""
        front = self.front
        return Lookup(front.ledger, front.web.archive, front.base, front.publication.language)

    async def archive(self, request: Request) -> Response:
        """List what was published, one page of it."""
        told: str = request.path_params.get("number", "1")
        number = int(told) if _NUMBER.fullmatch(told) else 0
        catalogue, site = await self.lookup.catalogue(), self.front.site_for(request)
        if not 1 <= number <= _pages(catalogue):
            raise HTTPException(404)
        make = partial(self._archive, catalogue, site, number)
        return await self._answer(request, f"{language_of(site)} {number}", catalogue, make)

    async def atom(self, request: Request) -> Response:
        """Tell programs what was published last, in Atom."""
        return await self._feed(request, _ATOM, "application/atom+xml; charset=utf-8", atom)

    async def json(self, request: Request) -> Response:
        """Tell programs what was published last, in JSON."""
        return await self._feed(request, _JSON, "application/feed+json; charset=utf-8", json_feed)

    async def view(self, request: Request) -> Response:
        """Show a mail as it went out, without what was one reader's."""
        slug: str = request.path_params["slug"]
        catalogue, site = await self.lookup.catalogue(), self.front.site_for(request)
        piece = catalogue.by_slug.get(slug)
        if piece is None:
            raise HTTPException(404)
        name = f"{language_of(site)} {slug}"
        return await self._answer(request, name, catalogue, partial(self._view, piece, site))

    async def _feed(
        self,
        request: Request,
        name: str,
        kind: str,
        write: Callable[[Site, Feed, Sequence[Published]], bytes],
    ) -> Response:
        catalogue = await self.lookup.catalogue()
        return await self._answer(request, name, catalogue, partial(self._fed, catalogue, name, kind, write))

    async def _answer(
        self, request: Request, name: str, catalogue: Catalogue, make: Callable[[], Kept]
    ) -> Response:
        found = self._keeper.find(name, catalogue.version)
        if found is None:
            found = await self._made(name, catalogue.version, make)
        return answer(request, found)

    async def _made(self, name: str, version: object, make: Callable[[], Kept]) -> Kept:
        """Write an answer and keep it. However many ask at once, it is written once: a mail takes tens of
        milliseconds, and whoever reads it first comes with a crowd.
        """
        lock = self._making.setdefault(name, asyncio.Lock())
        async with lock:
            found = self._keeper.find(name, version)
            if found is None:
                found = self._keeper.keep(name, version, await run_in_threadpool(make))
        self._making.pop(name, None)
        return found

    def _archive(self, catalogue: Catalogue, site: Site, number: int) -> Kept:
        base, count = self.front.base, _pages(catalogue)
        paging = Paging(
            number=number,
            count=count,
            newer=_page(base, number - 1) if number > 1 else "",
            older=_page(base, number + 1) if number < count else "",
        )
        ways = Ways(sign_up=self.sign_up, atom=f"{base}{_ATOM}", json=f"{base}{_JSON}")
        html = archive(site, self._published(catalogue, number), paging, ways)
        return self._page(html, HEADERS)

    def _fed(
        self,
        catalogue: Catalogue,
        name: str,
        kind: str,
        write: Callable[[Site, Feed, Sequence[Published]], bytes],
    ) -> Kept:
        here = (self.front.web.url or "").rstrip("/")
        body = write(
            self.front.site, Feed(url=f"{here}{name}", home=f"{here}/"), self._published(catalogue, 1)
        )
        return kept(body, {**HEADERS, **_ASK_AGAIN, "Content-Type": kind}, self.front.clock())

    def _view(self, piece: Piece, site: Site) -> Kept:
        if piece.is_gone:
            return self._page(message(site, Notice.TAKEN_BACK), HEADERS, STATUS[Notice.TAKEN_BACK])
        email = self.lookup.email(piece)
        if email is None:
            return self._page(message(site, Notice.NOT_FOUND), HEADERS, STATUS[Notice.NOT_FOUND])
        view = web_view(site, email, self.sign_up)
        more = web_view_headers(is_personal=False, article=piece.url or None)
        return self._page(view.html, {**view_headers(view), **more})

    def _page(self, html: str, headers: Mapping[str, str], status: int = 200) -> Kept:
        own = {**headers, **_ASK_AGAIN, "Content-Type": _HTML, "Vary": "Accept-Language"}
        return kept(html.encode("utf-8", "replace"), own, self.front.clock(), status=status)

    def _published(self, catalogue: Catalogue, number: int) -> list[Published]:
        some = catalogue.shown[(number - 1) * PAGE_EDITIONS : number * PAGE_EDITIONS]
        return [told for slug, piece in some if (told := self.lookup.published(slug, piece)) is not None]


def _pages(catalogue: Catalogue) -> int:
    return max(1, -(-len(catalogue.shown) // PAGE_EDITIONS))


def _page(base: str, number: int) -> str:
    return f"{base}/" if number == 1 else f"{base}/page/{number}"
