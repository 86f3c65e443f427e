"""What all pages share: whose they are, in which language, and how they are sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response

from postroom.config import ImageSettings, WebSettings
from postroom.model import Publication
from postroom.outbox.ledger import Ledger
from postroom.pipeline.hooks import Hook
from postroom.web.front.limits import SignUpLimits
from postroom.web.front.logo import Logo, logo_of
from postroom.web.front.together import Together
from postroom.web.public import HEADERS, STATUS, Notice, Site, message, style_name

MAX_BODY_BYTES = 64 * 1024
"""The most that a form may hold; a one-click unsubscribe has 26 bytes (RFC 8058 §3.1)."""


@dataclass(frozen=True, kw_only=True)
class Front:
    """The publication whose pages are served, at `web`. `keys` sign its links: the first signs, all are believed.

    `hooks` read what the providers tell whose webhooks are believed.
    `images` says where pictures are, None where they are not served.
    """

    publication: Publication
    web: WebSettings
    ledger: Ledger
    keys: tuple[bytes, ...] = field(repr=False)
    clock: Callable[[], datetime]
    hooks: Mapping[str, Hook] = field(default_factory=dict)
    images: ImageSettings | None = None
    limits: SignUpLimits = field(default_factory=SignUpLimits)

    @cached_property
    def together(self) -> Together:
        """Who writes for all requests."""
        return Together(self.ledger)

    @cached_property
    def base(self) -> str:
        """Where the pages lie below the host, as readers see it: `/` at its end is cut."""
        return urlsplit(self.web.url or "").path.rstrip("/")

    @cached_property
    def style(self) -> str:
        """The path of the style sheet, as the app sees it."""
        return f"/{style_name(self.web.brand)}"

    @cached_property
    def logo(self) -> Logo | None:
        """The logo, if there is one that can be shown."""
        file = self.web.brand.logo
        return logo_of(file, self.clock()) if file is not None else None

    @cached_property
    def site(self) -> Site:
        """What every page tells of the publication."""
        publication = self.publication
        return Site(
            name=publication.name,
            url=publication.url,
            language=publication.language,
            brand=self.web.brand,
            style=f"{self.base}{self.style}",
            timezone=publication.timezone,
            logo=f"{self.base}{self.logo.path}" if self.logo else None,
            address=publication.address,
        )

    def site_for(self, request: Request) -> Site:
        """Tell the same in the language that a reader's browser asks for first."""
        asked = request.headers.get("Accept-Language", "")[:200].split(",")[0].split(";")[0].strip()
        return replace(self.site, reader=asked if asked.replace("-", "").isalnum() else "")

    def notice(self, request: Request, notice: Notice) -> Response:
        """Tell what cannot be shown or done."""
        return HTMLResponse(message(self.site_for(request), notice), STATUS[notice], HEADERS)


def page(html: str, headers: Mapping[str, str] = HEADERS) -> Response:
    """Send a page."""
    return HTMLResponse(html, headers=headers)


async def body_of(request: Request, most: int = MAX_BODY_BYTES) -> bytes:
    """Read what was posted. Raises HTTPException 413 where it is more than so many bytes."""
    received = bytearray()
    try:
        async for chunk in request.stream():
            received += chunk
            if len(received) > most:
                raise HTTPException(413)
    except ClientDisconnect as error:
        raise HTTPException(400) from error
    return bytes(received)
