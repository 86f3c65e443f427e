"""A table of people (CSV, TSV) → members, each bad row told by its line, its cells kept for mending."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from postroom.audience.export import unguarded
from postroom.audience.header import Header, Naming, read_header
from postroom.audience.imports.member import Columns, Refusal, columns_of, member
from postroom.audience.person import fault
from postroom.audience.reading import Opened, Rejection, body, values_of, without_surplus
from postroom.audience.records import MAX_TOLD, Broken, Cells
from postroom.model import Member, MembershipState

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table that can be opened again and again.

    `within` names it where it is one of several in a ZIP, and `state` is where everybody in it stands; None where
    each row says that.
    """

    opened: Opened
    shown: str
    within: str = ""
    state: MembershipState | None = None

    def header(self, naming: Naming) -> Header:
        """Read its first line. Raises AudienceError."""
        with self.opened() as stream:
            return read_header(stream, self.shown, naming)

    def members(self, header: Header) -> Iterator[Member | Rejection]:
        """Read it row by row. Raises AudienceError when it cannot be read to its end."""
        columns = columns_of(header.names, self.state)
        for record in body(self.opened, self.shown, header):
            if isinstance(record, Broken):
                yield self._broken(record)
                continue
            made = _member(record, header, columns)
            yield made if isinstance(made, Member) else self._rejection(record, made, header)

    def _broken(self, record: Broken) -> Rejection:
        return Rejection(line=record.line, why=record.why, within=self.within, text=record.text)

    def _rejection(self, record: Cells, refusal: Refusal, header: Header) -> Rejection:
        is_whole = len(record.cells) == len(header.names)
        row = dict(zip(header.names, map(_as_meant, record.cells), strict=True)) if is_whole else {}
        if row and self.state:
            row["status"] = self.state.value
        return Rejection(
            line=record.line,
            why=refusal.why,
            left=refusal.left,
            within=self.within,
            row=row,
            text="" if is_whole else header.delimiter.join(record.cells)[:MAX_TOLD],
        )


def _member(record: Cells, header: Header, columns: Columns) -> Member | Refusal:
    cells = without_surplus(record.cells, header)
    if why := fault(cells, header):
        return Refusal(why)
    return member(values_of(cells, header), columns)


def _as_meant(cell: str) -> str:
    """Take off what reading takes off, but no control character: it may be what is wrong."""
    return unguarded(cell.strip(" \t\r\n"))
