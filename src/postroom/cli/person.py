"""`postroom subscribers add | remove | show`: one person at a time."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from postroom.address import Address
from postroom.cli import console, session
from postroom.cli.moment import told
from postroom.config import Config
from postroom.errors import LedgerError
from postroom.model import Recipient
from postroom.outbox import erasures, leaving, person, subscribers, suppressions
from postroom.outbox.leaving import Act
from postroom.outbox.ledger import Ledger
from postroom.outbox.person import Person, Standing
from postroom.pipeline.belonging import belongings

_BY_HAND = "by hand"
_ON = {"on": "is on", "asked": "has asked for, and not confirmed,", "left": "has left"}
_GONE = ("bounced", "complained")
_STATES = {"on": "confirmed", "asked": "unconfirmed", "left": "unsubscribed"}
_SAID = {"asked": "asked for", "confirmed": "confirmed", "added": "was put on", "left": "left"}

list_option = click.option(
    "--list", "name", default="all", help="Which list of the ledger; without it the one that is named `all`."
)


@click.command()
@click.argument("address")
@list_option
@click.option("--name", "called", default="", help="Their name, where they are new.")
@click.option("--because", default="", help="How and where they agreed; kept as the record of it.")
@click.pass_obj
def add(config: Path, address: str, name: str, called: str, because: str) -> None:
    """Put ADDRESS on a list, also one who had left it: only who agreed may be written to."""
    who, project = session.address(address, "ADDRESS"), session.load_or_last_good(config)
    with session.ledger_of(project) as ledger:
        if not because and ledger.read(erasures.erased, [who.identity]):
            raise LedgerError(
                f"{who.address} had everything about them erased; they can sign up anew, or say how they asked you "
                "to write to them again: --because"
            )
        number = ledger.write(subscribers.enrol_one, _recipient(who, called), _BY_HAND, session.now())
        act = Act(how=_BY_HAND, source=because)
        is_new = ledger.write(leaving.add, number, name, act, session.now())
        found = ledger.read(person.find, who.identity)
    click.echo(f"{who.address} {'is on' if is_new else 'was already on'} the list '{name}'")
    if found is not None and found.suppressed is not None:
        click.echo(
            f"WARNING: they get nothing, for they are suppressed ({found.suppressed.reason}); "
            f"`postroom suppress --undo {who.address}` lets them be written to again",
            err=True,
        )
    warn_if_unused(project.config, name)


def warn_if_unused(config: Config, name: str) -> None:
    """Tell of a list that no audience is: whoever is put on it gets nothing."""
    lists = sorted({each.list for each in config.audiences.values() if each.list is not None})
    if name not in lists:
        known = f"; the audiences have {', '.join(lists)}: --list {lists[0]}" if lists else ""
        cure = known or f"; write `{{list: {name}}}` under `audiences:`"
        click.echo(
            f"Note: no audience in config.yaml has the list '{name}': nothing goes to it{cure}", err=True
        )


@click.command()
@click.argument("address")
@click.option("--list", "name", help="Which list of the ledger; without it the one that they are on.")
@click.option("--because", default="", help="Why; kept as the record of it.")
@click.pass_obj
def remove(config: Path, address: str, name: str | None, because: str) -> None:
    """Take ADDRESS off a list and cancel what is queued for them of it. No import brings them back."""
    who = session.address(address, "ADDRESS")
    with session.ledger_at(config) as ledger:
        found = _known(ledger, who)
        name = _meant(found, name)
        act = Act(how=_BY_HAND, source=because)
        done = ledger.write(leaving.leave, found.number, name, act, session.now())
    cancelled = f"; {console.plural(done.cancelled, 'message')} cancelled" if done.cancelled else ""
    click.echo(f"{who.address} {'has left' if done.is_new else 'had left'} the list '{name}'{cancelled}")


@click.command()
@click.argument("address")
@console.json_option
@click.pass_obj
def show(config: Path, address: str, as_json: bool) -> None:
    """Say what is known of ADDRESS: their lists, what they agreed to and when, and what went to them; and which of the
    audiences in config.yaml they are in, and why.
    """
    who = session.address(address, "ADDRESS")
    project = session.load_or_last_good(config)
    with session.ledger_of(project) as ledger:
        found = _known(ledger, who)
        audiences = list(belongings(project.config, ledger, found))
    if as_json:
        states = {each.list: _state(each, found) for each in found.standings}
        console.print_json(
            {**asdict(found), "states": states, "audiences": [asdict(each) for each in audiences]}
        )
        return
    zone = ZoneInfo(project.config.publication.timezone)
    for line in _lines(found, zone):
        click.echo(line)
    for each in audiences:
        click.echo(f"audience '{each.audience}': {'yes' if each.belongs else 'no'}, {each.why}")


def _state(standing: Standing, found: Person) -> str:
    """Name the state of somebody on a list."""
    if standing.how == "on" and found.suppressed is not None:
        return next((why for why in _GONE if found.suppressed.reason.startswith(why)), "suppressed")
    return _STATES[standing.how]


def _recipient(who: Address, called: str) -> Recipient:
    name = " ".join(called.split())
    merge = {"name": name} if name else {}
    return Recipient(address=who.address, identity=who.identity, domain=who.domain, name=name, merge=merge)


def _meant(found: Person, name: str | None) -> str:
    """Say which list somebody is to be taken off. Who reads a file has no part in a list until they leave it (`@NAME`).

    Raises LedgerError where they are not on it, for then they would go on to get what they meant.
    """
    on = [each.list for each in found.standings if each.how != "left"]
    if name is None and len(on) == 1:
        return on[0]
    if name is not None and (name.startswith("@") or any(each.list == name for each in found.standings)):
        return name
    lists = f"they are on {', '.join(on)}" if on else "they are on none"
    cure = f"say which: --list {on[0]}" if on else "`postroom suppress` stops all mail to an address"
    asked = f"not on the list '{name}'" if name is not None else "not on exactly one list"
    raise LedgerError(f"{found.address} is {asked}; {lists}; {cure}")


def _known(ledger: Ledger, who: Address) -> Person:
    found = ledger.read(person.find, who.identity)
    if found is None:
        raise LedgerError(f"{who.address} is no subscriber{_nevertheless(ledger, who.identity)}")
    return found


def _nevertheless(ledger: Ledger, identity: str) -> str:
    """Tell what the ledger knows of an address all the same."""
    listed = ledger.read(suppressions.suppression_of, identity)
    if listed is not None:
        return f", and suppressed since {listed.at:%Y-%m-%d} ({listed.reason})"
    if ledger.read(erasures.erased, [identity]):
        return "; everything about them was erased, and no import brings them in"
    return ""


def _lines(found: Person, zone: ZoneInfo) -> list[str]:
    """Write a person down, a fact a line."""
    named = f" ({found.name})" if found.name else ""
    lines = [
        f"{found.address}{named}, known since {told(found.since, zone)}, from {found.source or 'nowhere'}"
    ]
    lines += [
        f"  {name}: {value}"
        for name, value in found.attributes.items()
        if value and name != "name" and not (name == "tags" and found.tags)
    ]
    lines += [f"  tags: {', '.join(found.tags)}"] * bool(found.tags)
    lines += [f"  language: {found.language}"] * bool(found.language and "language" not in found.attributes)
    lines += [
        f"{_ON[each.how]} '{each.list}' since {told(each.since, zone)}: {_state(each, found)}"
        for each in found.standings
    ]
    if found.suppressed is not None:
        lines.append(
            f"gets nothing: suppressed on {told(found.suppressed.at, zone)}, {found.suppressed.reason}"
        )
    for said in found.statements:
        where = f", {said.source}" if said.source else ""
        lines.append(f"{told(said.at, zone)}: {_SAID[said.what]} '{said.list}' ({said.how}{where})")
    lines += [f"{state}: {console.plural(number, 'message')}" for state, number in found.mails.items()]
    return lines
