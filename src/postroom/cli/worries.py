"""What in the ledger needs a person, in sentences that name the cure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from postroom import transports
from postroom.cli.moment import told
from postroom.config import Config
from postroom.errors import TransportError
from postroom.outbox.backlogs import Backlog
from postroom.outbox.doubts import Doubts
from postroom.outbox.failures import Failures
from postroom.outbox.pauses import Pause

_EDITIONS_NAMED = 5
"""How many editions with failures are named one by one."""


def is_orphaned(backlog: Backlog, config: Config) -> bool:
    """Say whether deliveries wait for a transport that config.yaml does not have, by name and kind."""
    entry = config.transports.get(backlog.transport)
    return entry is None or entry.kind != backlog.kind


def told_backlog(backlog: Backlog, config: Config) -> str:
    """Say what waits in a transport until when and why, and what a person can do about it."""
    number = f"{deliveries(backlog.queued)} wait{'s' if backlog.queued == 1 else ''}"
    name = backlog.transport
    if is_orphaned(backlog, config):
        cure = (
            "`postroom outbox rehearsed` lists what it was to rehearse, and settles it"
            if _was_rehearsal(backlog, config)
            else "bring it back, or withdraw the editions with `postroom outbox cancel EDITION`"
        )
        return f"{number} for {name} ({backlog.kind}), which config.yaml does not have any more; {cure}"
    until = _until(backlog.until, config)
    cure = f"; `postroom outbox resume {name}` lets it try at once" if backlog.is_paused else ""
    return f"{number} in {name}{until}, none is lost: {backlog.reason or 'not tried yet'}{cure}"


def _was_rehearsal(backlog: Backlog, config: Config) -> bool:
    """Say whether what waits was to go to a transport that sends nothing, where one of its name is real by now."""
    entry = config.transports.get(backlog.transport)
    return entry is not None and _is_rehearsal(backlog.kind) and not _is_rehearsal(entry.kind)


def _is_rehearsal(kind: str) -> bool:
    """Say whether transports of a kind send nothing; of one that is not there any more nobody knows."""
    try:
        return transports.find(kind).rehearsal
    except TransportError:
        return False


def told_pause(pause: Pause, config: Config) -> str:
    """Say that a transport rests, until when, why, and how to wake it."""
    name = pause.transport
    return f"{name} rests{_until(pause.until, config)}: {pause.reason}; `postroom outbox resume {name}` tries at once"


def unsettled(failed: int, left: Sequence[Failures], uncertain: int, withdrawn: int = 0) -> Iterator[str]:
    """Say what would settle deliveries that failed, or of which nobody knows whether they went out.

    `left` are those among the failed that are still to be decided about; `withdrawn` of the uncertain cannot be sent
    again, for their edition was cancelled, replaced or pulled.
    """
    if failed:
        nothing = "" if left else "; nothing is left to decide about them: they are suppressed, or withdrawn"
        yield f"{deliveries(failed)} failed: `postroom outbox list --state failed` says why{nothing}"
        yield from (_told_failures(each) for each in left[:_EDITIONS_NAMED])
        if len(left) > _EDITIONS_NAMED:
            yield f"… and so of {len(left) - _EDITIONS_NAMED:,} more editions"
    look = "`postroom outbox list --state uncertain` has the numbers"
    if uncertain > withdrawn:
        yield (
            f"{deliveries(uncertain - withdrawn)} may have gone out: {look}, "
            "`postroom outbox resolve NUMBER` settles each, `postroom outbox retry EDITION --uncertain` sends "
            "all again"
        )
    if withdrawn:
        yield (
            f"{deliveries(withdrawn)} of what was withdrawn may have gone out: {look}, "
            "`postroom outbox resolve NUMBER sent|cancelled` settles each; none goes out again"
        )


def _told_failures(left: Failures) -> str:
    key = left.edition
    give_up = f"cancel {key}` leaves them" if left.is_finished else "resolve NUMBER cancelled` leaves one"
    return (
        f"{deliveries(left.number)} of {key}: `postroom outbox retry {key}` tries again, "
        f"`postroom outbox {give_up} unsent"
    )


def in_doubt(doubts: Doubts) -> Iterator[str]:
    """Say what may have gone out and goes out again, or may have come twice, and what a person can do about it."""
    look = "`postroom outbox list --in-doubt` has the numbers"
    if doubts.lost:
        yield (
            f"{deliveries(doubts.lost)} may have gone out: the process that sent them has ended ({look}). The next "
            "start of `postroom run` judges them: mail goes out once more, posts wait for a person"
        )
    if doubts.again:
        yield (
            f"{deliveries(doubts.again)} may have gone out and will go out once more: {look}, `postroom outbox resolve "
            "NUMBER sent` keeps one from being repeated, `postroom outbox resolve NUMBER queued` lets it go at once"
        )
    if doubts.twice:
        yield f"{deliveries(doubts.twice)} may have come twice: {look}; nothing is left to do about them"


def deliveries(number: int) -> str:
    """Write a number of deliveries."""
    return "1 delivery" if number == 1 else f"{number:,} deliveries"


def _until(moment: datetime | None, config: Config) -> str:
    return f" until {told(moment, ZoneInfo(config.publication.timezone))}" if moment else ""
