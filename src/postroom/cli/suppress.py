"""`postroom suppress`: never write to an address again, and list those to whom nothing goes."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import click

from postroom.cli import console, session
from postroom.cli.moment import told
from postroom.errors import UsageError
from postroom.outbox import operate
from postroom.outbox.suppressions import Suppression
from postroom.pipeline.project import Project


@click.command()
@click.argument("addresses", nargs=-1, metavar="[ADDRESS...]")
@click.option(
    "--reason", default="asked to be left alone", show_default=True, help="Kept with the suppression."
)
@click.option("--undo", is_flag=True, help="Take the suppression back; what bounced before counts no more.")
@click.option("--list", "listing", is_flag=True, help="List who is suppressed, since when and why.")
@console.json_option
@click.pass_obj
def command(
    config: Path, addresses: tuple[str, ...], reason: str, undo: bool, listing: bool, as_json: bool
) -> None:
    """Never write to ADDRESS again, on any channel; what is queued for it is cancelled.

    An address of which a server says that it leads nowhere is suppressed by itself, as `bounced`; so is one that
    bounces later, or whose owner calls a mail spam.
    """
    if listing == bool(addresses):
        raise UsageError("name the addresses to suppress, or say --list")
    if as_json and not listing:
        raise UsageError("--json goes with --list")
    people = [session.address(each, "ADDRESS") for each in addresses]
    project = session.load_or_last_good(config)
    if listing:
        _list(project, as_json)
        return
    with session.ledger_of(project) as ledger:
        for person in people:
            if undo:
                ledger.write(operate.unsuppress, person.identity)
                click.echo(f"{person.address} may be written to again")
            else:
                ledger.write(operate.suppress, person.identity, person.address, reason, session.now())
                click.echo(f"{person.address} is suppressed: {reason}")


def _list(project: Project, as_json: bool) -> None:
    """Print who is suppressed, the latest first; `source` is the edition, mailbox or provider that told it."""
    session.refuse_lost(project)
    with session.ledger_if_any(project) as ledger:
        found = ledger.read(operate.suppressions) if ledger is not None else ()
    if as_json:
        console.print_json([_as_dict(each) for each in found])
        return
    zone = ZoneInfo(project.config.publication.timezone)
    rows = [
        [
            console.text(each.address or each.identity),
            told(each.at, zone),
            console.text(each.reason),
            console.text(each.source),
        ]
        for each in found
    ]
    out = console.out()
    out.print(console.table(["address", "since", "why", "source"], rows))
    out.print(f"\n{'1 address is' if len(found) == 1 else f'{len(found):,} addresses are'} suppressed")


def _as_dict(one: Suppression) -> dict[str, object]:
    return {
        "address": one.address or one.identity,
        "at": one.at,
        "reason": one.reason,
        "source": one.source or None,
    }
