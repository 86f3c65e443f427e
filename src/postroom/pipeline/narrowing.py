"""Say what is odd about the conditions that narrow audiences to segments: nobody may be left of one."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from difflib import get_close_matches

from postroom import audience
from postroom.condition import OWN, Condition
from postroom.config import Config
from postroom.errors import AudienceError
from postroom.model import Audience, Finding, Severity
from postroom.outbox import segments
from postroom.outbox.ledger import Ledger
from postroom.outbox.segments import Segment
from postroom.pipeline.heads import condition_of


def unknown_names(only: Condition, known: Collection[str], nobody: str) -> Iterator[str]:
    """Say of each name in a condition that nobody has which it is, and which is the nearest. `nobody` begins it."""
    for name in sorted(only.names):
        if name not in known and name.split(".")[0] not in {*known, *OWN}:
            near = get_close_matches(name, sorted({*known, *OWN}), n=1)
            hint = f"; did you mean `{near[0]}`?" if near else ""
            yield f"{nobody} `{name}`, which counts as empty{hint}"


def in_files(config: Config) -> Iterator[Finding]:
    """Find names in the segments of audience files that are no column. What cannot be read is told with its channel."""
    for who in config.audiences.values():
        only = condition_of(who)
        if only is None or who.file is None:
            continue
        try:
            columns = audience.columns(who.file, who.shown)
        except AudienceError:
            continue
        for message in unknown_names(only, columns, f"{who.shown} has no column"):
            yield _finding(config, who, message)


def in_ledger(config: Config, ledger: Ledger) -> Iterator[tuple[Audience, str, tuple[str, ...]]]:
    """Tell of each segment of a list how many it has, and what is odd about it."""
    for who in config.audiences.values():
        only = condition_of(who)
        if only is None or who.list is None:
            continue
        found = segments.survey(ledger, Segment(list=who.list, only=only))
        told = f"{found.chosen:,} of {found.members:,} on the list '{who.list}'"
        yield who, told, tuple(unknown_names(only, found.names, f"nobody on the list '{who.list}' has"))


def _finding(config: Config, who: Audience, message: str) -> Finding:
    return Finding(
        rule="segment-name",
        severity=Severity.WARNING,
        file=config.path.name,
        line=who.only_line,
        message=f"audiences.{who.name}.only: {message}",
    )
