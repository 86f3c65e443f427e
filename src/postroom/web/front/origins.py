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
        if _host_of(origin) not in {_host_of(front.web.url or ""), request.headers.get("host", "").lower()}:
            raise HTTPException(400)


def _host_of(url: str) -> str | None:
    """Return host and port of an address; None where it is none, as in `http://[`."""
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return None
