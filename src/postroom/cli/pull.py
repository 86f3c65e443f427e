"""`postroom pull`: take an article back everywhere."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from postroom.cli import console, session
from postroom.errors import UsageError
from postroom.outbox import history, operate, sightings
from postroom.outbox.ledger import Ledger
from postroom.outbox.operate import Withdrawal
from postroom.pipeline.project import Project


@click.command()
@click.argument("article")
@click.option(
    "--reason", default="its article was pulled", show_default=True, help="Kept with what is cancelled."
)
@console.json_option
@click.pass_obj
def command(config: Path, article: str, reason: str, as_json: bool) -> None:
    """Take ARTICLE back everywhere, for good: nothing more of it goes out, later variants included.

    ARTICLE is an id, a slug or a file; the file may be gone already. What went out, or is on its way
    at this moment, cannot be recalled; it is listed.
    """
    project = session.load_or_last_good(config)
    with session.ledger_of(project) as ledger:
        named = _meet(project, ledger, article)
        done = ledger.write(operate.pull, named, reason, session.now())
    if as_json:
        console.print_json({"article": named, "editions": [asdict(each) for each in done]})
        return
    click.echo(f"{named} is pulled: nothing more of it goes out.")
    for each in done:
        if each.cancelled or each.beyond_recall:
            click.echo(_told(each))


def _meet(project: Project, ledger: Ledger, name: str) -> str:
    """Return the id of the article called `name`, and see that the ledger knows it: else it could not be pulled."""
    found = [each.article for each in project.shelf.read(session.now()).loaded if each.article is not None]
    known = ledger.read(history.read).articles
    here = next(
        (each for each in found if _is_called(name, each.id, each.slug, each.path, each.file, each.source)),
        None,
    )
    if here is not None:
        if here.id not in known:
            ledger.write(sightings.see, {}, [here], session.now())
        return here.id
    folder = project.config.articles.folder
    gone = next(
        (each.id for each in known.values() if _is_called(name, each.id, each.path, folder / each.path)), None
    )
    if gone is None:
        near = session.nearest(name, [*(each.id for each in found), *known])
        raise UsageError(f"there is no article '{name}'{near or '; `postroom articles` lists them'}")
    return gone


def _is_called(name: str, *names: str | Path) -> bool:
    return name in names or Path(name).absolute() in names


def _told(done: Withdrawal) -> str:
    cancelled = console.plural(done.cancelled, "recipient")
    if not done.beyond_recall:
        return f"{done.edition}: {cancelled} will not get it, nobody has"
    return f"{done.edition}: {cancelled} will not get it; {done.beyond_recall:,} cannot be recalled"
