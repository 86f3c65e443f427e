"""`postroom subscribers tag`: give one person tags, and take some away."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from postroom.cli import session
from postroom.errors import LedgerError, UsageError
from postroom.outbox import person


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("address")
@click.argument("changes", nargs=-1, required=True, type=click.UNPROCESSED, metavar="[+TAG|-TAG]...")
@click.pass_obj
def tag(config: Path, address: str, changes: Sequence[str]) -> None:
    """Give ADDRESS each +TAG, and take each -TAG away: `postroom subscribers tag ada@example.org +ai -trial`."""
    who = session.address(address, "ADDRESS")
    more, fewer = (_named(changes, sign) for sign in "+-")
    if wrong := [each for each in changes if each[:1] not in ("+", "-") or not each[1:].strip(" -")]:
        raise UsageError(f"{wrong[0]!r}: write +TAG to add one, -TAG to take it away")
    with session.ledger_at(config) as ledger:
        found = ledger.write(person.tag, who.identity, more, fewer)
    if found is None:
        raise LedgerError(f"{who.address} is no subscriber")
    click.echo(f"{who.address} has {', '.join(found) if found else 'no tags'}")


def _named(changes: Sequence[str], sign: str) -> list[str]:
    return [" ".join(each[1:].split()) for each in changes if each.startswith(sign)]
