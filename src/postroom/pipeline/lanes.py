"""The transports of a project, opened for delivering."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from postroom import transports
from postroom.compose import Keys
from postroom.config import Config
from postroom.outbox import meta
from postroom.outbox.ledger import Ledger
from postroom.outbox.pace import Limits
from postroom.pipeline.lane import Clock, Lane

Secrets = Callable[[str], str]


def open_lanes(
    config: Config, ledger: Ledger, *, owner: str, clock: Clock, secrets: Secrets
) -> dict[str, Lane]:
    """Open every transport that config.yaml names; none connects before there is something to send."""
    keys = Keys(links=(ledger.write(meta.link_key),))
    lanes = {}
    for name, entry in config.transports.items():
        settings: Any = entry.settings  # each kind has its own; all inherit TransportSettings
        kind = transports.find(entry.kind)
        lanes[name] = Lane(
            name=name,
            kind=entry.kind,
            lines=tuple(kind(settings, secrets) for _ in range(settings.connections)),
            owner=owner,
            keys=keys,
            clock=clock,
            window=settings.window,
            give_up_after=settings.give_up_after,
            limits=limits_of(settings),
        )
    return lanes


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
