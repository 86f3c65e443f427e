"""CSV text → records with the line they start on, whatever one of them does to the others.

Python's reader lets an unclosed quotation mark swallow the rest of the file. Here a record that
grows beyond reason costs only its first line: reading goes on with the next one.
"""

from __future__ import annotations

import csv
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_LINES: Final = 50
"""Lines a record may span: a postal address takes ten, an unclosed quotation mark takes the rest."""
MAX_CHARACTERS: Final = 1 << 20
"""Characters a record may have, so that memory stays bounded. A field may have 131,072 (the limit
of Python's csv module)."""
MAX_TOLD: Final = 10_000
"""Characters that are kept of a record which cannot be parted."""
_BLOCK_CHARACTERS: Final = 1 << 13
"""Characters parted at once: a hundred rows, so that few blocks have a broken one where one row in a hundred is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A record that is no CSV; `text` is the beginning of its first line."""

    line: int
    why: str
    text: str = ""


class Cells(NamedTuple):
    """The cells of one record, as written."""

    line: int
    cells: list[str]


def records(stream: TextIO, delimiter: str) -> Iterator[Cells | Broken]:
    """Read records one by one; blank ones (also `,,,`) are passed over. Lines count from 1.

    Most files have a record on every line: those are parted block by block, and only a block in which one is
    broken, or spans lines, is read line by line.
    """
    lines = _Lines(stream)
    while block := lines.block():
        rows = _one_a_line(block, delimiter)
        if rows is None:
            lines.put_back(block)
            yield from _line_by_line(lines, delimiter)
            continue
        yield from (Cells(line, cells) for line, cells in enumerate(rows, lines.first) if _is_told(cells))
        lines.first += len(block)


def _one_a_line(block: list[str], delimiter: str) -> list[list[str]] | None:
    """Part the cells of lines each of which is a record; None where one is not."""
    if max(map(len, block)) >= MAX_CHARACTERS:
        return None
    try:
        rows = list(csv.reader(block, delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return rows if len(rows) == len(block) else None


def _line_by_line(lines: _Lines, delimiter: str) -> Iterator[Cells | Broken]:
    """Read records until every line that was put back belongs to one."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        lines.begin()
        if not lines.has_returned:
            return
        try:
            cells = next(reader)
        except (_TooLarge, csv.Error) as error:
            lines.retreat()
            yield Broken(line=lines.first, why=_reason(error), text=lines.told[:MAX_TOLD])
            continue
        if _is_told(cells):
            yield Cells(lines.first, cells)


def _is_told(cells: list[str]) -> bool:
    """Whether anything stands in a record."""
    return any(cells) and any(map(str.strip, cells))


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

    @property
    def has_returned(self) -> bool:
        """Whether lines that were taken back wait to be read again."""
        return bool(self._returned)

    @property
    def told(self) -> str:
        """The first line of the current record, without its end."""
        return self._taken[0].rstrip("\r\n") if self._taken else ""

    def block(self) -> list[str]:
        """Take lines of so many characters as are read at a time; none at the end."""
        block: list[str] = []
        size = 0
        while size < _BLOCK_CHARACTERS and (line := self._read()):
            block.append(line)
            size += len(line)
        return block

    def put_back(self, block: list[str]) -> None:
        """Take back a block, to have its lines read one by one."""
        self._returned.extend(block)

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
