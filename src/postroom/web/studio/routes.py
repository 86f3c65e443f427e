"""The studio as an app: which address answers with what, under which policy."""

from __future__ import annotations

import asyncio
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from postroom.web.guard import Guard
from postroom.web.studio.framed import framed, marked, policy
from postroom.web.studio.look import Look, find
from postroom.web.studio.notes import files
from postroom.web.studio.page import View, digest, page
from postroom.web.studio.shown import Desk, Shown
from postroom.web.studio.source import Entry, Sheet, Source

_STATIC = Path(__file__).parent / "static"
_STATIC_FILES = {
    "studio.css": "text/css",
    "studio.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
_MEDIA_TYPES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"})
_LOOK_EVERY_SECONDS, _ANSWER_AFTER_SECONDS = 0.1, 20.0


def app(source: Source, *, token: str, hosts: tuple[str, ...]) -> Starlette:
    """Make the studio over a source.

    It answers only below `/token/` (16 characters at least; `state.entrance` holds the path), and
    only requests that name one of `hosts` (without port) and come from no other site. It changes
    nothing. Set `state.closing` to let those who wait for changes go.
    """
    studio = _Studio(Desk(source))
    routes = [
        Route("/", studio.page),
        Route("/mail", studio.mail),
        Route("/asset/{name:path}", studio.asset),
        Route("/file/{kind}", studio.file),
        Route("/changes", studio.changes),
        Route("/static/{name}", studio.static),
    ]
    guard = Middleware(Guard, token=token, hosts=hosts)
    made = Starlette(routes=routes, middleware=[guard])
    made.state.entrance = f"/{token}/"
    made.state.closing = False
    return made


class _Studio:
    """The answers. What has a name in an address is looked up, never joined to a path."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def page(self, request: Request) -> Response:
        view = self._view(Look.read(request.query_params))
        headers = {"Content-Security-Policy": _policy(view.look), "ETag": f'"{digest(view)}"'}
        return HTMLResponse(page(view), headers=headers)

    def mail(self, request: Request) -> Response:
        look = Look.read(request.query_params)
        shown = self._sheet(look)
        html = marked(shown.value.html, shown.before.html) if shown.before else shown.value.html
        copy = framed(html, url_prefix=self._desk.url_prefix(), scheme=look.scheme, images=look.images)
        return HTMLResponse(copy, headers={"Content-Security-Policy": policy(look.images)})

    def asset(self, request: Request) -> Response:
        found = self._desk.asset(request.path_params["name"])
        if found is None or found[1] not in _MEDIA_TYPES:
            raise HTTPException(404)
        # A sandboxed frame has an origin of its own, so its images count as asked for by another.
        return Response(
            found[0], media_type=found[1], headers={"Cross-Origin-Resource-Policy": "cross-origin"}
        )

    def file(self, request: Request) -> Response:
        kind = request.path_params["kind"]
        sheet = self._sheet(Look.read(request.query_params)).value
        if (data := files(sheet).get(kind)) is None:
            raise HTTPException(404)
        return Response(
            data,
            media_type="application/octet-stream",
            headers={"Content-Disposition": f'attachment; filename="{_file_name(sheet.entry)}.{kind}"'},
        )

    def static(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _STATIC_FILES:
            raise HTTPException(404)
        return FileResponse(_STATIC / name, media_type=_STATIC_FILES[name])

    async def changes(self, request: Request) -> Response:
        """Answer when the generation is another than `since`, or after a while."""
        since = request.query_params.get("since", "")
        generation = await run_in_threadpool(self._desk.generation)
        for _ in range(round(_ANSWER_AFTER_SECONDS / _LOOK_EVERY_SECONDS)):
            if str(generation) != since or request.app.state.closing or await request.is_disconnected():
                break
            await asyncio.sleep(_LOOK_EVERY_SECONDS)
            generation = await run_in_threadpool(self._desk.generation)
        return JSONResponse({"generation": generation})

    def _view(self, look: Look) -> View:
        generation = self._desk.generation()  # first: what changes meanwhile is seen as new
        catalogue = self._desk.catalogue()
        entry = find(catalogue.value, look)
        sheet = self._desk.sheet(entry) if entry else None
        troubles = dict.fromkeys((catalogue.trouble, sheet.trouble if sheet else ""))
        return View(
            generation=generation,
            catalogue=catalogue.value,
            sheet=sheet.value if sheet else None,
            look=look.at(entry) if entry else look,
            trouble="\n".join(filter(None, troubles)),
            url_prefix=self._desk.url_prefix(),
        )

    def _sheet(self, look: Look) -> Shown[Sheet]:
        entry = find(self._desk.catalogue().value, look)
        if entry is None:
            raise HTTPException(404)
        return self._desk.sheet(entry)


def _policy(look: Look) -> str:
    images = "'self' https: data:" if look.images == "all" else "'self'"
    return (
        f"default-src 'self'; img-src {images}; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    )


def _file_name(entry: Entry) -> str:
    """Make a name for a download: letters, digits and hyphens, so that no header can be broken."""
    words = "-".join((entry.article, entry.channel, entry.variant))
    return "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in words).strip("-") or "mail"
