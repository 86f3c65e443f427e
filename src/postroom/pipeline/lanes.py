"""The transports of a project, opened for delivering."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from postroom import transports
from postroom.compose import Keys
from postroom.config import Config, TransportSettings
from postroom.outbox import meta
from postroom.outbox.ledger import Ledger
from postroom.outbox.pace import Limits
from postroom.pipeline.lane import Clock, Hold, Lane
from postroom.pipeline.signing import Secrets, signers_of
from postroom.pipeline.space import Space


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """How this process works on lanes: under which name, by which clock, with which secrets, on what disk.

    `only_rehearsals` opens none that reaches anybody.
    """

    owner: str
    clock: Clock
    secrets: Secrets
    hold: Hold
    space: Space = field(default_factory=lambda: Space(None))
    only_rehearsals: bool = False


def open_lanes(config: Config, ledger: Ledger, shift: Shift) -> dict[str, Lane]:
    """Open every transport that config.yaml names; none connects before there is something to send.

    Raises TransportError for a DKIM key that is not there, and SigningError for one that cannot sign.
    """
    key = ledger.write(meta.link_key)
    return {
        name: _open(entry, Keys(links=(key,), dkim=signers_of(config, entry, shift.secrets)), shift)
        for name, entry in config.transports.items()
        if not shift.only_rehearsals or transports.find(entry.kind).rehearsal
    }


def _open(entry: TransportSettings, keys: Keys, shift: Shift) -> Lane:
    settings: Any = entry.settings  # each kind has its own; all inherit TransportSettings
    kind = transports.find(entry.kind)
    return Lane(
        name=entry.name,
        kind=entry.kind,
        lines=tuple(kind(settings, shift.secrets) for _ in range(settings.connections)),
        owner=shift.owner,
        keys=keys,
        clock=shift.clock,
        window=settings.window,
        give_up_after=settings.give_up_after,
        limits=limits_of(settings),
        hold=shift.hold,
        space=shift.space,
    )


def limits_of(settings: Any) -> Limits:
    """Read the limits in a transport's settings; only some kinds limit single domains."""
    domains = getattr(settings, "domains", None) or {}
    return Limits(
        gap=_gap(settings.rate),
        domain_gap=_gap(getattr(settings, "domain_rate", None)),
        domains={name.lower(): gap for name, rate in domains.items() if (gap := _gap(rate)) is not None},
    )


def _gap(rate: Any) -> timedelta | None:
    """Return the time between two messages at a rate of `transports.fields`."""
    return None if rate is None else rate.span / rate.messages


def close_lanes(lanes: Mapping[str, Lane]) -> None:
    """Close every transport."""
    for lane in lanes.values():
        lane.close()
