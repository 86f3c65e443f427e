"""Records for tests: as a value that answers like the DNS, and as a real server on loopback."""

from __future__ import annotations

import socketserver
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset
from dns.rdtypes.ANY.TXT import TXT

from postroom.deliverability.lookup import Absent, Answer, Failed, Found, Kind

SERVFAIL, SILENCE, REFUSED, GARBAGE = "SERVFAIL", "SILENCE", "REFUSED", "GARBAGE"

Names = Mapping[str, Mapping[str, Sequence[str] | str]]
"""By name and kind the records; a word in their place says how the question fails."""


@dataclass
class Zone:
    """A `Lookup` over records. `asked` notes each question."""

    names: Names
    asked: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, name: str, kind: Kind, /) -> Answer:
        self.asked.append((name, kind))
        records = self.names.get(name.lower().removesuffix("."))
        if records is None:
            return Absent(exists=False)
        values = records.get(kind, ())
        if isinstance(values, str):
            return Failed(why=f"{values} of the test")
        return Found(values=tuple(values)) if values else Absent(exists=True)


def zone(names: Names) -> Zone:
    """Make a zone."""
    return Zone({name.lower(): records for name, records in names.items()})


@contextmanager
def dns_server(names: Names) -> Iterator[int]:
    """Serve records over UDP and TCP on 127.0.0.1; yields the port. An answer too long for UDP is cut there."""
    with _both() as servers:
        for server in servers:
            server.names = {name.lower(): records for name, records in names.items()}
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield servers[0].server_address[1]
        finally:
            for server in servers:
                server.shutdown()


@contextmanager
def _both() -> Iterator[tuple[_Tcp, _Udp]]:
    """Open one port for TCP and UDP: what is free for the one may be taken for the other."""
    with ExitStack() as stack:
        for _ in range(50):
            tcp = _Tcp(("127.0.0.1", 0), _TcpTalk)
            try:
                udp = _Udp(("127.0.0.1", tcp.server_address[1]), _UdpTalk)
            except OSError:
                tcp.server_close()
                continue
            stack.enter_context(tcp)
            stack.enter_context(udp)
            break
        yield tcp, udp


class _Udp(socketserver.ThreadingUDPServer):
    daemon_threads = True
    names: Names


class _Tcp(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    names: Names


class _UdpTalk(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        data, sock = self.request
        reply = _reply(data, self.server.names, most=512)
        if reply is not None:
            sock.sendto(reply, self.client_address)


class _TcpTalk(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        (length,) = struct.unpack("!H", self.request.recv(2))
        reply = _reply(self.request.recv(length), self.server.names, most=65535)
        if reply is not None:
            self.request.sendall(struct.pack("!H", len(reply)) + reply)


def _reply(data: bytes, names: Names, *, most: int) -> bytes | None:
    query = dns.message.from_wire(data)
    (question,) = query.question
    name = question.name.to_text(omit_final_dot=True).lower()
    records = names.get(name)
    response = dns.message.make_response(query)
    response.flags |= dns.flags.RA
    if records is None:
        response.set_rcode(dns.rcode.NXDOMAIN)
        return response.to_wire()
    values = records.get(dns.rdatatype.to_text(question.rdtype), ())
    if isinstance(values, str):
        if values == SILENCE:
            return None
        if values == GARBAGE:
            return data[:2] + b"\x81\x80" + b"\xff" * 20
        response.set_rcode(dns.rcode.from_text(values))
    elif values:
        rdatas = [_rdata(question.rdtype, each) for each in values]
        response.answer.append(dns.rrset.from_rdata_list(question.name, 60, rdatas))
    wire = response.to_wire(max_size=65535)
    if len(wire) > most:
        response.answer.clear()
        response.flags |= dns.flags.TC
        wire = response.to_wire()
    return wire


def _rdata(kind: dns.rdatatype.RdataType, text: str) -> dns.rdata.Rdata:
    if kind != dns.rdatatype.TXT:
        return dns.rdata.from_text("IN", kind, text)
    data = text.encode("latin-1")
    return TXT(1, kind, [data[at : at + 255] for at in range(0, max(len(data), 1), 255)])
