"""`postroom subscribers …`: import, export and list the people that the ledger keeps."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from postroom import audience
from postroom.cli import console, session
from postroom.model import Recipient
from postroom.outbox import subscribers

list_option = click.option(
    "--list", "name", default="all", help="Which list of the ledger; without it the one that is named `all`."
)

_NAMED = 50
"""How many addresses a command is written out for."""


@click.group()
def command() -> None:
    """Import, export and list the subscribers that the ledger keeps, list by list.

    A channel reaches them with `audience: NAME` and `audiences: {NAME: {list: LIST}}`. An audience that
    is a CSV file needs no import: edit the file.
    """


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@list_option
@click.pass_obj
def import_(config: Path, file: Path, name: str) -> int:
    """Import FILE, a CSV with at least a column `email`; further columns become attributes.

    Importing the same file twice changes nothing; whoever is known already stays as they are. Rows that cannot be
    used are listed with their line. A row whose `status` says that somebody has left takes nobody off the list:
    those who are on it are named, with the command that does, and the exit code is 1.
    """
    project = session.load(config)
    rejected: list[audience.Rejection] = []
    with session.ledger_of(project) as ledger, console.progress("Importing") as progress:
        total = audience.count(file, str(file))
        people = _accepted(file, rejected, total, progress)
        done = subscribers.import_rows(ledger, name, people, str(file), session.now())
        left = [each.left for each in rejected if each.left]
        staying = ledger.read(subscribers.still_written_to, name, left)
    for rejection in rejected:
        click.echo(f"{file}:{rejection.line}: {rejection.why}", err=True)
    click.echo(
        f"{console.plural(total, 'row')} read: {done.added} added, "
        f"{done.already} known already (their data is unchanged), "
        f"{done.suppressed} of these suppressed, {len(rejected)} rejected"
    )
    if staying:
        _warn(staying, name, file)
    return int(bool(staying))


def _warn(staying: list[str], name: str, file: Path) -> None:
    """Say loudly who goes on getting mail although they left, by the file."""
    who = "1 person who has left, or may have, is"
    if len(staying) != 1:
        who = f"{len(staying):,} people who have left, or may have, are"
    more = f"\nand {len(staying) - _NAMED:,} more: import again to see them" if len(staying) > _NAMED else ""
    click.echo(
        f"WARNING: by {file}, {who} on the list '{name}', and will get mail. To never write to them again, "
        f"on any channel:\n  postroom suppress {shlex.join(staying[:_NAMED])}{more}",
        err=True,
    )


def _accepted(
    file: Path, rejected: list[audience.Rejection], total: int, progress: Callable[[int, int], None]
) -> Iterator[Recipient]:
    for number, row in enumerate(audience.rows(file, str(file)), start=1):
        if number % 1000 == 0 or number == total:
            progress(number, total)
        if isinstance(row, Recipient):
            yield row
        else:
            rejected.append(row)


@command.command()
@list_option
@click.option("--raw", is_flag=True, help="Do not disarm cells that a spreadsheet would take for formulas.")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.pass_obj
def export(config: Path, name: str, raw: bool, file: Path | None) -> None:
    """Write a list as CSV to FILE, or to stdout (no FILE, or `-`)."""
    project = session.load(config)
    with session.ledger_of(project) as ledger:
        rows = ({"email": one.address, **one.merge} for one in subscribers.stream(ledger, name))
        if file is None or file == Path("-"):
            audience.write(rows, sys.stdout, raw=raw)
            return
        with file.open("w", encoding="utf-8", newline="") as stream:
            file.chmod(0o600)
            number = audience.write(rows, stream, raw=raw)
    click.echo(f"{number} subscribers written to {file}")


@command.command("list")
@list_option
@console.json_option
@click.pass_obj
def list_(config: Path, name: str, as_json: bool) -> None:
    """List the subscribers of a list."""
    project = session.load(config)
    with session.ledger_of(project) as ledger:
        people = list(subscribers.stream(ledger, name))
        names = ledger.read(subscribers.list_names)
    if as_json:
        console.print_json([{"email": one.address, "name": one.name, **one.merge} for one in people])
        return
    out = console.out()
    out.print(
        console.table(
            ["email", "name"], [[console.text(one.address), console.text(one.name)] for one in people]
        )
    )
    out.print(f"\n{len(people)} subscribers in '{console.text(name)}'")
    if not people and names:
        out.print(f"Lists that have some: {console.text(', '.join(names))}")
