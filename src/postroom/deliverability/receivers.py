"""What the large receivers ask of bulk senders, as data: what breaks which rule, and what nobody sees from here.

Each page was read on 2026-11-23 in a copy that others keep (github.com/azumakuniyuki/feb-2024-no-auth-no-entry), as it
stood on the day in `as_of`. Look at the page itself before you rely on a detail.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto
from typing import Final

from postroom.model import Finding


class Aspect(Enum):
    """A side of mail that can be looked at by itself."""

    SPF = auto()
    DKIM = auto()
    DMARC = auto()
    ALIGNMENT = auto()
    PTR = auto()
    TLS = auto()
    ONE_CLICK = auto()
    WAY_OUT = auto()
    ANSWERS = auto()
    SENDER = auto()


BREAKING: Final[Mapping[Aspect, frozenset[str]]] = {
    Aspect.SPF: frozenset({
        "spf-missing", "spf-many", "spf-syntax", "spf-lookups", "spf-voids", "spf-passes-all", "spf-address",
    }),
    Aspect.DKIM: frozenset({
        "dkim-missing", "dkim-many", "dkim-syntax", "dkim-revoked", "dkim-short", "dkim-other-key", "dkim-hash",
        "dkim-service", "dkim-foreign",
    }),
    Aspect.DMARC: frozenset({"dmarc-missing", "dmarc-many", "dmarc-syntax", "dmarc-policy"}),
    Aspect.ALIGNMENT: frozenset({"dmarc-unaligned"}),
    Aspect.PTR: frozenset({"ptr-missing", "ptr-unconfirmed"}),
    Aspect.TLS: frozenset({"tls-failed"}),
    Aspect.ONE_CLICK: frozenset({"one-click-mailto", "one-click-missing"}),
    Aspect.WAY_OUT: frozenset({"one-click-missing"}),
    Aspect.ANSWERS: frozenset({"mx-missing", "mx-null"}),
    Aspect.SENDER: frozenset({"from-gmail"}),
}  # fmt: skip
"""The rules of findings by which each aspect fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A page of a receiver, and the day on which it said so."""

    page: str
    as_of: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One demand, and the aspects it is about; none for what only people can see to."""

    receiver: str
    demand: str
    since: date
    source: Source
    aspects: tuple[Aspect, ...] = ()

    @property
    def broken_by(self) -> frozenset[str]:
        """The rules of findings that break it."""
        return frozenset().union(*(BREAKING[each] for each in self.aspects))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How mail stands with a receiver: `unseen` is what could not be looked at, or never can from here."""

    receiver: str
    broken: tuple[Rule, ...]
    kept: tuple[Rule, ...]
    unseen: tuple[Rule, ...]


_GMAIL: Final = Source(page="https://support.google.com/a/answer/81126", as_of=date(2026, 3, 11))
_GMAIL_FAQ: Final = Source(page="https://support.google.com/a/answer/14229414", as_of=date(2026, 3, 11))
_YAHOO: Final = Source(page="https://senders.yahooinc.com/best-practices/", as_of=date(2025, 4, 10))
_MICROSOFT: Final = Source(
    page="https://techcommunity.microsoft.com (Defender for Office 365 Blog, 2025-04-02): Strengthening Email "
    "Ecosystem: "
    "Outlook's New Requirements for High-Volume Senders",
    as_of=date(2025, 8, 2),
)
_FEBRUARY: Final = date(2024, 2, 1)
_JUNE: Final = date(2024, 6, 1)
_MAY: Final = date(2025, 5, 5)


def _rule(receiver: str, since: date, source: Source, demand: str, *aspects: Aspect) -> Rule:
    return Rule(receiver=receiver, demand=demand, since=since, source=source, aspects=aspects)


RULES: Final = (
    _rule("Gmail", _FEBRUARY, _GMAIL, "SPF", Aspect.SPF),
    _rule("Gmail", _FEBRUARY, _GMAIL, "DKIM with 1024 bits or more", Aspect.DKIM),
    _rule("Gmail", _FEBRUARY, _GMAIL, "a DMARC policy (p=none is enough)", Aspect.DMARC),
    _rule("Gmail", _FEBRUARY, _GMAIL, "From aligned with SPF or DKIM", Aspect.ALIGNMENT),
    _rule("Gmail", _FEBRUARY, _GMAIL, "a name (PTR) that leads back to the address", Aspect.PTR),
    _rule("Gmail", _FEBRUARY, _GMAIL, "TLS (seen up to your server)", Aspect.TLS),
    _rule("Gmail", _FEBRUARY, _GMAIL, "no From at gmail.com from elsewhere", Aspect.SENDER),
    _rule("Gmail", _JUNE, _GMAIL_FAQ, "one-click unsubscribe by https (RFC 8058)", Aspect.ONE_CLICK),
    _rule("Gmail", _JUNE, _GMAIL_FAQ, "who leaves gets nothing after 48 hours"),
    _rule("Gmail", _FEBRUARY, _GMAIL_FAQ, "complaints below 0.3 % (better 0.1 %)"),
    _rule("Yahoo", _FEBRUARY, _YAHOO, "SPF", Aspect.SPF),
    _rule("Yahoo", _FEBRUARY, _YAHOO, "DKIM with 1024 bits or more", Aspect.DKIM),
    _rule("Yahoo", _FEBRUARY, _YAHOO, "a DMARC policy (p=none is enough)", Aspect.DMARC),
    _rule("Yahoo", _FEBRUARY, _YAHOO, "From aligned with SPF or DKIM", Aspect.ALIGNMENT),
    _rule("Yahoo", _FEBRUARY, _YAHOO, "a name (PTR) that leads back to the address", Aspect.PTR),
    _rule("Yahoo", _JUNE, _YAHOO, "List-Unsubscribe by https or by mail", Aspect.WAY_OUT),
    _rule("Yahoo", _JUNE, _YAHOO, "who leaves gets nothing after 2 days"),
    _rule("Yahoo", _FEBRUARY, _YAHOO, "complaints below 0.3 %"),
    _rule("Microsoft", _MAY, _MICROSOFT, "SPF", Aspect.SPF),
    _rule("Microsoft", _MAY, _MICROSOFT, "DKIM", Aspect.DKIM),
    _rule("Microsoft", _MAY, _MICROSOFT, "an aligned DMARC policy (p=none is enough)", Aspect.DMARC, Aspect.ALIGNMENT),
    _rule("Microsoft", _MAY, _MICROSOFT, "a sender that can get answers (recommended)", Aspect.ANSWERS),
    _rule("Microsoft", _MAY, _MICROSOFT, "a way out that works (recommended)", Aspect.WAY_OUT),
    _rule("Microsoft", _MAY, _MICROSOFT, "addresses that bounce are taken out (recommended)"),
)  # fmt: skip
"""For bulk senders: 5,000 mails a day to Gmail, or to Microsoft's consumer domains; Yahoo names no number."""

RECEIVERS: Final = tuple(dict.fromkeys(each.receiver for each in RULES))


def verdicts(findings: Iterable[Finding], seen: frozenset[Aspect]) -> tuple[Verdict, ...]:
    """Say for each receiver which of its rules the findings break; what is not among `seen` is not taken for kept."""
    rules = frozenset(each.rule for each in findings)
    return tuple(_verdict(receiver, rules, seen) for receiver in RECEIVERS)


def _verdict(receiver: str, found: frozenset[str], seen: frozenset[Aspect]) -> Verdict:
    rules = [each for each in RULES if each.receiver == receiver]
    whole = [each for each in rules if not each.broken_by & found]
    kept = [each for each in whole if each.aspects and seen.issuperset(each.aspects)]
    return Verdict(
        receiver=receiver,
        broken=tuple(each for each in rules if each.broken_by & found),
        kept=tuple(kept),
        unseen=tuple(each for each in whole if each not in kept),
    )
