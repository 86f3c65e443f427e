"""The values of one row → a recipient, whatever kind of file the row stood in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from postroom.address import normalise
from postroom.model import Recipient

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from postroom.audience.header import Header

# Line breaks and tabs may stand in a cell; no other control character has a meaning in a mail.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_TITLES: Final = frozenset({"dr", "prof", "mr", "mrs", "ms", "mx", "miss", "herr", "frau", "sir", "dame"})


def fault(cells: Sequence[str], header: Header) -> str:
    """Say why the cells of a row cannot be used; "" if they can."""
    if len(cells) != len(header.names):
        return (
            f"the row has {len(cells)} cells where the header has {len(header.names)}; "
            f"put text that holds {header.delimiter!r} in quotation marks, and keep empty cells"
        )
    if "".join(cells).isprintable():  # no control character is
        return ""
    return control_in(zip(header.names, cells, strict=True))


def control_in(named: Iterable[tuple[str, str]]) -> str:
    """Say which of some named cells holds a control character; "" if none does."""
    for name, cell in named:
        if found := _CONTROL.search(cell):
            return f"the cell {name} holds the control character U+{ord(found[0]):04X}; remove it"
    return ""


def recipient(values: dict[str, str]) -> Recipient:
    """Make a recipient of a row's `values`, which become the merge values. Raises AddressError."""
    address = normalise(values.pop("email"))
    name = values["name"] = " ".join(values.get("name", "").split())
    values["first_name"] = " ".join(values.get("first_name", "").split()) or _first_name(name)
    return Recipient(
        address=address.address, identity=address.identity, domain=address.domain, name=name, merge=values
    )


def _first_name(name: str) -> str:
    """Draw `Ada` from `Ada Lovelace`, `Lovelace, Ada` and `Dr. Ada Lovelace`."""
    family, comma, given = name.partition(",")
    words = (given if comma and given.strip() else family).split()
    return next((word for word in words if word.rstrip(".").casefold() not in _TITLES), "")
