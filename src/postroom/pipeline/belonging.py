"""Say which audiences somebody is in, and why, or why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from postroom import audience
from postroom.condition import explain
from postroom.config import Config
from postroom.errors import AudienceError
from postroom.model import Audience, Recipient
from postroom.outbox import segments
from postroom.outbox.ledger import Ledger
from postroom.outbox.person import Person
from postroom.pipeline.heads import condition_of

_NOT = {"left": "they left the list", "asked": "they have not confirmed yet"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Belonging:
    """Whether somebody is in an audience of config.yaml, and why, as a clause."""

    audience: str
    belongs: bool
    why: str


def belongings(config: Config, ledger: Ledger, person: Person) -> Iterator[Belonging]:
    """Look at each audience of config.yaml; a file is read until they are found."""
    for who in config.audiences.values():
        found = _on_list(who, who.list, ledger, person) if who.list else _in_file(who, person)
        if found.belongs and person.suppressed is not None:
            why = f"{found.why}; but they get nothing, for they are suppressed ({person.suppressed.reason})"
            found = Belonging(audience=who.name, belongs=True, why=why)
        yield found


def _on_list(who: Audience, name: str, ledger: Ledger, person: Person) -> Belonging:
    seen = ledger.read(segments.traits_of, name, person.number)
    if seen is None:
        why = _NOT.get(_stands(person, name), f"they are not on the list '{name}'")
        return Belonging(audience=who.name, belongs=False, why=why)
    only = condition_of(who)
    if only is None:
        return Belonging(audience=who.name, belongs=True, why=f"they are on the list '{name}'")
    return Belonging(audience=who.name, belongs=only.holds(seen), why=explain(only, seen))


def _in_file(who: Audience, person: Person) -> Belonging:
    if _stands(person, who.leaves) == "left":
        return Belonging(audience=who.name, belongs=False, why="they left it, whatever the file says")
    try:
        row = _row_of(who, person.identity)
    except AudienceError as error:
        return Belonging(audience=who.name, belongs=False, why=str(error))
    if isinstance(row, Recipient):
        only = condition_of(who)
        if only is None:
            return Belonging(audience=who.name, belongs=True, why=f"they are in {who.shown}")
        seen = audience.traits_of(row, who.shown)
        return Belonging(audience=who.name, belongs=only.holds(seen), why=explain(only, seen))
    why = f"no row of {who.shown} is theirs" if row is None else f"{who.shown}:{row.line}: {row.why}"
    return Belonging(audience=who.name, belongs=False, why=why)


def _row_of(who: Audience, identity: str) -> Recipient | audience.Rejection | None:
    """Find somebody's first row that can be used, else the first that is rejected for what it says of them."""
    rejected = None
    for row in audience.rows(who.file, who.shown) if who.file is not None else ():
        if isinstance(row, Recipient):
            if row.identity == identity:
                return row
        elif row.left == identity:
            rejected = rejected or row
    return rejected


def _stands(person: Person, name: str) -> str:
    """Say how somebody stands to a list; leaving counts before an open question."""
    return max((each.how for each in person.standings if each.list == name), default="")
