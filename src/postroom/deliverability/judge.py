"""Would the large receivers take the mail of a channel? Everything that can be looked at, put together."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from postroom.deliverability import dkim, dmarc, mx, ptr, spf, tls
from postroom.deliverability.lookup import Found, Lookup
from postroom.deliverability.organisation import organisation
from postroom.deliverability.place import UNANSWERED, Place
from postroom.deliverability.receivers import Aspect, Verdict, verdicts
from postroom.deliverability.spf_check import Result, address_of
from postroom.deliverability.spf_macros import IPAddress
from postroom.model import Finding, Severity, Unsubscribe

_GMAIL: Final = frozenset({"gmail.com", "googlemail.com"})
_GRAVEST_FIRST: Final = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
_MAX_ADDRESSES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """What a channel's mail shows of its sender.

    `sender` is the domain of From, `return_path` that of MAIL FROM; `signings` are all those of the transport. `host`
    is the server that mail is handed to; `addresses` are those that a person named as sending to receivers. `place`
    is the channel's, `server_place` its transport's.
    """

    sender: str
    return_path: str
    signings: tuple[dkim.Signing, ...]
    unsubscribe: Unsubscribe | None
    host: str
    addresses: tuple[IPAddress, ...]
    place: Place
    server_place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What was found, gravest first, and how the channel stands with each receiver."""

    findings: tuple[Finding, ...]
    verdicts: tuple[Verdict, ...]


Seen = tls.Secured | tls.Unsecured | tls.Clear


def judge(mailing: Mailing, lookup: Lookup, secured: Seen | None, now: datetime) -> Judgement:
    """Look at all there is. `secured` is what was seen of the server's TLS, None where nobody looked."""
    by_aspect = _by_aspect(mailing, lookup)
    if secured is not None:
        by_aspect[Aspect.TLS] = tuple(tls.judge(mailing.host, secured, now, mailing.server_place))
    unseen = _unseen(mailing, by_aspect)
    if isinstance(secured, tls.Clear):
        unseen.add(Aspect.TLS)
    findings = [each for found in by_aspect.values() for each in found]
    if not mailing.addresses:
        findings += _of_host(mailing, lookup)
    return Judgement(findings=ranked(findings), verdicts=verdicts(findings, frozenset(by_aspect) - unseen))


def without_network(mailing: Mailing) -> Judgement:
    """Judge what config.yaml alone tells."""
    by_aspect = _of_settings(mailing)
    findings = ranked([each for found in by_aspect.values() for each in found])
    return Judgement(findings=findings, verdicts=verdicts(findings, frozenset(by_aspect)))


def ranked(findings: list[Finding]) -> tuple[Finding, ...]:
    """Sort findings, the gravest first, each once."""
    return tuple(
        sorted(
            dict.fromkeys(findings),
            key=lambda each: (_GRAVEST_FIRST[each.severity], each.rule, each.message, each.line or 0),
        )
    )


def _by_aspect(mailing: Mailing, lookup: Lookup) -> dict[Aspect, tuple[Finding, ...]]:
    place = mailing.place
    policy = dmarc.inspect(mailing.sender, lookup, place)
    own = tuple(each for each in mailing.signings if each.signs_for(mailing.sender))
    signing = [each.domain for each in own]
    domains = dict.fromkeys((mailing.sender, mailing.return_path))
    aligned = dmarc.alignment(policy.policy, mailing.sender, mailing.return_path, signing, place)
    found = {
        Aspect.SPF: spf.inspect(mailing.return_path, mailing.addresses, lookup, place),
        Aspect.DKIM: (*_of_foreign(mailing), *dkim.inspect(own, lookup)),
        Aspect.DMARC: policy.findings,
        Aspect.ALIGNMENT: tuple(aligned),
        Aspect.PTR: tuple(each for ip in mailing.addresses for each in ptr.inspect(ip, lookup, place)),
        Aspect.ANSWERS: tuple(each for name in domains for each in mx.inspect(name, lookup, place)),
    }
    return found | _of_settings(mailing)


def _unseen(mailing: Mailing, by_aspect: Mapping[Aspect, tuple[Finding, ...]]) -> set[Aspect]:
    """Name what could not be looked at: what the DNS did not answer, what nobody named, what a provider does."""
    unseen = {aspect for aspect, found in by_aspect.items() if any(each.rule == UNANSWERED for each in found)}
    if not mailing.addresses:
        unseen |= {Aspect.SPF, Aspect.PTR}
    if not any(each.signs_for(mailing.sender) for each in mailing.signings):
        unseen.add(Aspect.DKIM)
    if Aspect.DMARC in unseen or any(each.rule == dmarc.UNSEEN for each in by_aspect[Aspect.ALIGNMENT]):
        unseen.add(Aspect.ALIGNMENT)
    return unseen


def _of_settings(mailing: Mailing) -> dict[Aspect, tuple[Finding, ...]]:
    way = tuple(_of_way_out(mailing))
    return {
        Aspect.ONE_CLICK: way,
        Aspect.WAY_OUT: way,
        Aspect.SENDER: tuple(_of_sender(mailing)),
    }


def _of_way_out(mailing: Mailing) -> Iterator[Finding]:
    way = mailing.unsubscribe
    if way is None:
        yield mailing.place.error(
            "one-click-missing", "there is no `unsubscribe`, and every large receiver asks for one"
        )
    elif not (way.web or way.url or "").startswith("https://"):
        yield mailing.place.warning(
            "one-click-mailto",
            "who leaves has to write a mail; Gmail wants one click (RFC 8058), so name a page: "
            "`unsubscribe: {url: https://…}`",
        )


def _of_foreign(mailing: Mailing) -> Iterator[Finding]:
    """Tell of keys that are all for others: then nothing is signed, and nothing goes out."""
    if mailing.signings and not any(each.signs_for(mailing.sender) for each in mailing.signings):
        others = ", ".join(dict.fromkeys(each.domain for each in mailing.signings))
        yield mailing.place.error(
            "dkim-foreign",
            f"From is of {mailing.sender}, and each key under `dkim:` is for another domain ({others}), so no mail "
            f"goes out; add a key with `domain: {mailing.sender}`",
        )


def _of_sender(mailing: Mailing) -> Iterator[Finding]:
    if mailing.sender in _GMAIL and organisation(mailing.host) not in {*_GMAIL, "google.com"}:
        yield mailing.place.error(
            "from-gmail",
            f"From is at {mailing.sender}, and {mailing.host} is no server of Google's; Gmail takes that for a "
            "forgery: send from a domain of your own",
        )


def _of_host(mailing: Mailing, lookup: Lookup) -> Iterator[Finding]:
    """Say what is not known of the address that mail comes from, and how the server would do if it sent itself."""
    ask = "name it, and doctor looks: `postroom doctor --sends-from 203.0.113.7`"
    addresses = [each for each in _addresses(mailing.host, lookup) if each.is_global]
    if not addresses:
        yield mailing.server_place.info(
            "sending-address", f"from which address {mailing.host} sends on cannot be seen from here; {ask}"
        )
    for ip in addresses:
        checked = spf.passes(mailing.return_path, ip, lookup)
        if checked.result not in (Result.PASS, Result.TEMPERROR):
            yield mailing.server_place.info(
                "sending-address",
                f"{mailing.host} ({ip}) does not pass the SPF record of {mailing.return_path} "
                f"({checked.result}), which is right only if it sends on from another address; {ask}",
            )


def _addresses(host: str, lookup: Lookup) -> list[IPAddress]:
    try:
        return [ipaddress.ip_address(host.strip("[]"))]
    except ValueError:
        answers = [lookup(host, "A"), lookup(host, "AAAA")]
    values = [each for answer in answers if isinstance(answer, Found) for each in answer.values]
    return [address for each in values[:_MAX_ADDRESSES] if (address := address_of(each)) is not None]
