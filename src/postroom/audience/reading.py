"""Rows of an audience file → recipients, each bad row told by its line and never in the way."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from postroom.address import normalise
from postroom.audience.encoding import open_text, why_not
from postroom.audience.export import unguarded
from postroom.audience.header import Header, read_header
from postroom.audience.records import Broken, Cells, records
from postroom.audience.standing import TELLING, why_left_out
from postroom.errors import AddressError, AudienceError
from postroom.model import Recipient
from postroom.plainfiles import open_plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Line breaks and tabs may stand in a cell; no other control character has a meaning in a mail.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_TITLES: Final = frozenset({"dr", "prof", "mr", "mrs", "ms", "mx", "miss", "herr", "frau", "sir", "dame"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """A row that nobody is written to for. `line` is where it starts, as an editor counts.

    `left` is the identity of whoever has left or may have, by what the row says; empty where that is not why.
    """

    line: int
    why: str
    left: str = field(default="", compare=False)


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
    return sum(1 for _ in _body(path, shown, header))


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


def _body(path: Path, shown: str, header: Header) -> Iterator[Cells | Broken]:
    """Give every record below the header: the one reader that counting and reading share."""
    try:
        with open_text(path, shown) as stream:
            below = records(stream, header.delimiter)
            next(below, None)
            yield from below
    except OSError as error:
        raise AudienceError(f"{shown}: the file cannot be read to its end ({error.strerror})") from error


def _rows(path: Path, shown: str, header: Header) -> Iterator[Recipient | Rejection]:
    tells_who_left = not TELLING.isdisjoint(header.names)
    for record in _body(path, shown, header):
        if isinstance(record, Broken):
            yield Rejection(line=record.line, why=record.why)
        else:
            yield _row(record, header, tells_who_left)


def _row(record: Cells, header: Header, tells_who_left: bool) -> Recipient | Rejection:
    line, cells = record
    while len(cells) > len(header.names) and not cells[-1].strip():
        cells.pop()
    if why := _fault(cells, header):
        return Rejection(line=line, why=why)
    values = dict(zip(header.names, map(str.strip, cells), strict=True))
    if "'" in "".join(cells):
        values = {name: unguarded(value) for name, value in values.items()}
    try:
        recipient = _recipient(values)
    except AddressError as error:
        return Rejection(line=line, why=f"this is no mail address: {error}")
    why = why_left_out(values) if tells_who_left else ""
    return Rejection(line=line, why=why, left=recipient.identity) if why else recipient


def _fault(cells: Sequence[str], header: Header) -> str:
    if len(cells) != len(header.names):
        return (
            f"the row has {len(cells)} cells where the header has {len(header.names)}; "
            f"put text that holds {header.delimiter!r} in quotation marks, and keep empty cells"
        )
    if "".join(cells).isprintable():  # no control character is
        return ""
    for name, cell in zip(header.names, cells, strict=True):
        if found := _CONTROL.search(cell):
            return f"the cell {name} holds the control character U+{ord(found[0]):04X}; remove it"
    return ""


def _recipient(values: dict[str, str]) -> Recipient:
    """Make a recipient of a row's `values`, which become the merge values."""
    address = normalise(values.pop("email"))
    name = values["name"] = " ".join(values.get("name", "").split())
    values["first_name"] = " ".join(values.get("first_name", "").split()) or _first_name(name)
    return Recipient(
        address=address.address, identity=address.identity, domain=address.domain, name=name, merge=values
    )


def _first_name(name: str) -> str:
    """Draw `Ada` from `Ada Lovelace`, `Lovelace, Ada` and `Dr. Ada Lovelace`."""
    family, comma, given = name.partition(",")
    words = (given if comma and given.strip() else family).split()
    return next((word for word in words if word.rstrip(".").casefold() not in _TITLES), "")
