"""What in the ledger needs a person, in sentences that name the cure."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from postroom.config import Config
from postroom.outbox.backlogs import Backlog
from postroom.outbox.pauses import Pause


def is_orphaned(backlog: Backlog, config: Config) -> bool:
    """Say whether deliveries wait for a transport that config.yaml does not have, by name and kind."""
    entry = config.transports.get(backlog.transport)
    return entry is None or entry.kind != backlog.kind


def told_backlog(backlog: Backlog, config: Config) -> str:
    """Say what waits in a transport until when and why, and what a person can do about it."""
    number = f"{backlog.queued} deliveries wait" if backlog.queued != 1 else "1 delivery waits"
    name = backlog.transport
    if is_orphaned(backlog, config):
        return (
            f"{number} for {name} ({backlog.kind}), which config.yaml does not have any more; bring it back, "
            "or withdraw the editions with `postroom outbox cancel EDITION`"
        )
    moment = backlog.until and backlog.until.astimezone(ZoneInfo(config.publication.timezone))
    until = f" until {moment:%Y-%m-%d %H:%M}" if moment else ""
    cure = f"; `postroom outbox release {name}` lets it try at once" if backlog.is_paused else ""
    return f"{number} in {name}{until}, none is lost: {backlog.reason or 'not tried yet'}{cure}"


def told_pause(pause: Pause, config: Config) -> str:
    """Say that a transport rests, until when, why, and how to wake it."""
    moment = pause.until and pause.until.astimezone(ZoneInfo(config.publication.timezone))
    until = f" until {moment:%Y-%m-%d %H:%M}" if moment else ""
    name = pause.transport
    return f"{name} rests{until}: {pause.reason}; `postroom outbox release {name}` tries at once"


def unsettled(failed: int, uncertain: int) -> Iterator[str]:
    """Say what would settle deliveries that failed, or of which nobody knows whether they went out."""
    if failed:
        yield (
            f"{_deliveries(failed)} failed: `postroom outbox list --state failed` says why, "
            "`postroom outbox retry EDITION` tries again"
        )
    if uncertain:
        yield (
            f"{_deliveries(uncertain)} may have gone out: `postroom outbox list --state uncertain` has the numbers, "
            "`postroom outbox resolve NUMBER` settles each, `postroom outbox retry EDITION --uncertain` sends "
            "all again"
        )


def _deliveries(number: int) -> str:
    return "1 delivery" if number == 1 else f"{number:,} deliveries"
