"""Logs: one event a line on stderr, coloured on a terminal, JSON elsewhere."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from types import NoneType
from typing import Final

import structlog

from postroom.address import masked

_PLAIN: Final = (bool, int, float, NoneType)
"""What holds nobody's address. All else is written as text, whatever it was: a list, an error, a row."""


def configure(*, quiet: bool = False) -> None:
    """Set logging up for this process. `quiet` leaves only warnings and errors."""
    on_terminal = sys.stderr.isatty()
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer()
        if on_terminal
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _without_empty,
            _without_addresses,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING if quiet else logging.INFO),
        logger_factory=lambda *_: _Patient(sys.stderr),  # as it is when something is said
    )

    # The scheduler warns whenever a tick takes longer than a beat, which is nothing to warn of.
    logging.getLogger("apscheduler").setLevel(logging.CRITICAL)

    # The web server warns of what visitors send, which is theirs to mend; a fault of ours is an event like others.
    server = logging.getLogger("uvicorn")
    server.handlers, server.propagate = [_Relay()], False
    server.setLevel(logging.ERROR)


class _Relay(logging.Handler):
    """Says what a library logs as an event of ours, so that each line is one."""

    def emit(self, record: logging.LogRecord) -> None:
        """Say it."""
        structlog.get_logger().error(record.getMessage().strip(), exc_info=record.exc_info)


class _Patient(structlog.PrintLogger):
    """Writes lines; one for which the disk has no room stops nobody: it was a full disk that was to be told of."""

    def msg(self, message: str) -> None:
        """Write a line, later with the next one where that cannot be now."""
        with suppress(OSError):
            super().msg(message)

    log = debug = info = warn = warning = msg
    fatal = failure = err = error = critical = exception = msg


def _without_addresses(
    logger: object, method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Hide whose address it is, wherever one has got into a reason; a Message-ID is nobody's address."""
    return {
        name: value if name == "message_id" or isinstance(value, _PLAIN) else masked(str(value))
        for name, value in event.items()
    }


def _without_empty(
    logger: object, method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    return {name: value for name, value in event.items() if value is not None}
