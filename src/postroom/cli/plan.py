"""`postroom plan`: what goes out when, to how many, and why the rest does not."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

import click
from rich.console import Console
from rich.padding import Padding

from postroom.cli import console, session
from postroom.cli.moment import MOMENT, told
from postroom.pipeline.plan import PlanLine, by_state, plan


@click.command()
@click.option("--at", type=MOMENT, metavar="TIME", help="As if it were TIME, e.g. '2026-12-01 09:00'.")
@click.option("--all", "everything", is_flag=True, help="Also list what was published already.")
@console.json_option
@click.pass_obj
def command(config: Path, at: datetime | None, everything: bool, as_json: bool) -> None:
    """Say what goes out when, to how many, and why the rest does not. Sends nothing."""
    project = session.load(config)
    zone = ZoneInfo(project.config.publication.timezone)
    now = session.in_zone(at, zone) or session.now()
    session.refuse_lost(project)
    with session.ledger_if_any(project) as ledger, console.progress("Reading") as progress:
        lines = plan(project, ledger, session.read_history(ledger), now, progress)
    if as_json:
        console.print_json([asdict(line) for line in lines])
    else:
        print_plan(lines, zone, everything=everything)


WIDE = 120
"""Columns of a terminal from which a plan is a table: in less, what people copy would be folded."""


def print_plan(lines: list[PlanLine], zone: ZoneInfo, *, everything: bool) -> None:
    """Print a plan as a table a state, on a narrow terminal as a block an article."""
    out = console.out()
    for state, group in by_state(lines):
        if state == "published" and not everything:
            out.print(f"[dim]{len(group)} in the outbox already; `postroom plan --all` lists them[/]")
            continue
        rows = [_row(lines, zone) for lines in _alike(group)]
        if out.width < WIDE:
            _print_blocks(out, rows)
        else:
            out.print(console.table(["state", "article", "channel", "when", "to", "why"], rows))
        out.print()
    if not lines:
        out.print("No articles yet. `postroom init` makes a project with one.")


def _print_blocks(out: Console, rows: list[list[str]]) -> None:
    """Print the state and name of each article in a line of its own, and below it a line a channel."""
    for (state, article), group in groupby(rows, key=lambda row: (row[0], row[1])):
        out.print(f"{state}  {article}", soft_wrap=True)
        for _, _, where, when, number, why in group:
            head = ", ".join(each for each in (where, when, number and f"to {number}") if each)
            out.print(Padding(f"{head}: {why}" if head else why, (0, 0, 0, 4), expand=False))


def _alike(lines: list[PlanLine]) -> list[list[PlanLine]]:
    """Gather the variants of an article on a channel that share their fate."""

    def fate(line: PlanLine) -> tuple[object, ...]:
        return line.article, line.channel, line.at, line.reason

    return [list(group) for _, group in groupby(lines, key=fate)]


def _row(lines: list[PlanLine], zone: ZoneInfo) -> list[str]:
    line = lines[0]
    where = f"{line.channel} {', '.join(each.variant for each in lines)}".strip()
    when = told(line.at, zone) if line.at else ""
    number = "" if line.recipients is None else str(line.recipients)
    cells = [line.article, where, when, number, line.reason]
    return [console.state(line.state), *(console.text(cell) for cell in cells)]
