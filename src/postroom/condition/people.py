"""What a condition may ask of a person, whether a file or the ledger tells of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from postroom.model import Attribute, Recipient

OWN: Final = ("email", "name", "tags", "language", "domain", "joined", "source")
"""Names that everybody has. The others are the columns of a file, or what an import kept of one; of the last three a
column of that name says more."""


def traits(
    person: Recipient, *, tags: Sequence[str] = (), language: str = "", joined: str = "", source: str = ""
) -> Mapping[str, Attribute]:
    """Return what a condition sees of a person, by name. `joined` is a date as `2026-11-23`."""
    merge = person.merge
    return {
        "domain": person.domain,
        "joined": joined,
        "source": source,
        **merge,
        "email": person.address,
        "name": person.name,
        "tags": tuple(tags),
        "language": language or merge.get("language", ""),
    }
