"""`postroom adopt`: accept a ledger that was restored, copied or moved."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from postroom.cli import console, session
from postroom.cli.moment import told
from postroom.cli.worries import deliveries
from postroom.errors import LedgerError, UsageError
from postroom.outbox import adoption, guard, operate
from postroom.outbox.adoption import Adopted
from postroom.outbox.sqlite import path_of


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask; needed where nobody can answer.")
@click.option("--anyway", is_flag=True, help="Also where nothing shows: the whole machine was put back, say.")
@console.json_option
@click.pass_obj
def command(config: Path, yes: bool, anyway: bool, as_json: bool) -> None:
    """Accept a ledger that was restored from a backup, copied or moved.

    Until then nothing goes out through a real transport: the ledger may not know what went out from
    another copy of it. So whatever is open is held, and what was on its way is uncertain; a person
    looks, and lets each go. Stop the other copy first.
    """
    project = session.load(config)
    zone = ZoneInfo(project.config.publication.timezone)
    with session.ledger_if_any(project) as ledger:
        if ledger is None:
            _refuse_lost(project.config.database)
        place = guard.place_of(project.config.database) if ledger is not None else None
        guarded = guard.check(ledger, place) if ledger is not None else None
        if ledger is None or (guarded is None and not anyway):
            _print_nothing(as_json)
            return
        why = guarded.why if guarded is not None else "the ledger looks at home here"
        if not yes:
            _ask(why, ledger.read(adoption.at_stake))
        adopted = adoption.adopt(ledger, place, session.now())
        ways = ledger.read(operate.ways_on, adopted.held)
    if as_json:
        console.print_json({"adopted": True, "why": why, **asdict(adopted)})
    else:
        _print_adopted(adopted, ways, zone)


def _refuse_lost(database: str) -> None:
    """Raise LedgerError where a ledger was, and is none any more."""
    path = path_of(database)
    if path is not None and guard.instance_beside(path.resolve()) is not None:
        raise LedgerError(
            f"there is no ledger at {path} any more; `postroom outbox recover` puts the newest backup there. Without "
            "one, `postroom run` makes a new ledger, which is to be adopted"
        )


def _print_nothing(as_json: bool) -> None:
    if as_json:
        console.print_json({"adopted": False, "why": "", "held": [], "in_doubt": 0, "since": None})
    else:
        click.echo("This ledger is at home here; there is nothing to adopt.")


def _ask(why: str, held: list[str]) -> None:
    if not sys.stdin.isatty():
        raise UsageError(f"{why}. To adopt it where nobody can be asked: postroom adopt --yes")
    console.err().print(console.text(why), soft_wrap=True)
    for key in held:
        console.err().print(f"  {console.text(key)} will be held")
    click.confirm(
        "Is no other copy of this ledger at work, and shall this one be the ledger?", abort=True, err=True
    )


def _print_adopted(adopted: Adopted, ways: Mapping[str, str], zone: ZoneInfo) -> None:
    since = f"; what went out after {told(adopted.since, zone)} may be missing in it" if adopted.since else ""
    click.echo(f"The ledger is adopted{since}.")
    for key in adopted.held:
        click.echo(f"held: {key}; `{ways[key]}` lets it go on")
    if adopted.held:
        click.echo("`postroom outbox cancel EDITION` ends one.")
    if adopted.in_doubt:
        click.echo(
            f"{deliveries(adopted.in_doubt)} may have gone out: "
            "`postroom outbox list --state uncertain` has the numbers."
        )
    click.echo("What was due before now and is not in this ledger will be held too.")
