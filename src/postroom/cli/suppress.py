"""`postroom suppress`: never write to an address again."""

from __future__ import annotations

from pathlib import Path

import click

from postroom import address
from postroom.cli import session
from postroom.outbox import operate


@click.command()
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS...")
@click.option(
    "--reason", default="asked to be left alone", show_default=True, help="Kept with the suppression."
)
@click.option("--undo", is_flag=True, help="Take the suppression back.")
@click.pass_obj
def command(config: Path, addresses: tuple[str, ...], reason: str, undo: bool) -> None:
    """Never write to ADDRESS again, on any channel; what is queued for it is cancelled."""
    people = [address.normalise(each) for each in addresses]
    project = session.load_or_last_good(config)
    with session.ledger_of(project) as ledger:
        for person in people:
            if undo:
                ledger.write(operate.unsuppress, person.identity)
                click.echo(f"{person.address} may be written to again")
            else:
                ledger.write(operate.suppress, person.identity, person.address, reason, session.now())
                click.echo(f"{person.address} is suppressed: {reason}")
