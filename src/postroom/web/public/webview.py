"""A mail as anybody may read it in a browser: what went out, without what is one reader's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Final
from urllib.parse import urlsplit

from postroom.compose.merge import Token, cut
from postroom.model import Email
from postroom.web.public.headers import HEADERS
from postroom.web.public.site import Site
from postroom.web.public.voice import voice_for

_EMPTY_LINK: Final = re.compile(r"""(<a\b[^<>]*?)\shref=(?:"\s*"|'\s*')""", re.IGNORECASE)
_PICTURE: Final = re.compile(
    r"""(?:\s(?:src|srcset|background)=["']?|url\(\s*["']?)\s*(https?://[^\s"'<>)]+)"""
)
_DOT: Final = r"""<span\b[^<>]*\bclass="dot"[^<>]*>[^<]*</span>\s*"""
_HOST: Final = re.compile(r"[a-z0-9.-]+(?::[0-9]+)?")


@dataclass(frozen=True, slots=True)
class WebView:
    """A mail's page, and the policy that it is sent with."""

    html: str
    policy: str


def web_view(site: Site, email: Email, sign_up: str) -> WebView:
    """Write the page: every merge field has its default, and where a reader could leave, others may sign up, at the
    URL `sign_up`; without one the link falls away, and so does that to a reader's own page.
    """
    html = _link_to("preferences_url", email.fence, f"(?:{_DOT})?").sub("", email.html)
    html = _unsubscribe(email.fence).sub(lambda link: _instead(site, link, sign_up), html)
    html = _EMPTY_LINK.sub(r"\1", _filled(html, email.fence, {"unsubscribe_url": sign_up}, escapes=True))
    return WebView(html, _policy(html))


def summary(email: Email) -> str:
    """Tell in a line what a mail is about: what inboxes show beside its subject."""
    return _filled(email.preheader, email.fence, {}, escapes=False).strip()


def _filled(text: str, fence: str, known: dict[str, str], *, escapes: bool) -> str:
    around, tokens = cut(text, fence)

    def value(token: Token) -> str:
        said = known.get(token.name, "")
        return (escape(said) if escapes else said) or token.default

    return around[0] + "".join(value(token) + piece for token, piece in zip(tokens, around[1:], strict=True))


def _unsubscribe(fence: str) -> re.Pattern[str]:
    """Find links to leave, with the dot before them that sets links apart."""
    return _link_to("unsubscribe_url", fence, before=rf"(?P<dot>{_DOT})?")


def _link_to(field: str, fence: str, after: str = "", before: str = "") -> re.Pattern[str]:
    """Find the links that lead where a merge field says."""
    edge = re.escape(fence)
    return re.compile(
        before + rf"""(?P<open><a\b[^<>]*?\shref=["'])\s*{edge}{field}(?:\|[^<>]*?)?{edge}\s*"""
        r"""(?P<rest>["'][^<>]*>).*?</a\s*>""" + after,
        re.IGNORECASE | re.DOTALL,
    )


def _instead(site: Site, link: re.Match[str], sign_up: str) -> str:
    if not sign_up:
        return ""
    said = escape(voice_for(site).text("archive.sign-up"))
    return f"{link['dot'] or ''}{link['open']}{escape(sign_up)}{link['rest']}{said}</a>"


def _policy(html: str) -> str:
    """Let in the mail's own styles and pictures, and nothing that acts: whatever it holds, no script runs."""
    hosts = " ".join(sorted({"'self'", *_hosts(html)}))
    return (
        f"default-src 'none'; img-src {hosts}; style-src 'unsafe-inline'; form-action 'none'; "
        "frame-ancestors 'none'; base-uri 'none'; sandbox allow-popups allow-popups-to-escape-sandbox "
        "allow-top-navigation-by-user-activation"
    )


def _hosts(html: str) -> Iterator[str]:
    """Name where a mail's pictures come from."""
    for url in _PICTURE.findall(html):
        try:
            whole = urlsplit(url)
        except ValueError:
            continue
        if _HOST.fullmatch(whole.netloc.lower()):
            yield f"{whole.scheme}://{whole.netloc.lower()}"


def view_headers(view: WebView) -> dict[str, str]:
    """Tell what the page is sent with."""
    return {**HEADERS, "Content-Security-Policy": view.policy}
