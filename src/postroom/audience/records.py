"""CSV text → records with the line they start on, whatever one of them does to the others.

Python's reader lets an unclosed quotation mark swallow the rest of the file. Here a record that
grows beyond reason costs only its first line: reading goes on with the next one.
"""

from __future__ import annotations

import csv
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LINES: Final = 50
"""Lines a record may span: a postal address takes ten, an unclosed quotation mark takes the rest."""
MAX_CHARACTERS: Final = 1 << 20
"""Characters a record may have, so that memory stays bounded. A field may have 131,072 (the limit
of Python's csv module)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A record that is no CSV."""

    line: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """The cells of one record, as written."""

    line: int
    cells: list[str]


def records(stream: TextIO, delimiter: str) -> Iterator[Cells | Broken]:
    """Read records one by one; blank ones (also `,,,`) are passed over. Lines count from 1."""
    lines = _Lines(stream)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (_TooLarge, csv.Error) as error:
            lines.retreat()
            yield Broken(line=lines.first, why=_reason(error))
            continue
        if any(cells) and any(map(str.strip, cells)):
            yield Cells(line=lines.first, cells=cells)


class _TooLarge(Exception):
    """A record grew beyond its bounds."""


class _Lines:
    """Physical lines that remember what the current record has taken, and can take it back."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._returned: deque[str] = deque()
        self._taken: list[str] = []
        self._size = 0
        self.first = 1

    def begin(self) -> None:
        """Start a new record on the next line."""
        self.first += len(self._taken)
        self._taken.clear()
        self._size = 0

    def retreat(self) -> None:
        """Give up on the current record's first line; its other lines are read anew."""
        self._returned.extendleft(reversed(self._taken[1:]))
        del self._taken[1:]

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._returned.popleft() if self._returned else self._read()
        if not line:
            raise StopIteration
        self._taken.append(line)
        self._size += len(line)
        if self._size >= MAX_CHARACTERS or len(self._taken) > MAX_LINES:
            raise _TooLarge
        return line

    def _read(self) -> str:
        """Read a line; of one that is too long only its start is kept."""
        line = rest = self._stream.readline(MAX_CHARACTERS)
        while len(rest) == MAX_CHARACTERS and not rest.endswith(("\n", "\r")):
            rest = self._stream.readline(MAX_CHARACTERS)
        return line


def _reason(error: Exception) -> str:
    if isinstance(error, _TooLarge) or "field larger" in str(error):
        return (
            f"the row is longer than {MAX_LINES} lines or 131,072 characters; is a quotation mark not closed?"
        )
    return 'a quotation mark is not closed, or stands inside a cell without being doubled ("")'
