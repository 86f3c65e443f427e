"""The way out of a newsletter: one URL, for the header and for the links in the mail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from postroom import links
from postroom.model import Recipient, Unsubscribe

PURPOSE: Final = "unsubscribe"
"""What the tokens of these links are good for (`links.read`); they carry the subscriber's uuid."""

_AS_IT_IS: Final = "%/:?#[]@!$&'()*+,;=-._~"  # all that RFC 3986 allows in a URL


def unsubscribe_url(way: Unsubscribe | None, recipient: Recipient, keys: Sequence[bytes]) -> str:
    """Write the URL by which this recipient leaves; empty where the channel names no way.

    A person's address is in it only where the setting asks for `{email}`.
    """
    match way:
        case Unsubscribe(web=str() as web):
            return _safe(f"{web.rstrip('/')}/u/{_token(recipient, keys)}")
        case Unsubscribe(url=str() as url):
            return _safe(_filled(url, recipient, keys))
        case Unsubscribe(mailto=str() as address):
            return f"mailto:{quote(address, safe='@', errors='replace')}?subject=unsubscribe"
    return ""


def _filled(url: str, recipient: Recipient, keys: Sequence[bytes]) -> str:
    email = quote(recipient.address, safe="", errors="replace")
    token = _token(recipient, keys) if "{token}" in url else ""
    return url.replace("{email}", email).replace("{token}", token)


def _token(recipient: Recipient, keys: Sequence[bytes]) -> str:
    return links.token(keys, PURPOSE, recipient.uuid)


def _safe(url: str) -> str:
    """Percent-encode what could end a URL in a header or a text: blanks, brackets, letters beyond ASCII."""
    return quote(url, safe=_AS_IT_IS, errors="replace")
