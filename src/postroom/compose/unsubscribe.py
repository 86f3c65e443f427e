"""The way out of a newsletter: one URL, for the header and for the links in the mail. The way in, and to choose."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from postroom import links
from postroom.model import Recipient, Unsubscribe

PURPOSE: Final = "unsubscribe"
"""What the tokens of these links are good for (`links.read`): the subscriber's uuid, then the number of the list."""

PREFERENCES: Final = "preferences"
"""What the token of a link to somebody's own page is good for: the subscriber's uuid."""

CONFIRM: Final = "confirm"
"""What the token of a link is good for that confirms: the subscriber's uuid."""

_TOKEN: Final = "{token}"  # noqa: S105  # a place in a URL
_EMAIL: Final = "{email}"
_AS_IT_IS: Final = "%/:?#[]@!$&'()*+,;=-._~"  # all that RFC 3986 allows in a URL


@dataclass(frozen=True, slots=True)
class WayOut:
    """The URL of a channel, cut at what differs for each recipient; no pieces, no way out.

    A person's address is in it only where the setting asks for `{email}`.
    """

    pieces: tuple[str, ...]
    keys: Sequence[bytes] = field(repr=False)
    list: str = ""

    @property
    def is_https(self) -> bool:
        """Whether it leads to a page that can be posted to (RFC 8058 §3.1)."""
        return bool(self.pieces) and self.pieces[0].startswith("https://")

    @property
    def _which(self) -> tuple[str, ...]:
        return (self.list,) if self.list else ()

    def url_of(self, recipient: Recipient) -> str:
        """Write the URL by which this recipient leaves; empty where the channel names no way."""
        url = ""
        for piece in self.pieces:
            if piece == _TOKEN:
                url += links.token(self.keys, PURPOSE, recipient.uuid, *self._which)
            elif piece == _EMAIL:
                url += quote(recipient.address, safe="", errors="replace")
            else:
                url += piece
        return url


def way_out(way: Unsubscribe | None, keys: Sequence[bytes]) -> WayOut:
    """Read a channel's setting; the first of `keys` will sign."""
    match way:
        case Unsubscribe(web=str() as web, list=number):
            return WayOut((_safe(f"{web.rstrip('/')}/u/"), _TOKEN), keys, str(number or ""))
        case Unsubscribe(url=str() as url):
            return WayOut(tuple(map(_piece, re.split(r"(\{token\}|\{email\})", url))), keys)
        case Unsubscribe(mailto=str() as address):
            written = quote(address, safe="@", errors="replace")
            return WayOut((f"mailto:{written}?subject=unsubscribe",), keys)
    return WayOut((), keys)


def preferences(way: Unsubscribe | None) -> str:
    """Write the beginning, up to the token, of the URLs where people choose on our own pages; empty without these."""
    return "" if way is None or way.web is None else _safe(f"{way.web.rstrip('/')}/preferences/")


def way_in(way: Unsubscribe | None, recipient: Recipient, keys: Sequence[bytes]) -> str:
    """Write the URL by which somebody confirms what they asked for, on our own pages; empty where there are none."""
    if way is None or way.web is None:
        return ""
    return _safe(f"{way.web.rstrip('/')}/confirm/") + links.token(keys, CONFIRM, recipient.uuid)


def _piece(piece: str) -> str:
    return piece if piece in (_TOKEN, _EMAIL) else _safe(piece)


def _safe(url: str) -> str:
    """Percent-encode what could end a URL in a header or a text: blanks, brackets, letters beyond ASCII."""
    return quote(url, safe=_AS_IT_IS, errors="replace")
