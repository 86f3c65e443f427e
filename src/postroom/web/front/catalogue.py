"""What anybody may read, as the ledger has it: asked for at most once a second, and told to everybody."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from starlette.concurrency import run_in_threadpool

from postroom.compose.merge import fill_text
from postroom.model import Email
from postroom.outbox import reading
from postroom.outbox.ledger import Ledger
from postroom.outbox.reading import Piece
from postroom.render.merge import FENCE, mark
from postroom.slugs import slug_of
from postroom.web.public import Published, summary

FRESH_SECONDS: Final = 1.0
"""How long nobody asks the ledger again: what is pulled is gone from the web a second later."""

_TOLD_KEPT: Final = 1000
"""Of how many pieces it is kept what a line of the archive tells; those on 50 of its pages."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What there is at one moment. `version` differs where it does; `shown` are the pieces to list, newest first."""

    version: object = None
    shown: tuple[tuple[str, Piece], ...] = ()
    by_slug: Mapping[str, Piece] = field(default_factory=dict)


@dataclass(slots=True)
class Lookup:
    """Asks the ledger about the pieces of `channels`. `base` is the path below which pieces are read."""

    ledger: Ledger
    channels: Sequence[str]
    base: str
    language: str
    seconds: Callable[[], float] = time.monotonic
    _catalogue: Catalogue = field(default_factory=Catalogue)
    _asked: float = float("-inf")
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _told: dict[int, Published] = field(default_factory=dict)
    _telling: threading.Lock = field(default_factory=threading.Lock)

    async def catalogue(self) -> Catalogue:
        """Tell what there is, as it was a second ago at most. Raises LedgerError."""
        if self._is_fresh():
            return self._catalogue
        async with self._asking:
            if not self._is_fresh():
                began = self.seconds()
                self._catalogue = await run_in_threadpool(self._look)
                self._asked = began
        return self._catalogue

    def email(self, piece: Piece) -> Email | None:
        """Read what a piece holds; None where that is no mail."""
        content = self.ledger.read(reading.content_of, piece)
        return content if isinstance(content, Email) else None

    def published(self, slug: str, piece: Piece) -> Published | None:
        """Tell what a line of the archive says of a piece; None where it holds no mail."""
        with self._telling:
            known = self._told.get(piece.edition)
            if known is None and (email := self.email(piece)) is not None:
                if len(self._told) >= _TOLD_KEPT:
                    self._told.clear()
                known = self._told[piece.edition] = self._published(slug, piece, email)
        return known

    def _published(self, slug: str, piece: Piece, email: Email) -> Published:
        return Published(
            id=f"urn:uuid:{uuid5(NAMESPACE_URL, f'postroom:{piece.token or slug}')}",
            title=fill_text(mark(piece.title, FENCE), FENCE, {}),
            url=f"{self.base}/e/{slug}",
            published_at=piece.sent_at,
            updated_at=piece.revised_at,
            subtitle=summary(email),
            language=email.language if email.language != self.language else "",
        )

    def _is_fresh(self) -> bool:
        return self.seconds() - self._asked < FRESH_SECONDS

    def _look(self) -> Catalogue:
        version = self.ledger.read(reading.version)
        if version == self._catalogue.version:
            return self._catalogue
        found = self.ledger.read(partial(reading.pieces, channels=self.channels))
        by_slug = {slug_of(each.channel, each.variant, each.article): each for each in found}
        shown = tuple((slug, each) for slug, each in by_slug.items() if not each.is_gone)
        return Catalogue(version, shown, by_slug)
