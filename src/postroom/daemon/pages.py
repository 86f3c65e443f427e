"""The public pages beside the daemon's other work, as the config in force wants them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Protocol, TypeAlias

import structlog

from postroom.config import Config
from postroom.errors import PostroomError
from postroom.outbox.ledger import Ledger

log = structlog.get_logger()


class Closing(Protocol):
    """Something that runs until it is closed."""

    def close(self) -> None:
        """End it."""


Opening: TypeAlias = Callable[[Config, Ledger], Closing | None]
"""Serves the pages as a config wants them; None where it wants none. Raises PostroomError where it cannot."""


@dataclass(slots=True)
class Pages:
    """Serves the pages of one config after the other. Where that cannot be, all other work goes on, and it is tried
    again at each `look`: the place may be taken by a server that ends.
    """

    ledger: Ledger
    opening: Opening
    _config: Config | None = None
    _served: Closing | None = None
    _refused: str = ""
    _changing: Lock = field(default_factory=Lock)

    def serve(self, config: Config) -> None:
        """Serve the pages of `config` from now on, and those before no more."""
        with self._changing:
            self._close()
            self._config = config
            self._open()

    def look(self) -> None:
        """Try again what could not be done."""
        with self._changing:
            self._open()

    def close(self) -> None:
        """Serve nothing any more."""
        with self._changing:
            self._close()

    def _open(self) -> None:
        if self._config is None:
            return
        try:
            self._served = self.opening(self._config, self.ledger)
        except PostroomError as error:
            if str(error) != self._refused:
                log.error("the public pages are not served; it is tried again", why=str(error))
            self._refused = str(error)
            return
        if self._served is not None:
            log.info("public pages served", url=self._config.web and self._config.web.url)
        self._config, self._refused = None, ""

    def _close(self) -> None:
        if self._served is not None:
            self._served.close()
        self._config = self._served = None
