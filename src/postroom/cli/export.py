"""`postroom subscribers export`: a list of the ledger, for a spreadsheet or another program."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import click

from postroom import audience
from postroom.audience.imports.labels import joined
from postroom.cli import console, session
from postroom.errors import AudienceError, UsageError
from postroom.outbox import roster, subscribers
from postroom.outbox.ledger import Ledger
from postroom.outbox.roster import Listed

_OWN = ("email", "name", "language", "tags")


@click.command()
@click.argument("name", default="all", metavar="[LIST]")
@click.option(
    "--csv/--json", "is_csv", default=True, help="CSV for a spreadsheet, or a list of JSON objects."
)
@click.option(
    "--to", "file", type=click.Path(path_type=Path), metavar="FILE", help="Write there, not to stdout."
)
@click.option("--raw", is_flag=True, help="Do not disarm cells that a spreadsheet would take for formulas.")
@click.pass_obj
def export(config: Path, name: str, is_csv: bool, file: Path | None, raw: bool) -> None:
    """Write out who is on LIST (without it the list that is named `all`), however long it is.

    What comes out can be imported again. A cell that a spreadsheet would run as a formula gets an apostrophe in
    front, which an import takes off. Only you may read FILE.
    """
    if raw and not is_csv:
        raise UsageError("--raw goes with --csv: nobody runs what stands in JSON")
    project = session.load_or_last_good(config)
    with session.ledger_of(project) as ledger:
        with _opened(file) as stream:
            number = (
                _write_csv(ledger, name, stream, raw=raw) if is_csv else _write_json(ledger, name, stream)
            )
        others = ledger.read(subscribers.list_names) if not number else ()
    if file is not None and file != Path("-"):
        click.echo(f"{console.plural(number, 'subscriber')} written to {file}")
    if not number:
        click.echo(f"nobody is on the list '{name}'; {_known(others)}", err=True)


def _known(others: tuple[str, ...]) -> str:
    return f"lists that have somebody: {', '.join(others)}" if others else "no list has anybody"


@contextmanager
def _opened(file: Path | None) -> Iterator[TextIO]:
    """Open a file that only its owner may read, from its first byte on; stdout where there is none, or `-`."""
    if file is None or file == Path("-"):
        yield sys.stdout
        return
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            if stat.S_ISREG(os.fstat(handle).st_mode):
                os.fchmod(handle, 0o600)
            yield stream
    except OSError as error:
        raise AudienceError(f"{file} cannot be written: {error.strerror}") from error


def _write_csv(ledger: Ledger, name: str, stream: TextIO, *, raw: bool) -> int:
    """Write a list as CSV. It is read twice: the columns come before anybody who has them."""
    further = [each for each in roster.attribute_names(ledger, name) if each not in _OWN]
    rows = (_row(one, further) for one in roster.roster(ledger, name))
    return audience.write(rows, stream, raw=raw)


def _row(one: Listed, further: list[str]) -> dict[str, str]:
    return {
        "email": one.address,
        "name": one.name,
        "language": one.language or one.attributes.get("language", ""),
        "tags": joined(one.tags) or one.attributes.get("tags", ""),
        **{each: one.attributes.get(each, "") for each in further},
    }


def _write_json(ledger: Ledger, name: str, stream: TextIO) -> int:
    """Write a list as JSON, an object a line."""
    number = 0
    for number, one in enumerate(roster.roster(ledger, name), start=1):
        known = {"email": one.address, "name": one.name, "language": one.language, "tags": list(one.tags)}
        rest = {key: value for key, value in one.attributes.items() if key not in known}
        stream.write("[\n" if number == 1 else ",\n")
        stream.write(json.dumps({**known, **rest}, ensure_ascii=False))
    stream.write("\n]\n" if number else "[]\n")
    return number
