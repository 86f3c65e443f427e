"""Real servers on loopback, and messages to hand to a transport."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
import trustme

from postroom.model import Mail, Message, Part, Post
from postroom.transports._smtp_wire import Patience
from postroom.transports.smtp import Transport

DROP, HANG = "drop", "hang"
DATA = b"Subject: Hello\r\n\r\nGood morning.\r\n"
QUICK = Patience(
    connect=2,
    greeting=0.4,
    answer=0.4,
    mail=0.4,
    rcpt=0.4,
    data=0.4,
    block=0.4,
    dot=0.4,
    transaction=2,
    farewell=0.2,
)


@dataclass
class Script:
    """What a server says at each stage where it should not behave, and what it saw.

    A value of `says` is bytes to answer with, DROP, HANG, a list of these for one connection after the
    other, or a function that makes bytes of the commands so far. `connections` counts; `clear` is every
    byte read before TLS; `commands` every command; `mails` every message accepted, as (recipient, bytes
    as they came over the wire).
    """

    says: dict[str, object] = field(default_factory=dict)
    offers: tuple[bytes, ...] = (b"STARTTLS", b"AUTH PLAIN", b"SIZE 1000000")
    tls: ssl.SSLContext | None = None
    implicit: bool = False
    connections: int = 0
    clear: bytes = b""
    commands: list[bytes] = field(default_factory=list)
    mails: list[tuple[bytes, bytes]] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    def answer(self, stage: str, usual: bytes, connection: int) -> object:
        """Say what is scripted for this connection, else what a good server says."""
        said = self.says.get(stage, usual)
        if isinstance(said, list):
            return said[connection] if connection < len(said) else usual
        return said(self.commands) if callable(said) else said


class Gone(Exception):
    """The conversation is over."""


class Conversation(socketserver.BaseRequestHandler):
    """One connection to a scripted server."""

    def handle(self) -> None:
        self.script: Script = self.server.script  # type: ignore[attr-defined]
        self.number = self.script.connections
        self.script.connections += 1
        self.secured = False
        self.recipient = b""
        self.unread = b""
        with suppress(Gone, OSError):
            if self.script.implicit:
                self.secure()
            self.say("connect", b"220 ready\r\n")
            while True:
                self.obey(self.line())

    def finish(self) -> None:
        self.request.close()

    def obey(self, command: bytes) -> None:
        self.script.commands.append(command)
        verb = command.split(b" ")[0].split(b":")[0].upper()
        match verb:
            case b"EHLO":
                offers = [each for each in self.script.offers if not (self.secured and each == b"STARTTLS")]
                names = [b"scripted.example", *offers]
                last = len(names) - 1
                lines = [
                    b"250%s%s\r\n" % (b" " if at == last else b"-", name) for at, name in enumerate(names)
                ]
                self.say("ehlo", b"".join(lines))
            case b"STARTTLS":
                self.say("starttls", b"220 go ahead\r\n")
                self.secure()
            case b"AUTH":
                self.say("auth", b"235 2.7.0 welcome\r\n")
            case b"MAIL":
                self.say("mail", b"250 2.1.0 ok\r\n")
            case b"RCPT":
                self.recipient = command
                self.say("rcpt", b"250 2.1.5 ok\r\n")
            case b"DATA":
                if self.say("data", b"354 go\r\n") == b"354 go\r\n":
                    self.take()
            case b"RSET":
                self.say("rset", b"250 2.0.0 ok\r\n")
            case b"QUIT":
                self.say("quit", b"221 bye\r\n")
                raise Gone
            case _:
                self.say("other", b"500 5.5.2 what?\r\n")

    def take(self) -> None:
        """Read a message up to its final dot; accept it unless the script says something else."""
        self.say("early", b"")
        data = b""
        while not data.endswith(b"\r\n.\r\n"):
            data += self.line() + b"\r\n"
        answer = self.script.answer("dot", b"250 ", self.number)
        if answer in (DROP, HANG) or str(answer).startswith("b'250"):
            self.script.mails.append((self.recipient, data))
        self.say("dot", b"250 2.0.0 queued as 42\r\n")

    def say(self, stage: str, usual: bytes) -> bytes:
        said = self.script.answer(stage, usual, self.number)
        if said == DROP:
            raise Gone
        if said == HANG:
            self.script.stop.wait(3)
            raise Gone
        assert isinstance(said, bytes)
        self.request.sendall(said)
        if said != usual and stage == "starttls":
            self.obey(self.line())
            raise Gone
        return said

    def secure(self) -> None:
        assert self.script.tls is not None
        self.request = self.script.tls.wrap_socket(self.request, server_side=True)
        self.secured = True

    def line(self) -> bytes:
        while b"\n" not in self.unread:
            chunk = self.request.recv(65536)
            if not chunk:
                raise Gone
            if not self.secured:
                self.script.clear += chunk
            self.unread += chunk
        line, _, self.unread = self.unread.partition(b"\n")
        return line.removesuffix(b"\r")


class Server(socketserver.ThreadingTCPServer):
    """Serves a script."""

    allow_reuse_address = True
    daemon_threads = True
    script: Script

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a broken conversation is what the tests are about."""


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority that only we trust."""
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Its certificate, as the setting `ca` wants it."""
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return str(file)


@pytest.fixture(scope="session")
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    """TLS of a server that is rightly called localhost."""
    return tls_of(authority.issue_cert("localhost"))


def tls_of(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@pytest.fixture
def serve(server_tls: ssl.SSLContext) -> Iterator[Callable[[Script], Script]]:
    """Start a server for a script; its port is filled in."""
    running: list[Server] = []

    def start(script: Script) -> Script:
        script.tls = script.tls or server_tls
        server = Server(("127.0.0.1", 0), Conversation)
        server.script = script
        script.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        running.append(server)
        return script

    yield start
    for server in running:
        server.script.stop.set()
        server.shutdown()
        server.server_close()


@pytest.fixture
def script() -> type[Script]:
    """The class, for test modules that cannot import this one."""
    return Script


@pytest.fixture
def smtp_to(ca_file: str) -> Iterator[Callable[..., Transport]]:
    """Open an impatient SMTP transport to a server on this machine, with TLS and a log-in."""
    opened: list[Transport] = []

    def open_one(port: int, **settings: object) -> Transport:
        chosen: Mapping[str, object] = {
            "host": "localhost",
            "port": port,
            "ca": ca_file,
            "username": "${USER}",
            "password": "${PASSWORD}",
        } | settings
        known = {name: value for name, value in chosen.items() if value is not None}
        secrets = {"${USER}": "editor", "${PASSWORD}": "hunter2"}
        transport = Transport(Transport.Settings.model_validate(known), secrets.__getitem__, QUICK)
        opened.append(transport)
        return transport

    yield open_one
    for transport in opened:
        transport.close()


@pytest.fixture
def mail() -> Callable[..., Message]:
    """Make a mail to hand to a transport."""

    def make(
        rcpt_to: str = "ada@example.org", data: bytes = DATA, number: int = 1, **envelope: str
    ) -> Message:
        content = Mail(
            mail_from=envelope.get("mail_from", "news@learning.example"), rcpt_to=rcpt_to, data=data
        )
        return Message(
            delivery_id=number, name=f"mail-{number}", idempotency_key=f"key-{number}", content=content
        )

    return make


@pytest.fixture
def post() -> Callable[..., Message]:
    """Make a part of a post to hand to a transport."""

    def make(text: str = "Read this.", number: int = 1, part: int = 0) -> Message:
        content = Part(post=Post(network="linkedin", parts=(text,), language="en"), number=part, text=text)
        return Message(
            delivery_id=number, name=f"post-{number}", idempotency_key=f"key-{number}", content=content
        )

    return make


@pytest.fixture
def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
