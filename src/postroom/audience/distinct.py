"""Count different people in the memory of a few bytes for each, however long a file is."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

_HEAPS = 256


class Distinct:
    """Counts different identities. It keeps a hash of 64 bits of each: of a million people, two are taken for
    one with a chance of one to thirty million.
    """

    def __init__(self) -> None:
        self._heaps = [array("q") for _ in range(_HEAPS)]

    def add(self, identity: str) -> None:
        """Count `identity`, if it was not counted before."""
        number = hash(identity)
        self._heaps[number % _HEAPS].append(number)

    def count(self, *, without: Iterable[str] = ()) -> int:
        """Return how many there are, `without` some of them; only one heap at a time is looked through."""
        out: list[set[int]] = [set() for _ in range(_HEAPS)]
        for identity in without:
            number = hash(identity)
            out[number % _HEAPS].add(number)
        return sum(len(set(heap) - gone) for heap, gone in zip(self._heaps, out, strict=True))
