"""What was seen of the TLS of a server that mail is handed to: is it to be trusted, and for how long?"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from postroom.deliverability.place import Place
from postroom.model import Finding

SOON: Final = timedelta(days=14)
"""A certificate that ends within this time should have been renewed: the usual clients do so 30 days before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secured:
    """TLS came about, with a certificate that is right for the host; it ends at `expires_at` (None: not said)."""

    version: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsecured:
    """It did not, and `why` is a sentence."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Clear:
    """None is asked for: `tls: none`."""


def judge(host: str, seen: Secured | Unsecured | Clear, now: datetime, place: Place) -> Iterator[Finding]:
    """Judge what was seen."""
    match seen:
        case Unsecured(why=why):
            yield place.error("tls-failed", f"{why}; no mail goes out like this")
        case Clear() if not is_here(host):
            yield place.warning(
                "tls-none",
                f"mail goes to {host} in clear, where others can read and change it; write `tls: starttls`",
            )
        case Secured(expires_at=datetime() as end) if end - now < SOON:
            left = max((end - now).days, 0)
            days = "1 day" if left == 1 else f"{left} days"
            yield place.warning(
                "tls-expiring",
                f"the certificate of {host} ends in {days}, on {end:%Y-%m-%d}, and nothing goes out after; "
                "whoever runs the server renews it",
            )


def is_here(host: str) -> bool:
    """Say whether a host is this machine."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower().removesuffix(".") == "localhost"
