"""Can a domain get mail? Answers go to From, bounces to the domain of MAIL FROM (RFC 5321 §5.1, RFC 7505)."""

from __future__ import annotations

from collections.abc import Iterator

from postroom.deliverability.lookup import Absent, Answer, Failed, Found, Lookup
from postroom.deliverability.place import Place, record
from postroom.deliverability.spf_check import address_of
from postroom.model import Finding

_MAX_HOSTS = 5
"""Of so many mail servers it is asked whether they have an address."""


def inspect(domain: str, lookup: Lookup, place: Place) -> tuple[Finding, ...]:
    """Judge whether mail to a domain has somewhere to go."""
    match lookup(domain, "MX"):
        case Failed() as failed:
            return (place.unanswered(domain, "MX", failed),)
        case Absent():
            return tuple(_without(domain, lookup, place))
        case Found(values=values):
            return tuple(_of_hosts(domain, [each.partition(" ")[2] for each in values], lookup, place))


def _without(domain: str, lookup: Lookup, place: Place) -> Iterator[Finding]:
    """Judge a domain without MX: its own address gets the mail (RFC 5321 §5.1)."""
    match _addresses(domain, lookup):
        case Failed() as failed:
            yield place.unanswered(domain, "A", failed)
        case Absent():
            cure = record(domain, "MX", f"10 mail.{domain}.")
            yield place.error(
                "mx-missing",
                f"{domain} can get no mail, neither answers nor bounces: it has no MX and no address; publish "
                f"{cure}, with the name of your mail server",
            )


def _of_hosts(domain: str, hosts: list[str], lookup: Lookup, place: Place) -> Iterator[Finding]:
    if any(host in ("", ".") for host in hosts):
        yield place.error(
            "mx-null",
            f"{domain} says by a null MX that it gets no mail (RFC 7505), and many receivers take none from such "
            f"a domain; publish {record(domain, 'MX', f'10 mail.{domain}.')} instead, with your server's name",
        )
        return
    dead = 0
    for host in hosts[:_MAX_HOSTS]:
        if address_of(host) is not None:
            dead += 1
            yield place.warning("mx-host", f"the MX of {domain} is the address {host}; name a host instead")
            continue
        match _addresses(host, lookup):
            case Failed() as failed:
                yield place.unanswered(host, "A", failed)
            case Absent():
                dead += 1
                yield place.warning(
                    "mx-host", f"the MX of {domain} is {host}, which has no address; mend one"
                )
    if dead == len(hosts):
        yield place.error("mx-missing", f"{domain} can get no mail: no MX of it leads anywhere")


def _addresses(host: str, lookup: Lookup) -> Answer:
    """Ask for addresses of either kind; what failed counts only where the other has none."""
    four = lookup(host, "A")
    if isinstance(four, Found):
        return four
    six = lookup(host, "AAAA")
    return six if isinstance(six, Found) or not isinstance(four, Failed) else four
