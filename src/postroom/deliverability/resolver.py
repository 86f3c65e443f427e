"""Asks the DNS, within a time that all questions share. The only module that knows dnspython.

NXDOMAIN and an empty answer say something about a name. SERVFAIL, a refusal and silence only say that nobody knows.
"""

from __future__ import annotations

from time import monotonic
from typing import Final

import dns.exception
import dns.name
import dns.rdata
import dns.resolver
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.PTR import PTR
from dns.rdtypes.ANY.TXT import TXT

from postroom.deliverability.lookup import Absent, Answer, Failed, Found, Kind

TOTAL_SECONDS: Final = 20
"""What all questions of one resolver may take together."""

_QUESTION_SECONDS: Final = 5.0
_SERVER_SECONDS: Final = 2.0
"""After so long the next server is asked; dnspython's own default."""

_MAX_RECORDS: Final = 100
_PORT: Final = 53


class Resolver:
    """A `Lookup` over the network: by the system's name servers, or the one named. Each question is asked once."""

    def __init__(
        self, nameserver: str | None = None, port: int = _PORT, seconds: float = TOTAL_SECONDS
    ) -> None:
        self._seconds = self._left = seconds
        self._known: dict[tuple[str, Kind], Answer] = {}
        try:
            self._resolver = dns.resolver.Resolver(configure=nameserver is None)
        except dns.resolver.NoResolverConfiguration:
            self._resolver = dns.resolver.Resolver(configure=False)
        if nameserver is not None:
            self._resolver.port = port
            self._resolver.nameservers = [nameserver]
        self._resolver.timeout = _SERVER_SECONDS

    def __call__(self, name: str, kind: Kind, /) -> Answer:
        """Return the records of a kind at a name."""
        key = (name.lower().removesuffix("."), kind)
        if key not in self._known:
            self._known[key] = self._ask(*key)
        return self._known[key]

    def _ask(self, name: str, kind: Kind) -> Answer:
        if self._left <= 0:
            return Failed(why=f"the {self._seconds:g} seconds for all questions were over")
        if not self._resolver.nameservers:
            return Failed(why="this machine knows no name server")
        try:
            asked = dns.name.from_text(name.encode("ascii").decode())
        except (dns.exception.DNSException, UnicodeError):
            return Absent()
        begun = monotonic()
        try:
            return self._resolved(asked, kind)
        finally:
            self._left -= monotonic() - begun

    def _resolved(self, name: dns.name.Name, kind: Kind) -> Answer:
        lifetime = min(self._left, _QUESTION_SECONDS)
        try:
            answer = self._resolver.resolve(name, kind, lifetime=lifetime, search=False)
        except dns.resolver.NXDOMAIN:
            return Absent(exists=False)
        except dns.resolver.NoAnswer:
            return Absent(exists=True)
        except dns.exception.Timeout:
            return Failed(why="no name server answered in time")
        except dns.resolver.NoNameservers:
            return Failed(why="the name servers failed or refused to answer (SERVFAIL)")
        except (dns.exception.DNSException, OSError) as error:
            return Failed(why=f"the answer could not be read ({type(error).__name__})")
        return Found(values=tuple(map(_text, list(answer)[:_MAX_RECORDS])))


def _text(rdata: dns.rdata.Rdata) -> str:
    match rdata:
        case TXT():
            return b"".join(rdata.strings).decode("latin-1")
        case MX():
            return f"{rdata.preference} {rdata.exchange.to_text(omit_final_dot=True)}"
        case PTR():
            return rdata.target.to_text(omit_final_dot=True)
    return rdata.to_text()
