"""Rows of an audience file → recipients, each bad row told by its line and never in the way."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, TypeAlias

from postroom.audience.encoding import open_text, why_not
from postroom.audience.export import unguarded
from postroom.audience.header import Header, read_header
from postroom.audience.person import fault, recipient
from postroom.audience.records import Broken, Cells, records
from postroom.audience.standing import TELLING, standing
from postroom.errors import AddressError, AudienceError
from postroom.model import Recipient
from postroom.plainfiles import open_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

Opened: TypeAlias = Callable[[], AbstractContextManager[TextIO]]
"""Opens a text at its beginning, as often as it is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A row that nobody is written to for. `line` is where it starts, as an editor counts.

    `left` is the identity of whoever has left or may have, by what the row says; empty where that is not why.
    An import also tells `within` which file of a ZIP the row stood, and what it said: its cells by their names as
    `row`, or the beginning of its `text` where it has no cells.
    """

    line: int
    why: str
    left: str = field(default="", compare=False)
    within: str = ""
    row: Mapping[str, str] = field(default_factory=dict, compare=False)
    text: str = field(default="", compare=False)


def rows(path: Path, shown: str) -> Iterator[Recipient | Rejection]:
    """Read the file row by row, in its order; blank rows are no rows.

    `shown` is the file as people know it. Raises AudienceError at once when the file as a whole
    cannot be used, later only when the disk fails.
    """
    with open_text(path, shown) as stream:
        header = read_header(stream, shown)
    return _rows(path, shown, header)


def count(path: Path, shown: str) -> int:
    """Count what `rows` will give, rejections too. Raises AudienceError as `rows` does."""
    with open_text(path, shown) as stream:
        header = read_header(stream, shown)
    return sum(1 for _ in body(partial(open_text, path, shown), shown, header))


def columns(path: Path, shown: str) -> tuple[str, ...]:
    """Name the merge fields that every recipient of the file has: `name`, `first_name`, and each
    further column as `[a-z][a-z0-9_]*`. Raises AudienceError as `rows` does.
    """
    with open_text(path, shown) as stream:
        return read_header(stream, shown).attributes


def digest(path: Path) -> str:
    """Hash the file's bytes (SHA-256, hexadecimal). Raises AudienceError if it cannot be read."""
    try:
        with open_plain(path) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise AudienceError(f"{path.name}: {why_not(path, error)}") from error


def body(opened: Opened, shown: str, header: Header) -> Iterator[Cells | Broken]:
    """Give every record below the header: the one reader that counting, reading and importing share."""
    try:
        with opened() as stream:
            below = records(stream, header.delimiter)
            next(below, None)
            yield from below
    except OSError as error:
        raise AudienceError(f"{shown}: the file cannot be read to its end ({error.strerror})") from error


def values_of(cells: list[str], header: Header) -> dict[str, str]:
    """Give the cells of a row that has no fault by their names, without the blanks around them."""
    values = dict(zip(header.names, map(str.strip, cells), strict=True))
    if "'" in "".join(cells):
        return {name: unguarded(value) for name, value in values.items()}
    return values


def without_surplus(cells: list[str], header: Header) -> list[str]:
    """Take off empty cells beyond the header's, which a spreadsheet writes."""
    while len(cells) > len(header.names) and not cells[-1].strip():
        cells.pop()
    return cells


def _rows(path: Path, shown: str, header: Header) -> Iterator[Recipient | Rejection]:
    tells_who_left = not TELLING.isdisjoint(header.names)
    for record in body(partial(open_text, path, shown), shown, header):
        if isinstance(record, Broken):
            yield Rejection(line=record.line, why=record.why)
        else:
            yield _row(record, header, tells_who_left)


def _row(record: Cells, header: Header, tells_who_left: bool) -> Recipient | Rejection:
    line = record.line
    cells = without_surplus(record.cells, header)
    if why := fault(cells, header):
        return Rejection(line=line, why=why)
    values = values_of(cells, header)
    try:
        person = recipient(values)
    except AddressError as error:
        return Rejection(line=line, why=f"this is no mail address: {error}")
    why = standing(values).why if tells_who_left else ""
    return Rejection(line=line, why=why, left=person.identity) if why else person
