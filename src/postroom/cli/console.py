"""How answers look: tables for people, JSON for machines, progress on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from postroom.model import DeliveryState, Finding, Severity, visible

STATE_STYLES = {
    "ready": "green",
    "sent": "green",
    "finished": "green",
    "open": "cyan",
    "waiting": "cyan",
    "published": "dim",
    "held": "yellow",
    "blocked": "magenta",
    "uncertain": "yellow",
    "failed": "red",
    "cancelled": "dim",
    "rehearsed": "dim",
}
"""One colour for one state, everywhere."""

_SEVERITY_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "dim"}

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")


def out() -> Console:
    """Open the console for answers (stdout); wide when it is no terminal, so that nothing is cut."""
    return Console(highlight=False, soft_wrap=False, width=None if sys.stdout.isatty() else 200)


def print_json(value: object) -> None:
    """Print a value as JSON, moments as RFC 3339."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


_NUMBERS = {"to", "read", "line", "bounced", "complained", "left", *(state.value for state in DeliveryState)}
_WHOLE = {"state", "edition", "when", "date", *_NUMBERS}
"""Columns that are never folded: what people copy, and numbers."""


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], title: str | None = None) -> Table:
    """Lay rows out under quiet headings; texts are taken as they are, never as markup."""
    laid = Table(
        title=title, title_justify="left", title_style="bold", box=None, header_style="dim", pad_edge=False
    )
    for name in columns:
        laid.add_column(name, overflow="fold", no_wrap=name in _WHOLE)
    for row in rows:
        laid.add_row(*row)
    return laid


def state(name: str) -> str:
    """Colour the name of a state."""
    style = STATE_STYLES.get(name)
    return f"[{style}]{name}[/]" if style else escape(name)


def text(value: object) -> str:
    """Make a value safe to print in a table."""
    return escape(visible(str(value)))


def plural(number: int, noun: str) -> str:
    """Write a number with its noun: `1 error`, `2 errors`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def print_findings(findings: Iterable[Finding], console: Console) -> None:
    """Print findings as compilers do, so that editors' tools can jump to them."""
    for finding in findings:
        style = _SEVERITY_STYLES[finding.severity]
        place = ":".join(str(part) for part in (finding.file, finding.line, finding.column) if part)
        console.print(
            f"{text(place)}: [{style}]{finding.severity}[/] {text(finding.message)} "
            f"[dim]({escape(finding.rule)})[/]",
            soft_wrap=True,
        )


def print_worries(sentences: Iterable[str]) -> None:
    """Print what a person should look at, a line each."""
    for each in sentences:
        out().print(f"[yellow]{text(each)}[/]", soft_wrap=True)


@contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar on stderr while it is a terminal and the work is long."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda done, total: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def err() -> Console:
    """Open the console for what is no answer (stderr)."""
    return Console(stderr=True, highlight=False)
