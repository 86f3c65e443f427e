"""Macros in the domains of SPF terms (RFC 7208 §7): `%{ir}.list.example` → `7.2.0.192.list.example`."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import quote

from postroom.deliverability.spf_terms import macros

IPAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_LITERAL: Final = {"%%": "%", "%_": " ", "%-": "%20"}
_MAX_NAME: Final = 253  # RFC 7208 §7.3
_UNRESERVED: Final = "-._~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who sends, and as whom: `sender` is the address of MAIL FROM, `helo` the name that the server goes by."""

    ip: IPAddress
    sender: str
    helo: str = "unknown"

    @property
    def local_part(self) -> str:
        """What stands before the @ of MAIL FROM (RFC 7208 §4.3)."""
        return self.sender.rpartition("@")[0] or "postmaster"

    @property
    def sender_domain(self) -> str:
        """What stands after it."""
        return self.sender.rpartition("@")[2]


def expand(text: str, asked: Asked, domain: str, own_name: Callable[[], str]) -> str:
    """Fill the macros of a domain in; a name that gets too long loses labels from the left.

    `own_name` finds a validated name of the address, which costs look-ups.
    """
    whole = "".join(_filled(each, asked, domain, own_name) for each in macros(text)).removesuffix(".")
    while len(whole) > _MAX_NAME and "." in whole:
        whole = whole.partition(".")[2]
    return whole


def dotted(ip: IPAddress) -> str:
    """Write an address as `%{i}` has it: IPv6 by its nibbles."""
    return str(ip) if ip.version == 4 else ".".join(ip.exploded.replace(":", ""))


def _filled(token: re.Match[str], asked: Asked, domain: str, own_name: Callable[[], str]) -> str:
    letter = token["letter"]
    if letter is None:
        return _LITERAL.get(token[0], token[0])
    value = _value(letter.lower(), asked, domain, own_name)
    parts = re.split(f"[{re.escape(token['cuts'] or '.')}]", value)
    if token["reverse"]:
        parts.reverse()
    if token["digits"]:
        parts = parts[-int(token["digits"]) :]
    joined = ".".join(parts)
    return quote(joined, safe=_UNRESERVED) if letter.isupper() else joined


def _value(letter: str, asked: Asked, domain: str, own_name: Callable[[], str]) -> str:
    if letter == "p":
        return own_name()
    return {
        "s": f"{asked.local_part}@{asked.sender_domain}",
        "l": asked.local_part,
        "o": asked.sender_domain,
        "d": domain,
        "i": dotted(asked.ip),
        "v": "in-addr" if asked.ip.version == 4 else "ip6",
        "h": asked.helo,
    }[letter]
