"""Tell our own forms from others'."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request

from postroom.web.front.answers import Front


def refuse_foreign(front: Front, request: Request) -> None:
    """Raise HTTPException 400 where another site's page sent a form.

    Browsers write `Origin` over every POST (WHATWG Fetch, "append a request `Origin` header"; read 2026-11-23). What
    does not is no page, and has the token. The host may be another than in `web: url:` where no proxy stands before us.
    """
    for origin in request.headers.getlist("origin"):
        if urlsplit(origin).netloc.lower() not in {
            urlsplit(front.web.url or "").netloc.lower(),
            request.headers.get("host", "").lower(),
        }:
            raise HTTPException(400)
