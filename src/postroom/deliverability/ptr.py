"""Does an address have a name that leads back to it? Gmail and Yahoo ask that of every address that sends."""

from __future__ import annotations

import re
from typing import Final

from postroom.deliverability.lookup import Absent, Failed, Found, Kind, Lookup
from postroom.deliverability.place import Place, record
from postroom.deliverability.spf_check import address_of
from postroom.deliverability.spf_macros import IPAddress
from postroom.model import Finding

_MAX_NAMES: Final = 10


def inspect(ip: IPAddress, lookup: Lookup, place: Place) -> tuple[Finding, ...]:
    """Judge the forward-confirmed reverse DNS of an address that sends."""
    match lookup(ip.reverse_pointer, "PTR"):
        case Failed() as failed:
            return (place.unanswered(ip.reverse_pointer, "PTR", failed),)
        case Absent():
            cure = record(ip.reverse_pointer, "PTR", "mail.your.domain.")
            return (
                place.error(
                    "ptr-missing",
                    f"{ip} has no name (PTR); whoever gave you the address publishes {cure}, with your server's name",
                ),
            )
        case Found(values=names):
            return _of_names(ip, names[:_MAX_NAMES], lookup, place)


def _of_names(ip: IPAddress, names: tuple[str, ...], lookup: Lookup, place: Place) -> tuple[Finding, ...]:
    kind: Kind = "A" if ip.version == 4 else "AAAA"
    failed: Finding | None = None
    for name in names:
        match lookup(name, kind):
            case Failed() as failure:
                failed = place.unanswered(name, kind, failure)
            case Found(values=values) if any(address_of(each) == ip for each in values):
                return (_generic(ip, name, place),) if _is_generic(name, ip) else ()
    if failed is not None:
        return (failed,)
    named = ", ".join(names)
    return (
        place.error(
            "ptr-unconfirmed",
            f"{ip} is called {named}, and no such name leads back to it; publish {record(names[0], kind, str(ip))}",
        ),
    )


def _generic(ip: IPAddress, name: str, place: Place) -> Finding:
    return place.warning(
        "ptr-generic",
        f"{ip} is called {name}, as if it were handed out by chance; have it called as your mail server is",
    )


def _is_generic(name: str, ip: IPAddress) -> bool:
    """Say whether a name holds all four numbers of an IPv4 address, as those of dial-up lines do."""
    if ip.version == 6:
        return False
    numbers = [int(each[-9:]) for each in re.findall(r"[0-9]+", name)]
    return all(int(each) in numbers for each in str(ip).split("."))
