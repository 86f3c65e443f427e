"""How often a form may be sent: by one network of readers, and by all of them together. In memory, and never more
of it than is said here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address

from postroom.web.front.providers import GMAIL, PROVIDERS

MOST_NETWORKS = 20_000
"""How many networks are remembered, in some 4 MB: those longest unseen are forgotten first."""

_BITS = 64
"""A household is given as many IPv6 addresses as share these: RFC 6177 §2 wants no fewer bits left to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many at once, and then one each time so many `seconds` have passed."""

    burst: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUpLimits:
    """How many forms a network may send, and how many mails to confirm all of them together may cause.

    A lecture hall shares one address, so twenty come at once. A mail each second is 86,400 strangers a day: more than
    any form of ours will see, and few enough for the good name of whoever sends them. A mailbox has as many addresses
    as its owner likes, `ada+a@`, `ada+b@`: three of them a day is enough. So has a domain whose owner takes whatever
    comes to it: thirty at once are a firm that was told of us, and then one in ten minutes.
    """

    network: Rate = Rate(burst=20, seconds=30)
    all: Rate = Rate(burst=1000, seconds=1)
    mailbox: Rate = Rate(burst=3, seconds=8 * 3600)
    domain: Rate = Rate(burst=30, seconds=600)


@dataclass(slots=True)
class Limiter:
    """Counts by key, as GCRA does: one moment is kept for each. `seconds` is a clock that nobody sets."""

    rate: Rate
    seconds: Callable[[], float]
    _due: OrderedDict[str, float] = field(default_factory=OrderedDict)

    def wait(self, key: str) -> float:
        """Count one more of `key` and return 0; where that is too many, return in how many seconds it may come."""
        now = self.seconds()
        due = max(self._due.get(key, now), now)
        wait = due - now - (self.rate.burst - 1) * self.rate.seconds
        self._due[key] = due if wait > 0 else due + self.rate.seconds
        self._due.move_to_end(key)
        if len(self._due) > MOST_NETWORKS:
            self._due.popitem(last=False)
        return max(wait, 0.0)


def mailbox_of(identity: str) -> str:
    """Tell which mailbox an address leads to, as far as it shows: what is after a `+` is its owner's to choose, and at
    Gmail so are the dots (Google's help page `Dots don't matter in Gmail addresses`).
    """
    local, _, domain = identity.rpartition("@")
    local = local.partition("+")[0] or local
    return f"{local.replace('.', '')}@gmail.com" if domain in GMAIL else f"{local}@{domain}"


def domain_of(identity: str) -> str:
    """Tell whose domain an address is at; "" for a provider at which everybody has their own."""
    domain = identity.rpartition("@")[2]
    return "" if domain in PROVIDERS else domain


def network_of(host: str) -> str:
    """Tell which network an address is of: itself (IPv4), or the 64 bits that a household has (IPv6)."""
    try:
        address = ip_address(host)
    except ValueError:
        return ""
    if not isinstance(address, IPv6Address):
        return str(address)
    return str(address.ipv4_mapped or int(address) >> (128 - _BITS))
