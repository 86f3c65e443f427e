"""What a tick leaves in the log."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from postroom.model import Edition, EditionState, Finding
from postroom.pipeline.publish import Tick

log = structlog.get_logger()


@dataclass(slots=True)
class Report:
    """Logs what ticks froze, and each finding once for as long as it lasts."""

    _told: frozenset[Finding] = frozenset()

    def tell(self, tick: Tick) -> None:
        """Log what was frozen, and what was found since the last tick."""
        for edition in tick.frozen:
            _log_frozen(edition)
        if tick.is_idle:
            return
        found = frozenset((*tick.findings, *tick.broken))
        for finding in sorted(found - self._told, key=str):
            log.error("left out", why=str(finding))
        self._told = found


def _log_frozen(edition: Edition) -> None:
    if edition.state is EditionState.HELD:
        log.error("edition held for a person", edition=edition.key, why=edition.reason)
    else:
        log.info("edition enqueued", edition=edition.key)
