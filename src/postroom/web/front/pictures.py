"""The pictures of mails, from the folder that publishing writes them to.

A picture is named by what is in it. What is not what its name says, or no plain file, is not there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from postroom.config import ImageSettings, WebSettings
from postroom.plainfiles import read_plain
from postroom.web.front.answers import Front
from postroom.web.front.keeping import Keeper, Kept, answer, kept
from postroom.web.public import FOR_GOOD, HEADERS

_KINDS: Final = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif"}
_NAME: Final = re.compile(r"[0-9a-f]{32}\.(?:png|jpe?g|gif)")
_MOST_BYTES: Final = 12 * 1024 * 1024
"""A picture is made ready from 10 MB at most, and does not grow by more than a header."""


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """The endpoint of pictures, where `images: url:` lies below `web: url:`."""

    front: Front
    _keeper: Keeper = field(default_factory=Keeper)

    def routes(self) -> list[Route]:
        """Tell where it answers; nowhere if pictures are served by somebody else."""
        images = self.front.images
        below = below_pages(images, self.front.web) if images is not None else ""
        return [Route(f"{below}/{{name}}", self.show, methods=["GET"])] if below else []

    async def show(self, request: Request) -> Response:
        """Send a picture."""
        name: str = request.path_params["name"]
        if not _NAME.fullmatch(name):
            raise HTTPException(404)
        found = self._keeper.find(name, None)
        if found is None:
            data = await run_in_threadpool(self._read, name)
            if sha256(data).hexdigest()[:32] != name.partition(".")[0]:
                raise HTTPException(404)
            found = self._keeper.keep(name, None, self._kept(data, name))
        return answer(request, found)

    def _read(self, name: str) -> bytes:
        assert self.front.images is not None
        try:
            return read_plain(self.front.images.folder / name, _MOST_BYTES, follow=False)
        except OSError:
            return b""

    def _kept(self, data: bytes, name: str) -> Kept:
        headers = {**HEADERS, **FOR_GOOD, "Content-Type": _KINDS[name.rpartition(".")[2]]}
        return kept(data, headers, self.front.clock(), packs=False)


def below_pages(images: ImageSettings, web: WebSettings) -> str:
    """Tell the path below the pages at which pictures are found; empty where that is elsewhere, or taken."""
    pages, pictures = urlsplit(web.url or ""), urlsplit(images.url)
    path, base = pictures.path.rstrip("/"), pages.path.rstrip("/")
    if (pages.scheme, pages.netloc) != (pictures.scheme, pictures.netloc) or not path.startswith(f"{base}/"):
        return ""
    below = path.removeprefix(base)
    return (
        below if re.fullmatch(r"(?:/[A-Za-z0-9._~-]+)+", below) and below.split("/")[1] not in _TAKEN else ""
    )


_TAKEN: Final = frozenset({"u", "e", "page", "subscribe", "confirm", "preferences", "hooks", "..", "."})
