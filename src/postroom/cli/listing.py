"""`postroom subscribers list`: who is on a list, all or those for whom a condition holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from postroom.cli import console, session
from postroom.cli.person import list_option
from postroom.condition import Condition, parse
from postroom.errors import ConditionError, UsageError
from postroom.model import Recipient
from postroom.outbox import segments, subscribers
from postroom.outbox.ledger import Ledger
from postroom.outbox.segments import Segment


@click.command("list")
@click.argument("named", metavar="[LIST]", required=False)
@list_option
@click.option(
    "--only",
    metavar="CONDITION",
    help='Those alone for whom this holds, as in \'country is "DE" and tags has "ai"\'.',
)
@click.option("--count", "counting", is_flag=True, help="Say how many they are, and nothing more.")
@console.json_option
@click.pass_obj
def listing(
    config: Path, named: str | None, name: str, only: str | None, counting: bool, as_json: bool
) -> None:
    """List the subscribers of LIST, all or some of them."""
    name = named or name
    chosen = _condition(only)
    with session.ledger_of(session.load(config)) as ledger:
        if counting:
            number = sum(1 for _ in _members(ledger, name, chosen))
            console.print_json(number) if as_json else click.echo(number)
            return
        people = list(_members(ledger, name, chosen))
        names = ledger.read(subscribers.list_names)
    if as_json:
        console.print_json([{"email": one.address, "name": one.name, **one.merge} for one in people])
        return
    out = console.out()
    rows = [[console.text(one.address), console.text(one.name)] for one in people]
    out.print(console.table(["email", "name"], rows))
    where = f" for whom {only} holds" if only is not None else ""
    out.print(f"\n{len(people)} subscribers in '{console.text(name)}'{console.text(where)}")
    if not people and names:
        out.print(f"Lists that have some: {console.text(', '.join(names))}")


def _condition(text: str | None) -> Condition | None:
    try:
        return parse(text) if text is not None else None
    except ConditionError as error:
        raise UsageError(f"--only, at character {error.position + 1}: {error}") from error


def _members(ledger: Ledger, name: str, only: Condition | None) -> Iterator[Recipient]:
    if only is None:
        return subscribers.stream(ledger, name)
    return segments.stream(ledger, Segment(list=name, only=only))
