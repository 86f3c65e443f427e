"""Find where files name people: the lines of a list, the headers of a written mail."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from postroom.address import Address
from postroom.audience.encoding import open_text
from postroom.plainfiles import read_plain

_WRITTEN: Final = re.compile(r"[^\s<>\"',;:|()\[\]{}]+@[^\s<>\"',;:|()\[\]{}]+")
_SIGNS: Final = "=+-@"
"""What may stand before an address that a spreadsheet has taken for a formula."""
_NOBODYS: Final = re.compile(
    r"(?:^|\.)(?:example\.(?:com|net|org)|example|test|invalid|localhost)\.*$", re.IGNORECASE
)
"""Domains that nobody can have (RFC 2606 §2 and §3, RFC 6761 §6)."""
_HEAD_BYTES: Final = 64 * 1024
"""A mail of ours begins with its headers, To among them; they are far shorter."""
_LONGEST: Final = 1 << 20
"""Characters of a line that are looked at, at a time."""


def spellings(people: Collection[Address]) -> frozenset[str]:
    """Give the ways in which files may spell the addresses of people, in small letters."""
    found = {person.identity for person in people}
    for person in people:
        with suppress(UnicodeError):
            domain = person.domain.encode("ascii").decode("idna")
            found.add(f"{person.identity.rpartition('@')[0]}@{domain.casefold()}")
    return frozenset(found)


def lines_naming(path: Path, spelt: Collection[str]) -> Iterator[int]:
    """Give the numbers of the lines of a text that hold one of some addresses, as an editor counts them.

    The text may be of any size and in any encoding. Raises AudienceError when it cannot be opened, OSError when it
    cannot be read to its end.
    """
    with open_text(path, path.name) as stream:
        number, told = 1, 0
        while line := stream.readline(_LONGEST):
            if told != number and names(line, spelt):
                told = number
                yield number
            number += line.endswith(("\n", "\r"))


def is_mail_to(path: Path, spelt: Collection[str]) -> bool:
    """Whether a file is a mail to one of some addresses. Raises OSError when it cannot be read."""
    return names(read_plain(path, _HEAD_BYTES, follow=False).decode("latin-1"), spelt)


def names_real_people(path: Path) -> bool:
    """Whether a text holds an address of a domain that may belong to somebody.

    Raises AudienceError when it cannot be opened, OSError when it cannot be read to its end.
    """
    with open_text(path, path.name) as stream:
        while line := stream.readline(_LONGEST):
            domains = (match[0].rpartition("@")[2] for match in _WRITTEN.finditer(line))
            if not all(_NOBODYS.search(each) for each in domains):
                return True
    return False


def names(text: str, spelt: Collection[str]) -> bool:
    """Whether a text holds one of some addresses, and not merely a longer one that ends like it."""
    if "@" not in text:
        return False
    found = {match[0].casefold().rstrip(".") for match in _WRITTEN.finditer(text)}
    found |= {each.lstrip(_SIGNS) for each in found}
    return not found.isdisjoint(spelt)
