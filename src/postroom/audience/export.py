"""Write rows as CSV that a spreadsheet shows and never runs.

A cell that starts with `=`, `+`, `-` or `@` (also full-width, or after a tab or line break) is a
formula to a spreadsheet. Such a cell gets an apostrophe in front (OWASP, "CSV Injection", read
2026-11-22), which reading takes off again.
"""

from __future__ import annotations

import csv
import re
from itertools import chain
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import TextIO

_FORMULA: Final = re.compile(r"['\s]*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


def write(
    rows: Iterable[Mapping[str, str]], stream: TextIO, *, fields: Sequence[str] = (), raw: bool = False
) -> int:
    """Write a header (`fields`, else the keys of the first row) and the rows; return how many rows.

    A key that a row lacks is an empty cell there; one that the header lacks is left out. `raw` leaves formulas as
    they are. `stream` should be opened with `newline=""`.
    """
    rows = iter(rows)
    if not fields:
        first = next(rows, None)
        if first is None:
            return 0
        fields, rows = list(first), chain([first], rows)
    keep = str if raw else guarded
    writer = csv.writer(stream, quoting=csv.QUOTE_MINIMAL, lineterminator="\r\n")
    writer.writerow(map(keep, fields))
    written = 0
    for row in rows:
        writer.writerow([keep(row.get(field, "")) for field in fields])
        written += 1
    return written


def guarded(cell: str) -> str:
    """Put an apostrophe before what a spreadsheet would run."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """Take off the apostrophe that `guarded` put on."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell, 1) else cell
