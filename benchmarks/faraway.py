"""A mail server that speaks TLS and is far away: `python -m benchmarks.faraway PORT CERTIFICATE [SECONDS]`.

Two things in one process: a sink that offers PIPELINING and STARTTLS and forgets what it takes, and before it a
proxy that hands every byte on after SECONDS (25 ms: a round trip of 50) without looking at any and without a
limit on how many are on their way.
"""

from __future__ import annotations

import argparse
import asyncio
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import trustme

ONE_WAY_SECONDS = 0.025
ROUND_TRIP_SECONDS = 2 * ONE_WAY_SECONDS
END_OF_DATA = b"\r\n.\r\n"


class Sink(socketserver.ThreadingTCPServer):
    """Takes all mail, one thread a connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.context = context

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that hung up."""


class Conversation(socketserver.BaseRequestHandler):
    """One connection from greeting to QUIT."""

    server: Sink
    rest = b""

    def handle(self) -> None:
        """Answer until the other side leaves."""
        self.link = self.request
        self.link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.link.sendall(b"220 far.example ESMTP\r\n")
        while verb := self.until(b"\r\n")[:4].upper():
            self.answer(verb)
            if verb == b"QUIT":
                return

    def answer(self, verb: bytes) -> None:
        """Answer one command."""
        if verb == b"EHLO":
            offers = b"" if isinstance(self.link, ssl.SSLSocket) else b"250-STARTTLS\r\n"
            self.link.sendall(b"250-far.example\r\n" + offers + b"250-PIPELINING\r\n250 8BITMIME\r\n")
        elif verb == b"STAR":
            self.link.sendall(b"220 go ahead\r\n")
            self.link = self.server.context.wrap_socket(self.link, server_side=True)
        elif verb == b"DATA":
            self.link.sendall(b"354 go ahead\r\n")
            self.until(END_OF_DATA)
            self.link.sendall(b"250 2.0.0 taken\r\n")
        else:
            self.link.sendall(b"250 2.0.0 fine\r\n")

    def until(self, mark: bytes) -> bytes:
        """Read up to a mark; what came after it is kept. Empty when the other side has hung up."""
        unread, searched = bytearray(self.rest), 0
        while (end := unread.find(mark, max(searched - len(mark), 0))) < 0:
            searched = len(unread)
            chunk = self.link.recv(1 << 18)
            if not chunk:
                return b""
            unread += chunk
        self.rest = bytes(unread[end + len(mark) :])
        return bytes(unread[:end])


class Delay(asyncio.Protocol):
    """One side of a proxied connection: what it receives is written to the other side later."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.other: asyncio.Future[asyncio.Transport] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        """Hand bytes on when their time has come."""
        self.later(lambda transport: transport.write(data))

    def connection_lost(self, exc: Exception | None) -> None:
        """Hand the end of a connection on, too."""
        self.later(lambda transport: transport.close())

    def later(self, act: object) -> None:
        """Do something with the other side after the delay, in the order in which it was asked for."""
        loop = asyncio.get_running_loop()
        loop.call_later(self.seconds, lambda: self.other.add_done_callback(lambda done: act(done.result())))  # type: ignore[operator]


class Near(Delay):
    """The side that the client connects to; it opens the far side."""

    def __init__(self, seconds: float, port: int) -> None:
        super().__init__(seconds)
        self.port = port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Open the far side, and let each know the other."""
        assert isinstance(transport, asyncio.Transport)
        self.opening = asyncio.ensure_future(self.open(transport))

    async def open(self, transport: asyncio.Transport) -> None:
        """Connect to the sink."""
        far = Delay(self.seconds)
        far.other.set_result(transport)
        opened, _ = await asyncio.get_running_loop().create_connection(lambda: far, "127.0.0.1", self.port)
        self.other.set_result(opened)


async def proxy(port: int, sink_port: int, seconds: float) -> None:
    """Delay everything between a port and the sink, until cancelled."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Near(seconds, sink_port), "127.0.0.1", port, backlog=128)
    async with server:
        await server.serve_forever()


@contextmanager
def trusted(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Make a certificate for 127.0.0.1, with its key, and the authority that signed it; give the two files."""
    authority = trustme.CA()
    own, anchor = folder / "far.pem", folder / "authority.pem"
    authority.issue_cert("127.0.0.1", "localhost").private_key_and_cert_chain_pem.write_to_path(own)
    authority.cert_pem.write_to_path(anchor)
    yield own, anchor


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("certificate", type=Path)
    parser.add_argument("seconds", type=float, nargs="?", default=ONE_WAY_SECONDS)
    options = parser.parse_args()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.certificate)
    sink = Sink(context)
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    with suppress(KeyboardInterrupt):
        asyncio.run(proxy(options.port, sink.server_address[1], options.seconds))


if __name__ == "__main__":
    main()
