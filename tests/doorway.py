"""What stands between Postroom and the world in the tests: a proxy that speaks HTTPS, and the hosts of others.

`https` ends TLS before a server of ours, as nginx or Caddy would. `abroad` is a proxy (RFC 9110 §9.3.6, CONNECT) behind
which there is no internet, but pages of ours for the hosts that a program may ask.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias

import trustme

Talk: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]

_PIECE = 64 * 1024


class Authority:
    """Issues certificates that whoever has SSL_CERT_FILE set to `file` believes."""

    def __init__(self, folder: Path) -> None:
        self._made = trustme.CA()
        self.file = folder / "authority.pem"
        self._made.cert_pem.write_to_path(str(self.file))

    def trust(self) -> ssl.SSLContext:
        """Believe what it issued, and nothing else."""
        return ssl.create_default_context(cafile=self.file)

    def context(self, *hosts: str) -> ssl.SSLContext:
        """Speak TLS as the server of these hosts."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._made.issue_cert(*hosts).configure_cert(context)
        return context


@contextmanager
def https(authority: Authority, port: int) -> Iterator[int]:
    """Pass on what comes to https://localhost at the yielded port to the server at `port`."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inside, outside = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_pour(reader, outside), _pour(inside, writer))

    with _serving(talk, authority.context("localhost")) as found:
        yield found


@contextmanager
def abroad(authority: Authority, pages: Mapping[str, bytes]) -> Iterator[int]:
    """Be the proxy at the yielded port; `pages` are the answers by https address."""
    hosts = sorted({url.split("/")[2] for url in pages})
    context = authority.context(*hosts)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode().removesuffix(":443")
        if host not in hosts:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
            return
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        await writer.drain()
        await writer.start_tls(context)
        path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        page = pages.get(f"https://{host}{path}")
        status = "404 Not Found" if page is None else "200 OK"
        head = f"HTTP/1.1 {status}\r\nContent-Length: {len(page or b'')}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + (page or b""))
        await writer.drain()

    with _serving(talk) as found:
        yield found


async def _pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, ssl.SSLError):
        while piece := await source.read(_PIECE):
            target.write(piece)
            await target.drain()
    with suppress(ConnectionError, ssl.SSLError, RuntimeError):
        target.close()


@contextmanager
def _serving(talk: Talk, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve on loopback, in a thread of its own."""
    loop = asyncio.new_event_loop()

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                await talk(reader, writer)
        finally:
            writer.close()

    thread = threading.Thread(target=loop.run_forever, name="doorway", daemon=True)
    thread.start()
    starting = asyncio.start_server(greet, "127.0.0.1", 0, ssl=context)
    server = asyncio.run_coroutine_threadsafe(starting, loop).result(10)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        asyncio.run_coroutine_threadsafe(_closed(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _closed(server: asyncio.Server) -> None:
    """Close a server, and break off what it has begun."""
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for each in others:
        each.cancel()
    await asyncio.gather(*others, return_exceptions=True)
