"""What a condition sees of the row of an audience file: the same as of a member of a list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from postroom.audience.imports import labels
from postroom.audience.reading import Rejection, rows
from postroom.condition import Condition, traits
from postroom.model import Attribute, Recipient


def traits_of(person: Recipient, shown: str) -> Mapping[str, Attribute]:
    """Return what a condition sees of a row of the file `shown`; nobody knows when they joined."""
    merge = person.merge
    tags = labels.tags_of([merge[name] for name in labels.TAGS if name in merge])
    return traits(person, tags=tags, language=labels.language_of(merge.get("language", "")), source=shown)


def chosen(path: Path, shown: str, only: Condition | None) -> Iterator[Recipient | Rejection]:
    """Read a file as `rows` does, but of its people only those for whom a condition holds. Raises AudienceError."""
    found = rows(path, shown)
    if only is None:
        return found
    return (row for row in found if isinstance(row, Rejection) or only.holds(traits_of(row, shown)))
