"""What `postroom run --once` tells: what went out, what waits, what needs a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from zoneinfo import ZoneInfo

from rich.console import Console

from postroom.cli import console
from postroom.cli.console import plural
from postroom.cli.plan import print_plan
from postroom.cli.worries import is_orphaned, told_backlog, unsettled
from postroom.config import Config
from postroom.pipeline.once import Done


def print_report(done: Done, config: Config) -> None:
    """Print the report for people."""
    out, zone = console.out(), ZoneInfo(config.publication.timezone)
    _print_sent(done, out)
    if not done.leads:
        out.print("Another process on this ledger leads: what is new is published by that one.\n")
    print_plan([line for line in done.lines if line.state != "ready"], zone, everything=False)
    waiting = (told_backlog(each, config) for each in done.backlogs)
    left = unsettled(done.failed, done.undecided, done.uncertain, done.withdrawn)
    console.print_worries((*waiting, *_faults(done), *left))
    console.print_findings(done.findings, out)


def _print_sent(done: Done, out: Console) -> None:
    rows = [
        [
            console.state("sent"),
            console.text(row.article or "to who joins"),
            console.text(f"{row.channel} {row.variant}"),
            str(number),
            console.text(f"{row.transport} ({row.transport_kind})" if row.transport else ""),
        ]
        for row, number in done.sent
    ]
    if rows:
        out.print(console.table(["state", "article", "channel", "to", "through"], rows))
    elif done.backlogs or done.findings or not done.leads:
        out.print("Nothing went out.")
    else:
        out.print("Nothing went out: nothing new was ready.")
    out.print()


def _faults(done: Done) -> Iterator[str]:
    waiting = {each.reason for each in done.backlogs}
    for name, tally in done.tallies.items():
        for kind, reason in tally.reasons.items():
            if reason not in waiting:
                yield f"{name}: {kind}: {reason}"
    for channel, row in {row.channel: row for row, _ in done.sent}.items():
        if row.accounts.rejected:
            yield (
                f"{channel}: {plural(row.accounts.rejected, 'row')} of the audience could not be used; "
                f"`postroom outbox show {row.key}` says why"
            )
    if any(line.state == "held" and "rehearsal" in line.reason for line in done.lines):
        yield (
            "Some articles went only to a folder before; `postroom outbox rehearsed` lists them and settles it"
        )


def report_json(done: Done, config: Config) -> dict[str, object]:
    """Shape the report for machines."""
    return {
        "leads": done.leads,
        "sent": [
            {"edition": row.key, "channel": row.channel, "article": row.article, "sent": number}
            for row, number in done.sent
        ],
        "waiting": [asdict(each) | {"is_orphaned": is_orphaned(each, config)} for each in done.backlogs],
        "failed": done.failed,
        "uncertain": done.uncertain,
        "transports": {name: tally.counts() for name, tally in done.tallies.items()},
        "plan": [asdict(line) for line in done.lines],
        "findings": [asdict(finding) for finding in done.findings],
    }
