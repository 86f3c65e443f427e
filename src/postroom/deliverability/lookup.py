"""What the DNS says, as values. The judges are handed a function that answers; only `resolver` asks a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

Kind = Literal["A", "AAAA", "MX", "PTR", "TXT"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The records of one kind at a name, at least one.

    Each is text: an address, a host without its last dot, for MX `10 mail.example.org` (`0 .` for the null MX), and for
    TXT its strings joined, one character for each byte, so that none is lost.
    """

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """There are no such records. `exists`: the name has records of other kinds (no answer, not NXDOMAIN)."""

    exists: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Nobody could say (SERVFAIL, no answer in time), which tells nothing about the name; `why` is a clause."""

    why: str


Answer: TypeAlias = Found | Absent | Failed


class Lookup(Protocol):
    """Asks the DNS. Never raises: a name that cannot exist is `Absent`."""

    def __call__(self, name: str, kind: Kind, /) -> Answer:
        """Return the records of a kind at a name."""
