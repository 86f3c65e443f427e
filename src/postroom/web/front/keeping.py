"""Keep answers that are the same for everybody, so that a thousand readers a second cost one rendering.

An answer is asked for with a condition (ETag, Last-Modified: RFC 9110 §13) and may be packed; what is kept is bounded.
"""

from __future__ import annotations

import gzip
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import sha256
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

MOST_BYTES: Final = 32 * 1024 * 1024
"""What is kept at most, of pages and of pictures each; a mail with its packed half has about 120 KB."""

_WORTH_PACKING: Final = 1400
"""Bytes that go out in one packet anyway (1,500 of Ethernet, less headers)."""

_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An answer as it goes out. `packed` is empty where packing is not worth it; `modified` in whole seconds."""

    status: int
    body: bytes
    packed: bytes
    etag: str
    modified: datetime
    headers: Mapping[str, str]

    @property
    def size_bytes(self) -> int:
        """What it takes up."""
        return len(self.body) + len(self.packed)


def kept(
    body: bytes, headers: Mapping[str, str], now: datetime, *, status: int = 200, packs: bool = True
) -> Kept:
    """Make ready what is sent to everybody from `now` on; `packs` tells whether it may be compressed."""
    packed = gzip.compress(body, 6, mtime=0) if packs and len(body) > _WORTH_PACKING else b""
    varied = {**headers, "Vary": ", ".join(filter(None, (headers.get("Vary"), "Accept-Encoding")))}
    return Kept(
        status=status,
        body=body,
        packed=packed,
        etag=sha256(body).hexdigest()[:32],
        modified=now.replace(microsecond=0),
        headers=varied if packed else headers,
    )


def since(new: Kept, old: Kept | None) -> Kept:
    """Say that an answer is as old as the one before it where it is the same; else a second younger, at least."""
    if old is None:
        return new
    if (old.etag, old.status) == (new.etag, new.status):
        return replace(new, modified=old.modified)
    return replace(new, modified=max(new.modified, old.modified + _SECOND))


def answer(request: Request, found: Kept) -> Response:
    """Send what is kept, or 304 where the asker has it."""
    is_packed = bool(found.packed) and _takes_gzip(request.headers.get("Accept-Encoding", ""))
    etag = f'"{found.etag}-gz"' if is_packed else f'"{found.etag}"'
    headers = {
        **found.headers,
        "ETag": etag,
        "Last-Modified": format_datetime(found.modified, usegmt=True),
    }
    if found.status == 200 and _is_known(request, found, etag):
        headers.pop("Content-Type", None)
        return Response(status_code=304, headers=headers)
    if is_packed:
        return Response(found.packed, found.status, {**headers, "Content-Encoding": "gzip"})
    return Response(found.body, found.status, headers)


def _is_known(request: Request, found: Kept, etag: str) -> bool:
    """Whether the asker has this already; If-None-Match goes before If-Modified-Since (RFC 9110 §13.2.2)."""
    match = request.headers.get("If-None-Match")
    if match is not None:
        known = {each.strip().removeprefix("W/") for each in match.split(",")}
        return etag in known or "*" in known
    try:
        had = parsedate_to_datetime(request.headers.get("If-Modified-Since", ""))
        return found.modified <= had
    except (ValueError, TypeError, OverflowError):  # no date, or one without a zone
        return False


def _takes_gzip(accepted: str) -> bool:
    for each in accepted.split(","):
        coding, _, weight = each.partition(";")
        if coding.strip().lower() in ("gzip", "x-gzip"):
            return weight.strip().removeprefix("q=").strip("0.") != "" or not weight.strip()
    return False


class Keeper:
    """The answers asked for last, by name, not more than `most_bytes` of them."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._size = 0
        self._kept: OrderedDict[str, tuple[object, Kept]] = OrderedDict()

    def find(self, name: str, version: object) -> Kept | None:
        """Return what was kept under a name for this version."""
        found = self._kept.get(name)
        if found is None or found[0] != version:
            return None
        self._kept.move_to_end(name)
        return found[1]

    def keep(self, name: str, version: object, new: Kept) -> Kept:
        """Keep an answer in place of the one before it, and return it as it is sent."""
        before = self._kept.pop(name, None)
        if before is not None:
            self._size -= before[1].size_bytes
        new = since(new, before[1] if before else None)
        self._kept[name] = (version, new)
        self._size += new.size_bytes
        while self._size > self._most and len(self._kept) > 1:
            _, (_, oldest) = self._kept.popitem(last=False)
            self._size -= oldest.size_bytes
        return new
