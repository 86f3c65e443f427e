"""The transports of a project, opened for delivering."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from postroom import transports
from postroom.compose import Keys
from postroom.config import Config
from postroom.outbox import meta
from postroom.outbox.ledger import Ledger
from postroom.pipeline.lane import GIVE_UP_AFTER, WINDOW, Clock, Lane

Secrets = Callable[[str], str]


def open_lanes(
    config: Config, ledger: Ledger, *, owner: str, clock: Clock, secrets: Secrets
) -> dict[str, Lane]:
    """Open every transport that config.yaml names; none connects before there is something to send."""
    keys = Keys(links=(ledger.write(meta.link_key),))
    lanes = {}
    for name, entry in config.transports.items():
        transport = transports.find(entry.kind)(entry.settings, secrets)
        lanes[name] = Lane(
            name=name,
            kind=entry.kind,
            transport=transport,
            owner=owner,
            keys=keys,
            clock=clock,
            window=getattr(entry.settings, "window", WINDOW),
            give_up_after=getattr(entry.settings, "give_up_after", GIVE_UP_AFTER),
        )
    return lanes


def close_lanes(lanes: Mapping[str, Lane]) -> None:
    """Close every transport."""
    for lane in lanes.values():
        lane.transport.close()
