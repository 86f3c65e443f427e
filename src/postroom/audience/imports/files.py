"""A file of people in any form that is known → members and rejections, and their numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Final

from postroom.audience.encoding import open_text, why_not
from postroom.audience.header import Naming, naming_of
from postroom.audience.imports import archive
from postroom.audience.imports.objects import is_json
from postroom.audience.imports.people import Document
from postroom.audience.imports.table import Table
from postroom.audience.reading import Rejection
from postroom.errors import AudienceError
from postroom.model import Member, MembershipState
from postroom.plainfiles import open_plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_BEGINNING: Final = 4096
"""Characters among which a file shows what it is."""
_MAX_COLUMNS: Final = 1_000
"""Columns of rejected rows that are named, so that memory stays bounded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many a file has of each state, and how many rows of which nobody can be made.

    `columns` are those that rejected rows have.
    """

    states: Mapping[MembershipState, int]
    rejected: int
    columns: tuple[str, ...]

    @property
    def total(self) -> int:
        """All rows."""
        return sum(self.states.values()) + self.rejected

    @property
    def left_out(self) -> int:
        """Members who do not want mail."""
        return sum(number for state, number in self.states.items() if state is not MembershipState.CONFIRMED)


def members(file: Path, shown: str, mapping: Mapping[str, str] | None = None) -> Iterator[Member | Rejection]:
    """Read a file row by row, in its order: CSV and TSV, JSON and JSON Lines, the ZIP of a Mailchimp export.

    `shown` is the file as people know it. `mapping` says what its columns are: their title → `email`, `name`,
    `first_name`, `language`, `tags`, `status`, or the merge field to make of it.
    Raises AudienceError at once when the file as a whole cannot be used or a column of `mapping` is not there;
    later when the file turns out to be damaged.
    """
    naming = naming_of(mapping)
    if _start(file, shown).startswith(archive.MAGIC):
        return _of_archive(file, shown, naming)
    opened = partial(open_text, file, shown)
    with opened() as stream:
        beginning = stream.read(_BEGINNING)
    if is_json(beginning):
        document = Document(opened=opened, shown=shown)
        document.refuse_unknown(naming)
        return document.members(naming)
    return _of_tables([Table(opened=opened, shown=shown)], shown, naming)


def count(file: Path, shown: str, mapping: Mapping[str, str] | None = None) -> Counts:
    """Count what `members` will give, in the memory of one row. Raises AudienceError as `members` does.

    Whoever counts first finds out about a damaged file before anything of it is used.
    """
    states: Counter[MembershipState] = Counter()
    rejected = 0
    columns: dict[str, None] = {}
    for each in members(file, shown, mapping):
        if isinstance(each, Member):
            states[each.state] += 1
        else:
            rejected += 1
            columns.update(dict.fromkeys(each.row) if len(columns) < _MAX_COLUMNS else {})
    return Counts(states=states, rejected=rejected, columns=tuple(columns)[:_MAX_COLUMNS])


def _start(file: Path, shown: str) -> bytes:
    try:
        with open_plain(file) as stream:
            return stream.read(4)
    except OSError as error:
        raise AudienceError(f"{shown}: {why_not(file, error)}") from error


def _of_archive(file: Path, shown: str, naming: Naming) -> Iterator[Member | Rejection]:
    """Read each table of a ZIP. Its file says where somebody stands, so a column `status` is about something else."""
    return _of_tables(archive.tables(file, shown), shown, replace(naming, taken=("status",)))


def _of_tables(tables: Sequence[Table], shown: str, naming: Naming) -> Iterator[Member | Rejection]:
    headers = [table.header(naming) for table in tables]
    titles = [title for header in headers for title in header.titles]
    line = f":{headers[0].line}" if len(headers) == 1 else ""
    naming.refuse_unknown(dict.fromkeys(titles), f"{shown}{line}")
    return chain.from_iterable(table.members(header) for table, header in zip(tables, headers, strict=True))
