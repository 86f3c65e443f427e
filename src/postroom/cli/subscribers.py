"""`postroom subscribers …`: import, export and list the people that the ledger keeps."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import click

from postroom.cli import importing, person, session
from postroom.cli.erase import erase
from postroom.cli.export import export
from postroom.cli.listing import listing
from postroom.cli.person import list_option
from postroom.cli.tag import tag
from postroom.outbox.standings import Errand


@click.group()
def command() -> None:
    """Import, export, list, add, remove, show, tag and erase the subscribers that the ledger keeps, list by list.

    A channel reaches them with `audience: NAME` and `audiences: {NAME: {list: LIST}}`. An audience that
    is a CSV file needs no import: edit the file.
    """


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@list_option
@click.option(
    "--map",
    "pairs",
    multiple=True,
    metavar="COLUMN=NAME",
    help='What a column is, as in "E-Mail=email": email, name, first_name, language, tags, status, or the merge '
    "field to make of it. May be given several times.",
)
@click.option(
    "--dry-run", is_flag=True, help="Say what is in FILE and what is wrong with it; change no list."
)
@click.option(
    "--rejects",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="CSV",
    help="Write the rows that cannot be used to CSV, with line and reason, to be mended and imported alone.",
)
@click.option(
    "--update",
    is_flag=True,
    help="Let FILE win where it tells otherwise of people who are known. Without it, it only fills what is empty.",
)
@click.pass_obj
def import_(
    config: Path,
    file: Path,
    name: str,
    pairs: tuple[str, ...],
    dry_run: bool,
    rejects: Path | None,
    update: bool,
) -> int:
    """Import FILE: CSV or TSV, JSON (a list of objects, or an object a line), or the ZIP that Mailchimp exports.

    It needs at least a column `email`; further columns become attributes. What is in the file is counted first, and
    nothing is imported from one that is damaged. Rows that cannot be used are listed with their line. Importing the
    same file twice changes nothing.

    Who is confirmed by the file is put on the list, with the record of how they agreed; who is unsubscribed is taken
    off it; who is unconfirmed has yet to confirm; who bounced or complained is suppressed. Nobody is brought back who
    left. Whoever is on the list and has not agreed, or may have left, by the file, is named, and the exit code is 1.
    """
    project = session.load(config)
    reading = importing.begun(file, importing.mapping_of(pairs), rejects)
    importing.show_counts(reading, are_answer=dry_run)
    if dry_run:
        deque(reading.members(lambda done, total: None), maxlen=0)
        importing.show_rejections(reading)
        return 0
    errand = Errand(list=name, source=str(file), now=session.now(), update=update)
    with session.ledger_of(project) as ledger:
        taken = importing.store(ledger, errand, reading)
    importing.show_rejections(reading)
    importing.show_result(reading, taken, name)
    person.warn_if_unused(project.config, name)
    if taken.stay:
        importing.warn(taken, name, file)
    return int(bool(taken.stay))


for _one in (export, person.add, person.remove, person.show, listing, tag, erase):
    command.add_command(_one)
