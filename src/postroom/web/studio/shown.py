"""The studio's memory: what it shows now, and what it last saw well."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from postroom.errors import PostroomError
from postroom.web.studio.source import Entry, Sheet, Source

T = TypeVar("T")
_ASSETS_KEPT = 32  # more than one mail shows
_SHEETS_KEPT = 64  # a person goes to and fro between a handful; each may hold a megabyte


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown(Generic[T]):
    """A value, and what went wrong when it was last asked for; then it is the last good one.

    `before` is the last value that was another.
    """

    value: T
    trouble: str = ""
    before: T | None = None


class Desk:
    """Ask the source once for each generation, and keep its errors from breaking a page.

    Calls are made one at a time: a source need not be safe for threads.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._lock = threading.RLock()
        self._catalogues: _Memory[Sequence[Entry]] = _Memory(kept=1)
        self._sheets: _Memory[Sheet] = _Memory(kept=_SHEETS_KEPT)
        self._assets: _Memory[tuple[bytes, str] | None] = _Memory(kept=_ASSETS_KEPT)
        self._prefixes: _Memory[str] = _Memory(kept=1)

    def generation(self) -> int:
        """Count how often files have changed."""
        return self._source.generation()

    def catalogue(self) -> Shown[Sequence[Entry]]:
        """List all entries; none when there never was a good list."""
        with self._lock:
            return self._catalogues.recall("", self.generation(), self._source.catalogue, ())

    def sheet(self, entry: Entry) -> Shown[Sheet]:
        """Fetch what there is to see of an entry; a blank sheet when there never was a good one."""
        names = (entry.article, entry.channel, entry.variant)
        blank = Sheet(entry=entry, content=None)
        with self._lock:
            return self._sheets.recall(names, self.generation(), lambda: self._source.sheet(*names), blank)

    def asset(self, name: str) -> tuple[bytes, str] | None:
        """Fetch an image, if the source knows one by this name."""
        with self._lock:
            return self._assets.recall(name, self.generation(), lambda: self._source.asset(name), None).value

    def url_prefix(self) -> str:
        """Tell under which address the source's images will be published."""
        with self._lock:
            return self._prefixes.recall("", self.generation(), lambda: self._source.url_prefix, "").value


class _Memory(Generic[T]):
    """Answers of one kind, the latest `kept` of them, each with the generation it was given in."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._answers: OrderedDict[Hashable, tuple[int, Shown[T]]] = OrderedDict()

    def recall(self, key: Hashable, generation: int, question: Callable[[], T], otherwise: T) -> Shown[T]:
        """Answer from memory if nothing has changed, else anew, else as it last went well.

        That there is nothing is not remembered: it may come to be while nothing changes.
        """
        known = self._answers.pop(key, None)
        if known is None or known[0] != generation or known[1].value is None:
            last = known[1] if known else Shown(value=otherwise)
            known = (generation, _ask(question, last))
        self._answers[key] = known
        if len(self._answers) > self._kept:
            self._answers.popitem(last=False)
        return known[1]


def _ask(question: Callable[[], T], last: Shown[T]) -> Shown[T]:
    try:
        value = question()
    except PostroomError as error:
        return replace(last, trouble=str(error) or type(error).__name__)
    return Shown(value=value, before=last.before if value == last.value else last.value)
