"""`postroom subscribers erase`: forget people for good."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from postroom.address import Address
from postroom.cli import console, session
from postroom.errors import UsageError
from postroom.outbox.erasing import Erased
from postroom.pipeline.forgetting import Forgotten, forget


@click.command()
@click.argument("addresses", nargs=-1, required=True, metavar="ADDRESS...")
@click.option("--yes", is_flag=True, help="Do not ask; needed where nobody can answer.")
@console.json_option
@click.pass_obj
def erase(config: Path, addresses: tuple[str, ...], yes: bool, as_json: bool) -> None:
    """Erase everything that is kept about each ADDRESS, and keep them from being imported again.

    What is queued for them is cancelled. What stays of them are numbers, and a hash that only tells whether an address
    that somebody has already is theirs. Each place that was cleaned is listed, and each that is beyond reach: backups,
    files of your own, sent mail. Whoever signs up anew and confirms is welcome again.
    """
    people = [session.address(each, "ADDRESS") for each in addresses]
    if not yes:
        _ask(people)
    project = session.load_or_last_good(config)
    with session.ledger_of(project) as ledger:
        done = forget(project.config, ledger, people, session.now())
    if as_json:
        console.print_json(
            {
                "people": [
                    {"address": who.address, **asdict(each)}
                    for who, each in zip(people, done.people, strict=True)
                ],
                "places": [asdict(each) for each in done.places],
            }
        )
        return
    _print(people, done)


def _ask(people: list[Address]) -> None:
    who = people[0].address if len(people) == 1 else f"{len(people)} people"
    if not sys.stdin.isatty():
        raise UsageError(f"to erase {who} where nobody can be asked: postroom subscribers erase --yes …")
    click.confirm(f"Erase everything about {who}? It cannot be undone.", abort=True, err=True)


def _print(people: list[Address], done: Forgotten) -> None:
    for who, each in zip(people, done.people, strict=True):
        click.echo(f"{who.address}: {_told(each)}")
    for is_clean, title in ((True, "Cleaned:"), (False, "Beyond reach, and yours to clean:")):
        click.echo(f"\n{title}")
        for place in done.places:
            if place.is_clean is is_clean:
                click.echo(f"  {place.where}: {place.what}")


def _told(done: Erased) -> str:
    if not done.was_known:
        return "nothing was kept; no import will bring them in"
    parts = ["erased"]
    if done.cancelled:
        parts.append(f"{console.plural(done.cancelled, 'message')} cancelled")
    if done.in_hand:
        what = console.plural(done.in_hand, "message")
        parts.append(f"{what} being sent at this moment: run this again when that is over")
    return "; ".join(parts)
