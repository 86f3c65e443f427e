"""`postroom outbox prune`: forget who got what long ago."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import click

from postroom.cli import console, session
from postroom.errors import LedgerError
from postroom.outbox import pruning, wiping
from postroom.outbox.ledger import Ledger
from postroom.outbox.pruning import Pruned

_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}
_LEAST = timedelta(days=30)
"""What comes back, and what a person decides, may be weeks late: it must still find whom it is about."""


class _Age(click.ParamType[timedelta]):
    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        found = re.fullmatch(r"(\d{1,4}) ?(day|week|month|year)s?", str(value).strip().lower())
        if found is None:
            self.fail(f"'{value}' is no length of time; write '1 year', '18 months' or '90 days'", param, ctx)
        age = timedelta(days=int(found[1]) * _DAYS[found[2]])
        if age < _LEAST:
            self.fail(
                f"'{value}' is too short: what comes back may be weeks late; 30 days at least", param, ctx
            )
        return age


@click.command()
@click.option(
    "--older-than",
    "age",
    type=_Age(),
    required=True,
    metavar="TIME",
    help="Such as '1 year', '18 months' (of 30 days) or '90 days'.",
)
@click.option("--yes", is_flag=True, help="Do it; without, only say what would be forgotten.")
@console.json_option
@click.pass_obj
def prune(config: Path, age: timedelta, yes: bool, as_json: bool) -> None:
    """Forget who got what, of everything that is over for so long. It cannot be undone.

    Addresses, names and merge values of those mails go, and what servers answered; so does what came back, whoever
    asked for a list and never confirmed, and people who are on no list any more. The counts of each edition stay. An
    edition that was pruned can be neither replaced nor tried again. Whoever is suppressed stays so, and who left stays
    away.

    It works in small steps beside a daemon; where it is stopped, saying it again does the rest.
    """
    project = session.load_or_last_good(config)
    now = session.now()
    with session.ledger_of(project) as ledger:
        if yes:
            with console.progress("Pruning") as progress:
                whole = ledger.read(pruning.prospect, now - age)
                rows = whole.mails + whole.feedback + whole.people
                done = pruning.prune(ledger, now - age, now, lambda number: progress(number, rows))
        else:
            done = ledger.read(pruning.prospect, now - age)
        left = _wiped(ledger) if yes else ""
    if as_json:
        console.print_json({"pruned": yes, **asdict(done)})
        return
    click.echo(_told(done, yes=yes))
    if left:
        click.echo(f"WARNING: {left}", err=True)


def _wiped(ledger: Ledger) -> str:
    """Write the ledger's file anew; say why that cannot be now, empty if it could."""
    if not ledger.read(wiping.due):
        return ""
    try:
        wiping.wipe(ledger)
    except LedgerError as error:
        return f"the file still holds traces between its rows: {error}"
    return ""


def _told(done: Pruned, *, yes: bool) -> str:
    lines = [
        f"{console.plural(done.mails, 'mail')} of {console.plural(done.editions, 'edition')}: whom they were for",
        f"{console.plural(done.feedback, 'message')} that came back: whom they were about",
        f"{console.plural(done.requests, 'request')} that nobody confirmed",
        f"{console.plural(done.greetings, 'greeting')}: who got them",
        f"{done.people:,} {'person' if done.people == 1 else 'people'} on no list any more",
    ]
    head = "Forgotten:" if yes else "This would be forgotten; --yes does it:"
    return "\n  ".join([head, *lines])
