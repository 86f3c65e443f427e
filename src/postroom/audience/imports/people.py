"""JSON objects → members, each that cannot be one told by its line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from postroom.audience.header import Naming
from postroom.audience.imports import labels
from postroom.audience.imports.member import Refusal, columns_of, member
from postroom.audience.imports.objects import Found, Pairs, Value, objects
from postroom.audience.person import control_in
from postroom.audience.reading import Opened, Rejection
from postroom.audience.records import Broken
from postroom.errors import AudienceError
from postroom.model import Member

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MAX_KEYS: Final = 1_000
"""Different keys in a file, so that memory stays bounded; a table has no more columns."""
_MAX_VALUE_CHARACTERS: Final = 131_072
"""As many as a cell of CSV may have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A JSON file that can be opened again and again."""

    opened: Opened
    shown: str

    def refuse_unknown(self, naming: Naming) -> None:
        """Raise AudienceError if a person named a key that no object has."""
        seen: dict[str, None] = {}
        for key in self._keys() if naming.mapping else ():
            seen[key] = None
            if not naming.unknown(seen):
                return
        naming.refuse_unknown(seen, self.shown)

    def members(self, naming: Naming) -> Iterator[Member | Rejection]:
        """Read it object by object. Raises AudienceError when it cannot be read to its end."""
        keys = _Keys(naming=naming)
        for found in self._objects():
            if isinstance(found, Broken):
                yield Rejection(line=found.line, why=found.why, text=found.text)
            else:
                yield _member(found, keys)

    def _keys(self) -> Iterator[str]:
        """Give the keys of all objects, each once."""
        seen: set[str] = set()
        for found in self._objects():
            if isinstance(found, Found) and isinstance(found.value, Pairs):
                new = [key for key, _ in found.value if key not in seen][: _MAX_KEYS - len(seen)]
                seen.update(new)
                yield from dict.fromkeys(new)

    def _objects(self) -> Iterator[Found | Broken]:
        try:
            with self.opened() as stream:
                yield from objects(stream, self.shown)
        except OSError as error:
            raise AudienceError(
                f"{self.shown}: the file cannot be read to its end ({error.strerror})"
            ) from error


class _TooManyKeys(Exception):
    """A file has more different keys than memory should hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keys:
    """The names of a file's keys, each found out once."""

    naming: Naming
    known: dict[str, str] = field(default_factory=dict)

    def name(self, key: str) -> str:
        """Name a key; one without a letter that a name may have is `column_` with its number. Raises _TooManyKeys."""
        if key not in self.known:
            if len(self.known) >= _MAX_KEYS:
                raise _TooManyKeys
            self.known[key] = self.naming.name(key) or f"column_{len(self.known) + 1}"
        return self.known[key]


def _member(found: Found, keys: _Keys) -> Member | Rejection:
    values = _values(found.value, keys)
    if isinstance(values, str):
        return Rejection(line=found.line, why=values, text=found.text)
    row = dict(values)
    made = _refused(values) or member(values, columns_of(tuple(values)))
    if isinstance(made, Member):
        return made
    return Rejection(line=found.line, why=made.why, left=made.left, row=row)


def _refused(values: dict[str, str]) -> Refusal | None:
    why = "" if "".join(values.values()).isprintable() else control_in(values.items())
    return Refusal(why) if why else None


def _values(value: Value, keys: _Keys) -> dict[str, str] | str:
    """Give an object's values by their names as a table would; or say why they cannot stand in one."""
    if not isinstance(value, Pairs):
        return 'this is no object such as {"email": "ada@example.org"}'
    titles: dict[str, str] = {}
    values: dict[str, str] = {}
    try:
        for key, theirs in value:
            name = keys.name(key)
            if name in values:
                return f'the keys "{titles[name]}" and "{key}" both mean {name}; keep one'
            cell = _cell(name, key, theirs)
            if isinstance(cell, Refusal):
                return cell.why
            titles[name], values[name] = key, cell
    except _TooManyKeys:
        return f"the file has more than {_MAX_KEYS:,} different keys"
    return (
        values
        if "email" in values
        else f"there is no email among its keys {', '.join(titles.values())[:200]}"
    )


def _cell(name: str, key: str, value: Value) -> str | Refusal:
    """Write a value as a cell has it."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case str():
            if len(value) > _MAX_VALUE_CHARACTERS:
                return Refusal(f"the value of {key} is longer than {_MAX_VALUE_CHARACTERS:,} characters")
            return value.strip()
        case Pairs():
            return Refusal(f"the value of {key} is an object; write what is in it as keys of their own")
        case list():
            return _listed(name, key, value)


def _listed(name: str, key: str, values: Sequence[object]) -> str | Refusal:
    if name not in labels.TAGS:
        return Refusal(f"the value of {key} is a list; only {', '.join(labels.TAGS)} may be one")
    tags = [each for each in values if isinstance(each, str)]
    if len(tags) != len(values):
        return Refusal(f"the list {key} holds something other than texts")
    cell = labels.joined(tags)
    return cell if len(cell) <= _MAX_VALUE_CHARACTERS else Refusal(f"the list {key} is too long")
