"""The DMARC policy of From's domain, and whether what is verified speaks for it (RFC 7489; RFC 9989 follows it)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from postroom.deliverability.lookup import Failed, Found, Lookup
from postroom.deliverability.organisation import is_aligned, organisation
from postroom.deliverability.place import Place, record
from postroom.deliverability.tags import Malformed, parse
from postroom.model import Finding

_RECORD: Final = re.compile(r"v[ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_NEARLY: Final = re.compile(r"\W*v\W*dmarc", re.IGNORECASE)
UNSEEN: Final = "alignment-unseen"
"""The rule where only a provider, if anybody, speaks for From."""

_POLICIES: Final = ("none", "quarantine", "reject")
_MODES: Final = ("r", "s")
_MAILTO: Final = re.compile(
    r"mailto:[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@(?P<domain>[A-Za-z0-9.-]+\.[A-Za-z0-9-]+)(?:![0-9]+[kmgt]?)?",
    re.IGNORECASE,
)
_MAX_REPORTS: Final = 10
"""Of so many addresses for reports it is asked whether they want them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a domain asks of receivers. `is_strict_…`: only the very domain of From is aligned."""

    domain: str
    is_strict_dkim: bool = False
    is_strict_spf: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """The policy that holds for From, None where there is none or it could not be asked for, and what is wrong."""

    policy: Policy | None
    findings: tuple[Finding, ...]


def inspect(sender: str, lookup: Lookup, place: Place) -> Inspection:
    """Find and judge the policy for a domain of From: its own, else its organisation's (RFC 7489 §6.6.3)."""
    near = ""
    for domain in dict.fromkeys((sender, organisation(sender))):
        name = f"_dmarc.{domain}"
        answer = lookup(name, "TXT")
        if isinstance(answer, Failed):
            return Inspection(policy=None, findings=(place.unanswered(name, "TXT", answer),))
        texts = [each for each in answer.values if _RECORD.match(each)] if isinstance(answer, Found) else []
        if len(texts) > 1:
            finding = place.error(
                "dmarc-many",
                f"{name} has {len(texts)} DMARC records, and receivers then heed "
                "none (RFC 7489 §6.6.3); leave one",
            )
            return Inspection(policy=None, findings=(finding,))
        if texts:
            return _judged(texts[0], domain, lookup, place)
        if isinstance(answer, Found):
            near = near or next((each for each in answer.values if _NEARLY.match(each)), "")
    cure = _cure(organisation(sender))
    there = f" that begins with `v=DMARC1;`, exactly so ({near[:40]!r} does not)" if near else ""
    missing = place.error("dmarc-missing", f"{sender} has no DMARC record{there}; publish {cure}")
    return Inspection(policy=None, findings=(missing,))


def alignment(
    policy: Policy | None, sender: str, return_path: str, signing: Sequence[str], place: Place
) -> Iterator[Finding]:
    """Judge whether SPF (by the domain of MAIL FROM) or DKIM (by d=) speaks for From; without a policy, relaxed.

    `signing` are the domains that mail is signed with here; a provider may sign, too, which nobody sees from here.
    """
    rules = policy or Policy(domain=sender)
    by_spf = is_aligned(return_path, sender, strict=rules.is_strict_spf)
    by_dkim = any(is_aligned(each, sender, strict=rules.is_strict_dkim) for each in signing)
    provider = (
        "that your provider signs with d= of it (the header DKIM-Signature of a received mail shows it)"
    )
    if not by_spf and signing and not by_dkim:
        yield place.error(
            "dmarc-unaligned",
            f"From is of {sender}, bounces go to {return_path}, and signatures are of "
            f"{', '.join(dict.fromkeys(signing))}: nothing that is verified speaks for From, so DMARC "
            f"fails; sign with `domain: {sender}`, or set return_path to an address there",
        )
    elif not by_spf and not signing:
        yield place.warning(
            UNSEEN,
            f"bounces go to {return_path}, which does not speak for {sender}, and "
            "nothing is signed here; DMARC fails unless your provider signs: name a key under "
            f"`dkim:`, or see to it {provider}",
        )
    elif not by_spf:
        yield place.info(
            "spf-unaligned",
            f"bounces go to {return_path}, which does not speak for {sender}; DKIM "
            "alone carries DMARC, which a relay can break",
        )
    elif not signing:
        yield place.warning(
            "dkim-unseen",
            f"nothing is signed here, and bulk senders have to sign with d={sender}: "
            f"name a key under `dkim:`, or see to it {provider}",
        )
    elif not by_dkim:
        yield place.warning(
            "dkim-unaligned",
            f"no signature is of {sender}, so SPF alone carries DMARC, which every "
            f"forwarding breaks; sign with `domain: {sender}`",
        )


def _judged(text: str, domain: str, lookup: Lookup, place: Place) -> Inspection:
    try:
        tags = parse(text)
    except Malformed as fault:
        cure = _cure(domain)
        finding = place.error(
            "dmarc-syntax", f"the DMARC record at _dmarc.{domain} cannot be read: {fault}; publish {cure}"
        )
        return Inspection(policy=None, findings=(finding,))
    policy = Policy(
        domain=domain,
        is_strict_dkim=tags.get("adkim", "").lower() == "s",
        is_strict_spf=tags.get("aspf", "").lower() == "s",
    )
    findings = (*_values(tags, domain, place), *_reports(tags, domain, lookup, place))
    return Inspection(policy=policy, findings=findings)


def _values(tags: Mapping[str, str], domain: str, place: Place) -> Iterator[Finding]:
    name = f"_dmarc.{domain}"
    for tag in ("p", "sp"):
        value = tags.get(tag)
        if value is None and tag == "p":
            yield place.error(
                "dmarc-policy",
                f"{name} has no p=, the policy; receivers want at least p=none: publish {_cure(domain)}",
            )
        elif value is not None and value.lower() not in _POLICIES:
            yield place.error(
                "dmarc-policy",
                f"{name} says {tag}={value[:30]}; there are {', '.join(_POLICIES)}: write one of them",
            )
    for tag in ("adkim", "aspf"):
        if (value := tags.get(tag, "r")).lower() not in _MODES:
            yield place.warning(
                "dmarc-value",
                f"{name} says {tag}={value[:30]}; there are r (relaxed) and s (strict), "
                "and receivers take it for r",
            )
    percent = tags.get("pct", "100")
    if not (percent.isascii() and percent.isdigit() and int(percent[:4]) <= 100):
        yield place.warning(
            "dmarc-value",
            f"{name} says pct={percent[:30]}; write a number up to 100, or take it out: "
            "RFC 9989 knows pct= no more",
        )


def _reports(tags: Mapping[str, str], domain: str, lookup: Lookup, place: Place) -> Iterator[Finding]:
    """Judge where reports go (RFC 7489 §6.2): at another organisation only to who says it wants them (§7.1)."""
    name = f"_dmarc.{domain}"
    if not tags.get("rua"):
        yield place.info(
            "dmarc-no-reports",
            f"{name} asks for no reports; with rua=mailto:dmarc@{domain} you would "
            "see who sends in your name, and what of it fails",
        )
        return
    asked: set[str] = set()
    for uri in (each.strip() for each in tags["rua"].split(",")):
        found = _MAILTO.fullmatch(uri)
        if found is None:
            yield place.warning(
                "dmarc-reports",
                f"{name} sends reports to {uri[:60]!r}, which is no such address: "
                f"write rua=mailto:dmarc@{domain}, several with commas between",
            )
        elif organisation(found["domain"]) != organisation(domain) and len(asked) < _MAX_REPORTS:
            asked.add(found["domain"].lower())
    for other in sorted(asked):
        yield from _wanted(f"{domain}._report._dmarc.{other}", other, lookup, place)


def _wanted(name: str, other: str, lookup: Lookup, place: Place) -> Iterator[Finding]:
    answer = lookup(name, "TXT")
    if isinstance(answer, Failed):
        yield place.unanswered(name, "TXT", answer)
    elif not isinstance(answer, Found) or not any(map(_RECORD.match, answer.values)):
        yield place.warning(
            "dmarc-reports",
            f"{other} does not say that it wants your reports, so none are sent: its "
            f"owner publishes {record(name, 'TXT', 'v=DMARC1')}, or name an address of yours in "
            "rua=",
        )


def _cure(domain: str) -> str:
    return record(f"_dmarc.{domain}", "TXT", f"v=DMARC1; p=none; rua=mailto:dmarc@{domain}")
