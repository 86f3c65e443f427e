"""The grammar of an SPF record (RFC 7208 §12): text in, terms out."""

from __future__ import annotations

import ipaddress
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeAlias

from postroom.deliverability.tags import Malformed

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_VERSION: Final = re.compile(r"v=spf1(?: |\Z)", re.IGNORECASE)
_MODIFIER: Final = re.compile(r"([A-Za-z][A-Za-z0-9._-]*)=(.*)", re.DOTALL)
_DIRECTIVE: Final = re.compile(r"([+?~-]?)([A-Za-z][A-Za-z0-9._-]*)(.*)", re.DOTALL)
_LENGTHS: Final = re.compile(
    r"(?P<rest>.*?)(?:/(?P<four>0|[1-9][0-9]?))?(?://(?P<six>0|[1-9][0-9]{0,2}))?", re.DOTALL
)
_FOUR: Final = re.compile(r"[0-9.]+(?:/(?:0|[1-9][0-9]?))?")
_SIX: Final = re.compile(r"[0-9A-Fa-f:.]+(?:/(?:0|[1-9][0-9]{0,2}))?")
_MACRO: Final = re.compile(
    r"%(?:\{(?P<letter>[slodiphv])(?P<digits>(?:0*[1-9][0-9]{0,8})?)(?P<reverse>r?)(?P<cuts>[.+,/_=-]*)\}|[%_-])",
    re.IGNORECASE,
)
_TOKEN: Final = re.compile(rf"{_MACRO.pattern}|[!-$&-~]", re.IGNORECASE)
_LABEL: Final = re.compile(r"(?![0-9]+\Z)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")

NAMED: Final = ("all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists")
_WITH_TARGET: Final = frozenset({"include", "exists"})
_WITH_LENGTHS: Final = frozenset({"a", "mx"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mechanism:
    """One term that may match. `target` is a domain with its macros, empty for the domain itself.

    `network` is that of `ip4` and `ip6`; `four` and `six` are the prefix lengths of `a` and `mx`.
    """

    text: str
    qualifier: str
    name: str
    target: str = ""
    network: Network | None = None
    four: int = 32
    six: int = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An SPF record without faults."""

    mechanisms: tuple[Mechanism, ...]
    redirect: str | None = None

    @property
    def beyond_all(self) -> tuple[Mechanism, ...]:
        """The mechanisms after `all`, which nobody looks at."""
        names = [each.name for each in self.mechanisms]
        return self.mechanisms[names.index("all") + 1 :] if "all" in names else ()


def is_record(text: str) -> bool:
    """Say whether a TXT record is one of SPF, however faulty (RFC 7208 §4.5)."""
    return _VERSION.match(text) is not None


def parse(text: str) -> Record:
    """Read an SPF record. Raises Malformed, which names the term."""
    mechanisms: list[Mechanism] = []
    modifiers: dict[str, str] = {}
    for term in filter(None, text[len("v=spf1") :].split(" ")):
        modifier = _MODIFIER.fullmatch(term)
        if modifier is None:
            mechanisms.append(_mechanism(term))
            continue
        name = modifier[1].lower()
        if name in ("redirect", "exp"):
            if name in modifiers:
                raise Malformed(f"{name}= stands there twice; keep one")
            modifiers[name] = _domain(modifier[2], term)
        else:
            _tokens(modifier[2], term)
    return Record(mechanisms=tuple(mechanisms), redirect=modifiers.get("redirect"))


def macros(text: str) -> list[re.Match[str]]:
    """Take a domain with macros apart, into macros and single characters."""
    return list(_TOKEN.finditer(text))


def _mechanism(term: str) -> Mechanism:
    found = _DIRECTIVE.fullmatch(term)
    if found is None:
        raise Malformed(f"{_shown(term)} is no term of SPF")
    qualifier, name, rest = found[1] or "+", found[2].lower(), found[3]
    if name not in NAMED:
        raise Malformed(f"{_shown(term)} is no mechanism; there are {', '.join(NAMED)}")
    if name in ("ip4", "ip6"):
        return Mechanism(text=term, qualifier=qualifier, name=name, network=_network(name, rest, term))
    four = six = None
    if name in _WITH_LENGTHS and (lengths := _LENGTHS.fullmatch(rest)) is not None:
        rest, four, six = lengths["rest"], lengths["four"], lengths["six"]
    return Mechanism(
        text=term,
        qualifier=qualifier,
        name=name,
        target=_target(name, rest, term),
        four=_length(four, 32, term),
        six=_length(six, 128, term),
    )


def _target(name: str, rest: str, term: str) -> str:
    """Read what follows a mechanism's name: a colon and a domain, where it may or must have one."""
    if not rest and name not in _WITH_TARGET:
        return ""
    if name == "all" or not rest.startswith(":"):
        wanted = "nothing after it" if name == "all" else "a colon and a domain after it"
        raise Malformed(f"{_shown(term)}: `{name}` wants {wanted}")
    return _domain(rest[1:], term)


def _length(digits: str | None, most: int, term: str) -> int:
    if digits is None:
        return most
    if int(digits) > most:
        raise Malformed(f"{_shown(term)}: the prefix is longer than {most} bits")
    return int(digits)


def _network(name: str, rest: str, term: str) -> Network:
    """Read `:192.0.2.0/24`; bits beyond the prefix do not count."""
    shape, kind = (_FOUR, ipaddress.IPv4Network) if name == "ip4" else (_SIX, ipaddress.IPv6Network)
    if rest.startswith(":") and shape.fullmatch(rest[1:]):
        with suppress(ValueError):
            return kind(rest[1:], strict=False)
    example = "ip4:192.0.2.0/24" if name == "ip4" else "ip6:2001:db8::/32"
    raise Malformed(f"{_shown(term)} is no {name}; write it as `{example}`")


def _domain(text: str, term: str) -> str:
    """Check a domain-spec: it ends in a macro, or in a dot and a label that is no number (RFC 7208 §7.1)."""
    tokens = _tokens(text, term)
    if tokens and tokens[-1].startswith("%"):
        return text
    _, dot, label = text.removesuffix(".").rpartition(".")
    if not dot or not _LABEL.fullmatch(label):
        raise Malformed(f"{_shown(term)}: {_shown(text)} is no domain")
    return text


def _tokens(text: str, term: str) -> list[str]:
    tokens = [each[0] for each in _TOKEN.finditer(text)]
    if sum(map(len, tokens)) != len(text):
        raise Malformed(f"{_shown(term)} holds a character or a macro that SPF does not know")
    return tokens


def _shown(term: str) -> str:
    return f"`{term[:60]}…`" if len(term) > 60 else f"`{term}`"
