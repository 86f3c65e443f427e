"""Who may talk to a page that is meant for one person on this machine.

A local server can be reached by any web page that is open in the same browser: through a name
that resolves to 127.0.0.1 (DNS rebinding; CVE-2025-24010 is a preview server's), or by a form or
fetch from elsewhere. So a request must name a host from a short list, come from no other origin,
and carry a secret in its path.
"""

from __future__ import annotations

import re
from secrets import compare_digest

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HOST = re.compile(r"([a-z0-9.-]+)(?::([0-9]{1,5}))?", re.ASCII)
_SAFE = frozenset({"GET", "HEAD"})
_EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}


class Guard:
    """Let a request through if its host, origin and token are right; answer 403 otherwise.

    `hosts` are names without a port: the port must be the one the request came in at. `token`
    is the first segment of every path; the app behind sees it as its root path. Every answer
    gets headers that keep it to itself, unless the app has set its own.
    """

    def __init__(self, app: ASGIApp, *, token: str, hosts: tuple[str, ...]) -> None:
        if len(token) < 16:
            raise ValueError("a token of fewer than 16 characters can be guessed")
        self._app = app
        self._token = token
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one ASGI request; the lifespan passes through."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        if refusal is None:
            await self._app({**scope, "root_path": f"/{self._token}"}, receive, _sealed(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await refusal(scope, receive, _sealed(send))

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if scope["type"] != "http":
            return _forbid("only plain requests are answered here")
        if not self._is_own_host(headers.getlist("host"), scope):
            return _forbid("this host name is not served here")
        if not self._is_own_origin(headers, scope):
            return _forbid("this came from another site")
        if not self._has_token(scope["path"]):
            return _forbid("open the address that `postroom preview` printed; it holds a secret")
        return None

    def _is_own_host(self, named: list[str], scope: Scope) -> bool:
        if len(named) != 1 or not (match := _HOST.fullmatch(named[0].lower())):
            return False
        return match[1] in self._hosts and int(match[2] or 80) == _port(scope)

    def _is_own_origin(self, headers: Headers, scope: Scope) -> bool:
        origins = headers.getlist("origin")
        if not origins:
            return scope["method"] in _SAFE
        if origins == ["null"]:
            return _is_framed_image(headers, scope)
        own = {f"http://{host}:{_port(scope)}" for host in self._hosts}
        if _port(scope) == 80:
            own |= {f"http://{host}" for host in self._hosts}
        return len(origins) == 1 and origins[0].lower() in own

    def _has_token(self, path: str) -> bool:
        first = path.split("/", 2)[1] if path.startswith("/") else ""
        return compare_digest(first.encode(), self._token.encode())


def _is_framed_image(headers: Headers, scope: Scope) -> bool:
    """Whether a sandboxed frame asks for an image. Its origin is `null`, and no script can set these."""
    asked = (headers.get("sec-fetch-dest"), headers.get("sec-fetch-mode"))
    return scope["method"] in _SAFE and asked == ("image", "no-cors")


def _port(scope: Scope) -> int:
    server = scope.get("server")
    return int(server[1]) if server and server[1] else 80


def _forbid(why: str) -> Response:
    return PlainTextResponse(f"Not for you: {why}.\n", status_code=403)


def _sealed(send: Send) -> Send:
    async def seal(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _EVERYWHERE.items():
                headers.setdefault(name, value)
        await send(message)

    return seal
