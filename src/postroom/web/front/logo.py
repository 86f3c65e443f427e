"""The publication's logo on the public pages, served from their own origin."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from postroom.assets import ImageRefused, convert
from postroom.plainfiles import read_plain
from postroom.web.front.keeping import Kept, answer, kept
from postroom.web.public import FOR_GOOD, HEADERS

log = structlog.get_logger()

_MOST_BYTES: Final = 10 * 1024 * 1024
"""As of any picture that is made ready for mail."""


@dataclass(frozen=True, slots=True)
class Logo:
    """The logo, made ready as those in mails are: its path as the app sees it, and what is sent."""

    path: str
    found: Kept

    def routes(self) -> list[Route]:
        """Tell where it answers."""
        return [Route(self.path, self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        """Send it."""
        return answer(request, self.found)


def logo_of(file: Path, now: datetime) -> Logo | None:
    """Make a logo ready; None where it cannot be read, which the log tells."""
    try:
        picture = convert(read_plain(file, _MOST_BYTES))
    except (OSError, ImageRefused) as error:
        log.warning("the pages have no logo", why=str(error))
        return None
    name = f"logo-{sha256(picture.data).hexdigest()[:16]}.{picture.extension}"
    headers = {**HEADERS, **FOR_GOOD, "Content-Type": picture.media_type}
    return Logo(f"/{name}", kept(picture.data, headers, now, packs=False))
