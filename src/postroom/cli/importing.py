"""`postroom subscribers import`: read a file of any known form, say what is in it, and put on a list who wants mail."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import click

from postroom.audience import Rejection, imports
from postroom.cli import console
from postroom.errors import UsageError
from postroom.model import Member, MembershipState, Recipient, visible

_NAMED = 50
"""How many addresses a command is written out for."""
_TOLD = 1_000
"""How many rejections are shown; a file that has more is mended with `--rejects`."""


@dataclass(slots=True, kw_only=True)
class Reading:
    """One file being read: what it has, and what is met on the way.

    `left` are the identities of those who get no mail by the file, `told` the first rejections.
    """

    file: Path
    mapping: Mapping[str, str]
    rejects: Path | None
    counts: imports.Counts
    left: list[str] = field(default_factory=list)
    told: list[Rejection] = field(default_factory=list)

    def people(self, progress: Callable[[int, int], None]) -> Iterator[Recipient]:
        """Read the file; give those who want mail, and keep or write down the others."""
        with ExitStack() as stack:
            put = (
                stack.enter_context(imports.rejects(self.rejects, self.counts.columns))
                if self.rejects
                else None
            )
            for number, each in enumerate(imports.members(self.file, str(self.file), self.mapping), start=1):
                if number % 1000 == 0 or number == self.counts.total:
                    progress(number, self.counts.total)
                if isinstance(each, Member) and each.state is MembershipState.CONFIRMED:
                    yield each.recipient
                    continue
                self._note(each)
                if put and isinstance(each, Rejection):
                    put(each)

    def _note(self, each: Member | Rejection) -> None:
        left = each.recipient.identity if isinstance(each, Member) else each.left
        if left:
            self.left.append(left)
        if isinstance(each, Rejection) and len(self.told) < _TOLD:
            self.told.append(each)


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


def warn(staying: list[str], name: str, file: Path) -> None:
    """Say loudly who goes on getting mail although they left, by the file."""
    who = "1 person who has left, or may have, is"
    if len(staying) != 1:
        who = f"{len(staying):,} people who have left, or may have, are"
    more = f"\nand {len(staying) - _NAMED:,} more: import again to see them" if len(staying) > _NAMED else ""
    click.echo(
        f"WARNING: by {file}, {who} on the list '{name}', and will get mail. To never write to them again, "
        f"on any channel:\n  postroom suppress {shlex.join(staying[:_NAMED])}{more}",
        err=True,
    )
