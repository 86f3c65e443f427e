"""The SPF record of the domain that bounces go to: is it there, sound, cheap enough, and does it name who sends?

Receivers check the domain of MAIL FROM (RFC 7208 §2.4), which is `return_path`'s, else that of From.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Final

from postroom.deliverability.lookup import Absent, Failed, Found, Lookup
from postroom.deliverability.place import UNANSWERED, Place, record
from postroom.deliverability.spf_check import Checked, Limits, Result, check_host
from postroom.deliverability.spf_macros import Asked, IPAddress
from postroom.deliverability.spf_terms import is_record, parse
from postroom.deliverability.tags import Malformed
from postroom.model import Finding

_NOBODY: Final = ipaddress.IPv4Address("0.0.0.0")  # noqa: S104  # nothing is bound: no mail comes from there
_ALL_OF_IT: Final = Limits(lookups=40, voids=40)
"""Enough to count how far a record goes beyond the limits, and to end soon in one that includes itself."""

_RECEIVERS: Final = Limits()


def inspect(domain: str, senders: Sequence[IPAddress], lookup: Lookup, place: Place) -> tuple[Finding, ...]:
    """Judge the SPF record of a domain; `senders` are addresses that must pass by it."""
    match lookup(domain, "TXT"):
        case Failed() as failed:
            return (place.unanswered(domain, "TXT", failed),)
        case Absent():
            texts: list[str] = []
        case Found(values=values):
            texts = [each for each in values if is_record(each)]
    if not texts:
        cure = record(domain, "TXT", _text_for(senders))
        return (
            place.error(
                "spf-missing",
                f"{domain} has no SPF record, so nobody knows who may send for it; "
                f"publish {cure}, with the `include:` that your provider names",
            ),
        )
    if len(texts) > 1:
        cure = record(domain, "TXT", _merged(texts))
        return (
            place.error(
                "spf-many",
                f"{domain} has {len(texts)} SPF records, and receivers then heed none "
                f"(RFC 7208 §4.5); publish one instead: {cure}",
            ),
        )
    return (
        *_of_record(domain, texts[0], lookup, place),
        *_of_senders(domain, texts[0], senders, lookup, place),
    )


def passes(domain: str, ip: IPAddress, lookup: Lookup) -> Checked:
    """Check whether mail of a domain may come from an address, as a receiver does."""
    return check_host(Asked(ip=ip, sender=f"postmaster@{domain}"), lookup)


def _of_record(domain: str, text: str, lookup: Lookup, place: Place) -> Iterator[Finding]:
    """Judge the record itself, and all that it includes: where nothing matches, all of it is read."""
    checked = check_host(Asked(ip=_NOBODY, sender=f"postmaster@{domain}"), lookup, _ALL_OF_IT)
    match checked.result:
        case Result.PERMERROR | Result.NONE if checked.lookups <= _ALL_OF_IT.lookups:
            yield place.error(
                "spf-syntax",
                f"{domain}: {checked.why}; receivers take this for an error "
                f"(permerror), so no mail passes: mend {record(domain, 'TXT', text)}",
            )
        case Result.TEMPERROR:
            yield place.warning(
                UNANSWERED,
                f"not all of the SPF record of {domain} could be looked at: {checked.why}; ask again later",
            )
        case Result.PASS:
            yield place.error(
                "spf-passes-all",
                f"{checked.why} lets every address in the world send; end it in "
                f"`-all`: {record(domain, 'TXT', _closed(text))}",
            )
        case Result.NEUTRAL:
            yield place.warning(
                "spf-neutral",
                f"the SPF record of {domain} says nothing about other senders "
                f"({checked.why}); end it in `~all` or `-all`: "
                f"{record(domain, 'TXT', _closed(text))}",
            )
    yield from _costs(domain, checked, place)
    yield from _oddities(checked, place)


def _costs(domain: str, checked: Checked, place: Place) -> Iterator[Finding]:
    if checked.lookups > _RECEIVERS.lookups:
        number = (
            f"at least {checked.lookups}" if checked.lookups > _ALL_OF_IT.lookups else str(checked.lookups)
        )
        yield place.error(
            "spf-lookups",
            f"the SPF record of {domain} asks for {number} look-ups, and "
            f"receivers stop at {_RECEIVERS.lookups} (RFC 7208 §4.6.4): take out each `include:` "
            "that no longer sends for you, and write `ip4:`/`ip6:` for `a` and `mx`",
        )
    if len(checked.voids) > _RECEIVERS.voids:
        empty = ", ".join(checked.voids[:5])
        yield place.error(
            "spf-voids",
            f"{len(checked.voids)} look-ups of the SPF record of {domain} find nothing, and "
            f"receivers stop at {_RECEIVERS.voids} (RFC 7208 §4.6.4): take out {empty}",
        )


def _oddities(checked: Checked, place: Place) -> Iterator[Finding]:
    for domain, found in checked.records:
        if any(each.name == "ptr" for each in found.mechanisms):
            yield place.warning(
                "spf-ptr",
                f"the SPF record of {domain} uses `ptr`, which is slow and not to be used "
                "(RFC 7208 §5.5); name the addresses with `ip4:` and `ip6:`",
            )
        if beyond := found.beyond_all:
            idle = " ".join(each.text for each in beyond)
            yield place.warning(
                "spf-after-all",
                f"in the SPF record of {domain} nobody reads what follows `all`: move `{idle}` before it",
            )


def _of_senders(
    domain: str, text: str, senders: Sequence[IPAddress], lookup: Lookup, place: Place
) -> Iterator[Finding]:
    for ip in senders:
        checked = passes(domain, ip, lookup)
        if checked.result is Result.TEMPERROR:
            yield place.warning(
                UNANSWERED,
                f"whether {ip} passes the SPF record of {domain} could not be looked "
                f"at: {checked.why}; ask again later",
            )
        elif checked.result is not Result.PASS:
            yield place.error(
                "spf-address",
                f"mail from {ip} does not pass the SPF record of {domain}: "
                f"{checked.result} ({checked.why}); publish {record(domain, 'TXT', _with(text, ip))}",
            )


def _text_for(senders: Sequence[IPAddress]) -> str:
    named = " ".join(map(_term, senders)) or "include:spf.your-provider.example"
    return f"v=spf1 {named} ~all"


def _term(ip: IPAddress) -> str:
    return f"ip{ip.version}:{ip}"


def _terms(text: str) -> list[str]:
    return [each for each in text.split(" ")[1:] if each]


def _is_all(term: str) -> bool:
    return term.lower().lstrip("+-~?") == "all"


def _closed(text: str) -> str:
    """Write a record anew so that it ends in `~all`."""
    return " ".join(["v=spf1", *(each for each in _terms(text) if not _is_all(each)), "~all"])


def _merged(texts: Sequence[str]) -> str:
    """Make one record of several: what each of them lets through, once."""
    return _closed(" ".join(["v=spf1", *dict.fromkeys(term for text in texts for term in _terms(text))]))


def _with(text: str, ip: IPAddress) -> str:
    """Write a record anew so that it lets an address through: in front, where nothing can match before."""
    try:
        parse(text)
    except Malformed:
        return _text_for([ip])
    return " ".join(["v=spf1", _term(ip), *_terms(text)])
