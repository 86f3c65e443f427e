"""`postroom subscribers import`: read a file of any known form, say what is in it, and what came of it."""

from __future__ import annotations

import gc
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import click

from postroom.audience import Rejection, imports
from postroom.cli import console
from postroom.errors import UsageError
from postroom.model import Member, MembershipState, visible
from postroom.outbox import subscribers
from postroom.outbox.intake import Taken, take_in
from postroom.outbox.ledger import Ledger
from postroom.outbox.standings import Errand

_NAMED = 50
"""How many addresses a command is written out for."""
_ASKED = 10_000
"""How many of those who may have left are kept until the ledger is asked about them."""
_TOLD = 1_000
"""How many rejections are shown; a file that has more is mended with `--rejects`."""


@dataclass(slots=True, kw_only=True)
class Reading:
    """One file being read: what it has, and what is met on the way.

    `told` are the first rejections. Those who may have left, by rejected rows, are handed to `ask`, some at a time.
    """

    file: Path
    mapping: Mapping[str, str]
    rejects: Path | None
    counts: imports.Counts
    ask: Callable[[list[str]], None] = lambda identities: None
    told: list[Rejection] = field(default_factory=list)
    _left: list[str] = field(default_factory=list)

    def members(self, progress: Callable[[int, int], None]) -> Iterator[Member]:
        """Read the file; give its members, and keep or write down what is rejected."""
        with ExitStack() as stack:
            put = (
                stack.enter_context(imports.rejects(self.rejects, self.counts.columns))
                if self.rejects
                else None
            )
            for number, each in enumerate(imports.members(self.file, str(self.file), self.mapping), start=1):
                if number % 1000 == 0 or number == self.counts.total:
                    progress(number, self.counts.total)
                if isinstance(each, Member):
                    yield each
                    continue
                self._note(each)
                if put:
                    put(each)
        self.ask(self._left)

    def _note(self, rejection: Rejection) -> None:
        if rejection.left:
            self._left.append(rejection.left)
        if len(self._left) >= _ASKED:
            self.ask(self._left)
            self._left.clear()
        if len(self.told) < _TOLD:
            self.told.append(rejection)


def begun(file: Path, mapping: Mapping[str, str], rejects: Path | None) -> Reading:
    """Count what a file has, which finds out whether it can be read to its end. Raises UsageError, AudienceError."""
    if rejects and rejects.exists() and rejects.samefile(file):
        raise UsageError(f"--rejects names {file} itself; name another file, this one stays as it is")
    counts = imports.count(file, str(file), mapping)
    return Reading(file=file, mapping=mapping, rejects=rejects, counts=counts)


def mapping_of(pairs: tuple[str, ...]) -> dict[str, str]:
    """Read `--map "E-Mail=email"`, given any number of times. Raises UsageError."""
    mapping: dict[str, str] = {}
    for pair in pairs:
        title, sign, name = pair.rpartition("=")
        if not sign or not title.strip() or not name.strip():
            raise UsageError(f'--map "{pair}": write it as "COLUMN=NAME", as in --map "E-Mail=email"')
        if title.strip() in mapping:
            raise UsageError(f'--map names the column "{title.strip()}" twice')
        mapping[title.strip()] = name.strip()
    return mapping


def show_counts(reading: Reading, *, are_answer: bool) -> None:
    """Say how many of each state a file has: on stderr, unless that is all that was asked for."""
    counts = reading.counts
    states = [f"{number:,} {state}" for state in MembershipState if (number := counts.states.get(state, 0))]
    numbers = ", ".join([*states, f"{counts.rejected:,} rejected"])
    click.echo(f"{console.plural(counts.total, 'row')} in {reading.file}: {numbers}", err=not are_answer)


def show_rejections(reading: Reading) -> None:
    """List rejected rows with their lines, as compilers do."""
    for each in reading.told:
        place = f"{reading.file}/{each.within}" if each.within else f"{reading.file}"
        click.echo(visible(f"{place}:{each.line}: {each.why}"), err=True)
    if more := reading.counts.rejected - len(reading.told):
        cure = "" if reading.rejects else "; --rejects FILE writes them all down"
        click.echo(f"{more:,} more rejected{cure}", err=True)
    if reading.rejects:
        what = console.plural(reading.counts.rejected, "rejected row")
        click.echo(f"{what} written to {reading.rejects}: mend it, and import it alone (it needs no --map)")


def store(ledger: Ledger, errand: Errand, reading: Reading) -> Taken:
    """Take in what a file tells; also ask who is on the list whose row is rejected and says that they may have left."""
    met = Taken()

    def ask(identities: list[str]) -> None:
        found = ledger.read(subscribers.still_written_to, errand.list, identities)
        met.add(Taken(stay=len(found), staying=found))

    reading.ask = ask
    gc.freeze()  # the collector would look through all that is loaded again and again, for a million rows
    with console.progress("Importing") as progress:
        taken = take_in(ledger, errand, reading.members(progress))
    taken.add(met)
    return taken


def show_result(reading: Reading, taken: Taken, name: str) -> None:
    """Say what an import changed, state by state."""
    new = taken.changed
    parts = [f"{new[MembershipState.CONFIRMED]:,} added", f"{taken.already:,} on it already"]
    parts += [
        f"{number:,} {what}"
        for number, what in (
            (taken.suppressed, "of these suppressed"),
            (taken.kept_out, "not put back, since they left the list"),
            (taken.erased, "passed over, since they had their data erased"),
            (new[MembershipState.UNCONFIRMED], "to be confirmed yet"),
            (new[MembershipState.UNSUBSCRIBED], "taken off as unsubscribed"),
            (new[MembershipState.BOUNCED], "suppressed as bounced"),
            (new[MembershipState.COMPLAINED], "suppressed as complained"),
            (taken.told_more, "known before, of whom more is kept now"),
        )
        if number
    ]
    parts.append(f"{reading.counts.rejected:,} rejected")
    rows = console.plural(reading.counts.total, "row")
    click.echo(f"{rows} read for the list '{name}': {', '.join(parts)}")


def warn(taken: Taken, name: str, file: Path) -> None:
    """Say loudly who goes on getting mail although they have not agreed, or may have left, by the file."""
    who = "1 person who has left, or may have, is"
    if taken.stay != 1:
        who = f"{taken.stay:,} people who have left, or may have, are"
    more = f"\nand {taken.stay - _NAMED:,} more: import again to see them" if taken.stay > _NAMED else ""
    click.echo(
        f"WARNING: by {file}, {who} on the list '{name}', and will get mail. To never write to them again, "
        f"on any channel:\n  postroom suppress {shlex.join(taken.staying[:_NAMED])}{more}",
        err=True,
    )
