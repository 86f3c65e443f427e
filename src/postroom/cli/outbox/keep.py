"""`postroom outbox backup | recover`: keep the ledger, and have one again when it is lost."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from postroom.cli import console, session
from postroom.config import Config
from postroom.errors import LedgerError, UsageError
from postroom.outbox import backup, restore
from postroom.outbox.disk import megabytes
from postroom.outbox.ledger import Ledger, exists
from postroom.outbox.lock import DaemonLock


@click.command("backup")
@click.argument("to", required=False, metavar="[TO]", type=click.Path(path_type=Path))
@click.option(
    "--keep",
    type=click.IntRange(min=1),
    metavar="N",
    default=backup.KEPT,
    show_default=True,
    help="How many stay in `backups`.",
)
@console.json_option
@click.pass_obj
def back_up(config: Path, to: Path | None, keep: int, as_json: bool) -> None:
    """Copy the ledger while it is at work, into TO (a file or a folder), or into `backups` beside it.

    The copy is one file that SQLite has proved whole. Nobody sends from it before `postroom adopt`.
    """
    project = session.load(config)
    session.refuse_lost(project)
    database = project.config.database
    if not exists(database):
        raise LedgerError(f"there is no ledger yet at {database.rpartition('@')[2]}; `postroom run` makes it")
    with Ledger(database) as ledger:
        made = backup.run(ledger, database, session.now(), to, keep=keep)
    if as_json:
        console.print_json(asdict(made))
    else:
        click.echo(f"{made.path} is a whole copy of the ledger ({megabytes(made.size)})")


@click.command()
@click.argument("file", required=False, metavar="[FILE]", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Do not ask; needed where nobody can answer.")
@click.pass_obj
def recover(config: Path, file: Path | None, yes: bool) -> None:
    """Put a backup in the place of a damaged or lost ledger: the newest good one, or FILE.

    The damaged file is moved aside and kept. Stop the daemon first. Nothing goes out through a real
    transport before `postroom adopt`, which holds what may have gone out since the backup.
    """
    loaded = session.load(config).config
    with DaemonLock(loaded.database):
        wrong = restore.damage(loaded.database)
        if not wrong and file is None:
            click.echo("The ledger is whole; there is nothing to recover. To go back to a backup, name it.")
            return
        if not yes:
            _ask(loaded, wrong, file)
        done = restore.restore(loaded.database, session.now(), file)
    for each in done.skipped:
        click.echo(f"skipped: {each}")
    click.echo(f"{done.backup} is the ledger now.")
    if done.damaged is not None:
        click.echo(f"What was there is kept in {done.damaged}")
    click.echo("What went out since then is not known in it: look, then `postroom adopt`.")


def _ask(config: Config, wrong: str, file: Path | None) -> None:
    what = str(file) if file is not None else "the newest good backup"
    if not sys.stdin.isatty():
        raise UsageError(
            f"{wrong or 'the ledger is whole'}. To put {what} in its place where nobody can be asked: "
            "postroom outbox recover --yes"
        )
    console.err().print(console.text(wrong or "The ledger is whole."), soft_wrap=True)
    click.confirm(f"Shall {what} take its place?", abort=True, err=True)
