"""The headers that public pages travel with."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import quote

from postroom.web.public.characters import legal

POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
"""The Content-Security-Policy of every public page. Chromium holds `form-action` against redirects, too: what
answers a form may send people on to this origin only.
"""

HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Referrer-Policy": "same-origin",
    }
)
"""What every public page is sent with.

Tokens stand in addresses, so no other site is told where people come from. `no-referrer` would do so too,
but has browsers write `Origin: null` over forms that come from these pages themselves (WHATWG Fetch,
"append a request `Origin` header"; read 2026-11-23), and nobody could tell them from others' forms.
"""

PERSONAL: Final[Mapping[str, str]] = MappingProxyType(
    {**HEADERS, "Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow, noarchive"}
)
"""What a page is sent with that is one person's: confirm, leave, preferences, erase, and each answer to them."""


FOR_GOOD: Final[Mapping[str, str]] = MappingProxyType(
    {"Cache-Control": "public, max-age=31536000, immutable"}
)
"""What is named by its content is sent with this besides: it never changes (RFC 8246)."""


def web_view_headers(*, is_personal: bool, article: str | None) -> Mapping[str, str]:
    """Tell what search engines may make of a mail that is shown on the web.

    What was written to one person is kept out of every index and store. The copy that anybody may read
    names the article's own page as the one to find (RFC 6596), and may be found itself where there is none.
    """
    if is_personal:
        return {name: PERSONAL[name] for name in ("Cache-Control", "X-Robots-Tag")}
    if not article:
        return {}
    return {"Link": f'<{quote(legal(article), safe=_IN_URLS)}>; rel="canonical"'}


_IN_URLS: Final = ":/?#[]@!$&'()*+,;=%~"  # RFC 3986 §2.2, and what is written in percent signs already
