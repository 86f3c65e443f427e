"""What `postroom doctor` says of the mail of a project: would the large receivers take it?"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Final

from postroom.cli import session
from postroom.cli.diagnosis import Diagnosis
from postroom.config import Config
from postroom.deliverability import Resolver, Verdict
from postroom.errors import UsageError
from postroom.model import Finding, Severity
from postroom.pipeline.reception import Looking, Reception, receptions

_STATES: Final = {Severity.ERROR: "wrong", Severity.WARNING: "worth knowing", Severity.INFO: "worth knowing"}
_DNS_PORT: Final = 53


def looking(sends_from: tuple[str, ...], nameserver: str | None, *, offline: bool) -> Looking:
    """Read how to look from options. Raises UsageError."""
    addresses = [_read(each, "--sends-from") for each in sends_from]
    resolver = None if offline else Resolver(*_server(nameserver))
    return Looking(resolver=resolver, addresses=tuple(addresses))


def diagnoses(config: Config, how: Looking) -> Iterator[Diagnosis]:
    """Tell what receivers would find, each thing once, and how each channel stands with each of them."""
    told: set[Finding] = set()
    for reception in receptions(config, session.secrets(config.base), how, session.now()):
        findings = reception.judgement.findings
        for each in findings:
            if each not in told:
                yield Diagnosis(state=_STATES[each.severity], what=reception.channel, detail=str(each))
        told.update(findings)
        for verdict in reception.judgement.verdicts:
            yield _of_verdict(verdict, reception)


def _of_verdict(verdict: Verdict, reception: Reception) -> Diagnosis:
    grave = {each.rule for each in reception.judgement.findings if each.severity is Severity.ERROR}
    state = "worth knowing" if verdict.broken else "well"
    if any(rule.broken_by & grave for rule in verdict.broken):
        state = "wrong"
    parts = {
        "breaks": verdict.broken,
        "keeps": verdict.kept,
        "cannot be seen from here": verdict.unseen,
    }
    detail = "; ".join(
        f"{name}: {', '.join(each.demand for each in rules)}" for name, rules in parts.items() if rules
    )
    return Diagnosis(state=state, what=f"{reception.channel} to {verdict.receiver}", detail=detail)


def _server(text: str | None) -> tuple[str | None, int]:
    """Read `192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53` or `[2001:db8::53]:5353`."""
    if text is None:
        return None, _DNS_PORT
    host, colon, port = text.rpartition(":")
    if not colon or (":" in host and not host.startswith("[")):
        host, port = text, str(_DNS_PORT)
    address = _read(host.strip("[]"), "--nameserver")
    number = int(port) if port.isascii() and port.isdigit() and len(port) <= 5 else 0
    if not 0 < number < 65536:
        raise UsageError(f"--nameserver: {port!r} is no port; write `{address}:{_DNS_PORT}`")
    return str(address), number


def _read(text: str, option: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError as error:
        raise UsageError(f"{option}: {text!r} is no IP address; write one such as `203.0.113.7`") from error
