"""May this address send for this domain? `check_host` of RFC 7208 §4, over any `Lookup`.

It counts what it costs, for a receiver gives up after ten look-ups, or two that find nothing (§4.6.4).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from postroom.deliverability.lookup import Absent, Failed, Found, Kind, Lookup
from postroom.deliverability.spf_macros import Asked, IPAddress, expand
from postroom.deliverability.spf_terms import Mechanism, Record, is_record, parse
from postroom.deliverability.tags import Malformed

_MAX_NAMES: Final = 10  # of MX, and of PTR that are looked at (RFC 7208 §4.6.4)
_LABEL: Final = re.compile(r"[^.]{1,63}")
_HOSTLIKE: Final = re.compile(r"(?!\[)[ -~]{1,253}")


class Result(StrEnum):
    """How a check ends (RFC 7208 §2.6)."""

    NONE = "none"
    NEUTRAL = "neutral"
    PASS = "pass"  # noqa: S105  # not a word to log in with
    FAIL = "fail"
    SOFTFAIL = "softfail"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


_ENDS: Final = {"+": Result.PASS, "-": Result.FAIL, "~": Result.SOFTFAIL, "?": Result.NEUTRAL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many look-ups a receiver makes, and how many of them may find nothing."""

    lookups: int = 10
    voids: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """How a check ended, why, and by which term. `records` are those that were read, each with its domain."""

    result: Result
    why: str
    term: str
    lookups: int
    voids: tuple[str, ...]
    records: tuple[tuple[str, Record], ...]


class _Stop(Exception):
    """The check ends here, whatever else the record says."""

    def __init__(self, result: Result, why: str) -> None:
        super().__init__(why)
        self.result, self.why = result, why


def check_host(asked: Asked, lookup: Lookup, limits: Limits | None = None) -> Checked:
    """Check whether an address may send for the domain of MAIL FROM (of HELO where that is empty)."""
    mapped = getattr(asked.ip, "ipv4_mapped", None)
    if mapped is not None:
        asked = Asked(ip=mapped, sender=asked.sender, helo=asked.helo)
    run = _Run(asked, lookup, limits or Limits())
    try:
        result, why = run.host(asked.sender_domain)
    except _Stop as stop:
        result, why = stop.result, stop.why
    return Checked(
        result=result,
        why=why,
        term=run.term,
        lookups=run.lookups,
        voids=tuple(run.voids),
        records=tuple(run.records),
    )


class _Run:
    """One check. `term` is what decided last."""

    def __init__(self, asked: Asked, lookup: Lookup, limits: Limits) -> None:
        self._asked, self._lookup, self._limits = asked, lookup, limits
        self.lookups = 0
        self.voids: list[str] = []
        self.records: list[tuple[str, Record]] = []
        self.term = ""

    def host(self, domain: str) -> tuple[Result, str]:
        """Check a domain (RFC 7208 §4.3 to §4.7)."""
        if not _is_name(domain) or "." not in domain.strip("."):
            return Result.NONE, f"{domain!r} is no domain that could have a record"
        record = self._record(domain)
        if record is None:
            return Result.NONE, f"{domain} has no SPF record"
        for mechanism in record.mechanisms:
            if self._matches(mechanism, domain):
                self.term = mechanism.text
                return _ENDS[mechanism.qualifier], f"`{mechanism.text}` of {domain}"
        if record.redirect is None:
            return Result.NEUTRAL, f"nothing in the record of {domain} matches"
        return self._redirected(record.redirect, domain)

    def _record(self, domain: str) -> Record | None:
        texts = [each for each in self._ask(domain, "TXT") if is_record(each)]
        if len(texts) > 1:
            raise _Stop(Result.PERMERROR, f"{domain} has {len(texts)} SPF records, and one is allowed")
        try:
            record = parse(texts[0]) if texts else None
        except Malformed as fault:
            raise _Stop(Result.PERMERROR, f"the record of {domain} cannot be read: {fault}") from fault
        if record is not None:
            self.records.append((domain, record))
        return record

    def _redirected(self, target: str, domain: str) -> tuple[Result, str]:
        self._count(f"redirect={target}")
        name = self._expanded(target, domain)
        result, why = self.host(name)
        if result is Result.NONE:
            raise _Stop(Result.PERMERROR, f"`redirect={target}` of {domain} leads to no record: {why}")
        return result, why

    def _matches(self, mechanism: Mechanism, domain: str) -> bool:
        if mechanism.name == "all":
            return True
        if mechanism.network is not None:
            return self._asked.ip in mechanism.network
        self._count(mechanism.text)
        target = self._expanded(mechanism.target, domain) if mechanism.target else domain
        if mechanism.name == "include":
            return self._included(target, mechanism)
        if mechanism.name == "ptr":
            return any(_is_below(name, target) for name in self._own_names())
        return any(self._is_met(each, mechanism) for each in self._hosts(target, mechanism))

    def _hosts(self, target: str, mechanism: Mechanism) -> Iterator[tuple[str, ...]]:
        """Look up the addresses that `a`, `exists` or `mx` is about."""
        if mechanism.name == "mx":
            yield from self._exchanges(target)
        else:
            yield self._ask(target, "A" if mechanism.name == "exists" else self._kind, counts=True)

    def _is_met(self, addresses: tuple[str, ...], mechanism: Mechanism) -> bool:
        return bool(addresses) if mechanism.name == "exists" else self._is_near(addresses, mechanism)

    def _included(self, target: str, mechanism: Mechanism) -> bool:
        result, why = self.host(target)
        if result is Result.NONE:
            raise _Stop(Result.PERMERROR, f"`{mechanism.text}` leads to no record: {why}")
        return result is Result.PASS

    def _exchanges(self, target: str) -> Iterator[tuple[str, ...]]:
        hosts = [each.partition(" ")[2] for each in self._ask(target, "MX", counts=True)]
        if len(hosts) > _MAX_NAMES:
            raise _Stop(Result.PERMERROR, f"{target} has {len(hosts)} MX records; SPF looks at {_MAX_NAMES}")
        for host in hosts:
            yield self._ask(host, self._kind)

    def _own_names(self) -> list[str]:
        """Find the names of the address that lead back to it; a look-up that fails finds none (RFC 7208 §5.5)."""
        answer = self._lookup(self._asked.ip.reverse_pointer, "PTR")
        names = answer.values[:_MAX_NAMES] if isinstance(answer, Found) else ()
        return [name for name in names if _is_name(name) and self._leads_back(name)]

    def _leads_back(self, name: str) -> bool:
        answer = self._lookup(name, self._kind)
        return isinstance(answer, Found) and any(address_of(each) == self._asked.ip for each in answer.values)

    def _own_name(self, domain: str) -> str:
        """Choose the value of `%{p}` (RFC 7208 §7.3)."""
        names = self._own_names()
        exact = [name for name in names if name.lower() == domain.lower()]
        below = [name for name in names if _is_below(name, domain)]
        return next(iter([*exact, *below, *names]), "unknown")

    def _expanded(self, target: str, domain: str) -> str:
        return expand(target, self._asked, domain, lambda: self._own_name(domain))

    def _is_near(self, addresses: tuple[str, ...], mechanism: Mechanism) -> bool:
        ip = self._asked.ip
        length = mechanism.four if ip.version == 4 else mechanism.six
        found = (
            each for each in map(address_of, addresses) if each is not None and each.version == ip.version
        )
        return any(ip in ipaddress.ip_network((each, length), strict=False) for each in found)

    @property
    def _kind(self) -> Kind:
        return "A" if self._asked.ip.version == 4 else "AAAA"

    def _count(self, term: str) -> None:
        self.lookups += 1
        if self.lookups > self._limits.lookups:
            raise _Stop(Result.PERMERROR, f"`{term}` is more than {self._limits.lookups} look-ups")

    def _ask(self, name: str, kind: Kind, *, counts: bool = False) -> tuple[str, ...]:
        """Return what there is, and note an answer that `counts` and holds nothing."""
        answer = self._lookup(name, kind) if _is_name(name) else Absent()
        match answer:
            case Found(values=values):
                return values
            case Failed(why=why):
                raise _Stop(Result.TEMPERROR, f"{kind} of {name}: {why}")
        if counts:
            self.voids.append(f"{kind} of {name}")
            if len(self.voids) > self._limits.voids:
                raise _Stop(Result.PERMERROR, f"more than {self._limits.voids} look-ups find nothing")
        return ()


def _is_name(name: str) -> bool:
    """Say whether the DNS can be asked about a name at all."""
    labels = name.removesuffix(".").split(".")
    return bool(_HOSTLIKE.fullmatch(name)) and all(map(_LABEL.fullmatch, labels))


def _is_below(name: str, domain: str) -> bool:
    return f".{name.lower()}".endswith(f".{domain.lower().removesuffix('.')}")


def address_of(text: str) -> IPAddress | None:
    """Read an address; None where it is none."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
