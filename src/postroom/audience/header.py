"""The first line of an audience file: which column means what."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import count
from typing import TYPE_CHECKING, Final

from postroom.audience.records import Broken, Cells, records
from postroom.errors import AudienceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TextIO

_DELIMITERS: Final = (",", ";", "\t")
_SAME: Final = {
    "e_mail": "email",
    "email_address": "email",
    "e_mail_address": "email",
    "full_name": "name",
    "firstname": "first_name",
    "given_name": "first_name",
    "lang": "language",
    "locale": "language",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the columns of a file are called, and how its cells are parted.

    `names` are merge-field names in file order, each once; `line` is the header's own.
    """

    names: tuple[str, ...]
    delimiter: str
    line: int

    @property
    def attributes(self) -> tuple[str, ...]:
        """The merge fields of every row: `name` and `first_name`, then the file's further columns."""
        further = [name for name in self.names if name != "email"]
        return tuple(dict.fromkeys(("name", "first_name", *further)))


def read_header(stream: TextIO, shown: str) -> Header:
    """Read the first record of a file opened at its start, by the delimiter that fits it best.

    Raises AudienceError when the file is empty, its header is broken or names no address.
    """
    attempts = {delimiter: _first(stream, delimiter, shown) for delimiter in _DELIMITERS}
    headers = [attempt for attempt in attempts.values() if isinstance(attempt, Header)]
    fitting = [header for header in headers if "email" in header.names]
    if fitting:
        return max(fitting, key=lambda header: len(header.names))
    stream.seek(0)
    likely = attempts[max(_DELIMITERS, key=stream.read(1000).count)]
    raise likely if isinstance(likely, AudienceError) else AudienceError(_no_email(likely, shown))


def field_name(text: str) -> str:
    """Turn a column's title into a merge-field name: `[a-z][a-z0-9_]*`, or nothing if none is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_").lstrip("0123456789_")


def _first(stream: TextIO, delimiter: str, shown: str) -> Header | AudienceError:
    """Read the header as if cells were parted by `delimiter`; a refusal is a value here, since
    another delimiter may fit.
    """
    stream.seek(0)
    match next(records(stream, delimiter), None):
        case None:
            return AudienceError(
                f"{shown}:1: the file is empty; its first line names the columns: email,name"
            )
        case Broken(line=line, why=why):
            return AudienceError(f"{shown}:{line}: the columns cannot be read: {why}")
        case Cells(line=line, cells=cells) if any("@" in cell for cell in cells):
            return AudienceError(f"{shown}:{line}: the first line must name the columns: email,name")
        case Cells(line=line, cells=cells):
            return _named(cells, delimiter, shown, line)


def _named(titles: Sequence[str], delimiter: str, shown: str, line: int) -> Header | AudienceError:
    names: dict[str, str] = {}
    for place, title in enumerate(titles, start=1):
        name = field_name(title) or f"column_{place}"
        name = _SAME.get(name, name)
        if name == "email" and name in names:
            both = f'"{names[name]}" and "{title}"'
            return AudienceError(f"{shown}:{line}: the columns {both} both hold the address; rename one")
        names[_unused(name, names)] = title
    return Header(names=tuple(names), delimiter=delimiter, line=line)


def _unused(name: str, names: Mapping[str, str]) -> str:
    candidates = (f"{name}_{number}" if number > 1 else name for number in count(1))
    return next(candidate for candidate in candidates if candidate not in names)


def _no_email(header: Header, shown: str) -> str:
    place = f"{shown}:{header.line}"
    close = get_close_matches("email", header.names, n=1, cutoff=0.5)
    hint = f'; did you mean "{close[0]}"? Rename it' if close else "; add it"
    return f'{place}: there is no column "email" among {", ".join(header.names[:12])}{hint}'
