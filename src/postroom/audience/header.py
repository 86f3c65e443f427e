"""The first line of an audience file: which column means what."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from postroom.audience.records import Broken, Cells, records
from postroom.errors import AudienceError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
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

    `names` are merge-field names in file order, each once; `titles` what the file itself calls them; `line` is
    the header's own.
    """

    names: tuple[str, ...]
    titles: tuple[str, ...]
    delimiter: str
    line: int

    @property
    def attributes(self) -> tuple[str, ...]:
        """The merge fields of every row: `name` and `first_name`, then the file's further columns."""
        further = [name for name in self.names if name != "email"]
        return tuple(dict.fromkeys(("name", "first_name", *further)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """How columns get their names: what a person says they are (`mapping`: title → name), and names that
    no column may have (`taken`).
    """

    mapping: Mapping[str, str]
    taken: Collection[str] = ()

    def given(self, title: str) -> str | None:
        """Return the name that a person gave a column."""
        plain = _plain_title(title)
        return next((name for theirs, name in self.mapping.items() if _plain_title(theirs) == plain), None)

    def name(self, title: str) -> str:
        """Name a column; "" where its title has no letter that a name may have."""
        own = field_name(title)
        return self.given(title) or _SAME.get(own, own)

    def unknown(self, titles: Iterable[str]) -> list[str]:
        """Return what a person named and is not among `titles`."""
        known = set(map(_plain_title, titles))
        return [theirs for theirs in self.mapping if _plain_title(theirs) not in known]

    def refuse_unknown(self, titles: Iterable[str], place: str) -> None:
        """Raise AudienceError if a person named a column that is not among `titles`."""
        titles = list(titles)
        if unknown := self.unknown(titles):
            raise AudienceError(_no_such_column(unknown[0], titles, place))


AS_TITLED: Final = Naming(mapping={})
"""Columns are what their titles say."""


def naming_of(mapping: Mapping[str, str] | None) -> Naming:
    """Take what a person says that columns are. Raises AudienceError for what can be no column's name."""
    given = {}
    for title, name in (mapping or {}).items():
        plain = field_name(name)
        if not plain:
            raise AudienceError(
                f'"{name}" can be no name of a column; name "{title}" one of email, name, first_name, language, tags '
                "and status, or what a merge field shall be called"
            )
        given[title] = _SAME.get(plain, plain)
    return Naming(mapping=given)


def read_header(stream: TextIO, shown: str, naming: Naming = AS_TITLED) -> Header:
    """Read the first record of a file opened at its start, by the delimiter that fits it best.

    Raises AudienceError when the file is empty, its header is broken or names no address.
    """
    attempts = {delimiter: _first(stream, delimiter, shown, naming) for delimiter in _DELIMITERS}
    headers = [attempt for attempt in attempts.values() if isinstance(attempt, Header)]
    fitting = [header for header in headers if "email" in header.names]
    if fitting:
        return max(fitting, key=lambda header: len(header.names))
    stream.seek(0)
    likely = attempts[max(_DELIMITERS, key=stream.read(1000).count)]
    if isinstance(likely, AudienceError):
        raise likely
    naming.refuse_unknown(likely.titles, f"{shown}:{likely.line}")
    raise AudienceError(_no_email(likely, shown))


def field_name(text: str) -> str:
    """Turn a column's title into a merge-field name: `[a-z][a-z0-9_]*`, or nothing if none is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_").lstrip("0123456789_")


def _plain_title(title: str) -> str:
    return " ".join(title.split()).casefold()


def _first(stream: TextIO, delimiter: str, shown: str, naming: Naming) -> Header | AudienceError:
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
            named = _named(cells, naming)
            if isinstance(named, str):
                return AudienceError(f"{shown}:{line}: {named}")
            return Header(names=named, titles=tuple(cells), delimiter=delimiter, line=line)


def _named(titles: Sequence[str], naming: Naming) -> tuple[str, ...] | str:
    """Name columns; what a person calls one no other is called. A refusal is a sentence."""
    given = [naming.given(title) for title in titles]
    claimed = {*given, *naming.taken}
    names: dict[str, str] = {}
    numbers: Counter[str] = Counter()
    for place, (title, theirs) in enumerate(zip(titles, given, strict=True), start=1):
        name = theirs or naming.name(title) or f"column_{place}"
        if not theirs and name in claimed:
            numbers[name] = max(numbers[name], 1)
        elif name in names and (theirs or name == "email"):
            what = "address" if name == "email" else name
            return f'the columns "{names[name]}" and "{title}" both hold the {what}; rename one'
        names[theirs or _unused(name, names, numbers)] = title
    return tuple(names)


def _unused(name: str, names: Collection[str], numbers: Counter[str]) -> str:
    """Give a name a number if others have it; `numbers` says how far each has been numbered."""
    while True:
        numbers[name] += 1
        candidate = name if numbers[name] == 1 else f"{name}_{numbers[name]}"
        if candidate not in names:
            return candidate


def _no_email(header: Header, shown: str) -> str:
    place = f"{shown}:{header.line}"
    close = get_close_matches("email", header.names, n=1, cutoff=0.5)
    hint = f'; did you mean "{close[0]}"? Rename it' if close else "; add it"
    return f'{place}: there is no column "email" among {", ".join(header.names[:12])}{hint}'


def _no_such_column(theirs: str, titles: Sequence[str], place: str) -> str:
    close = get_close_matches(_plain_title(theirs), list(map(_plain_title, titles)), n=1, cutoff=0.5)
    nearest = next((title for title in titles if close and _plain_title(title) == close[0]), None)
    hint = f'; did you mean "{nearest}"?' if nearest else f" among {', '.join(titles[:12])}"
    return f'{place}: there is no column "{theirs}"{hint}'
