"""Stop in an orderly way when a signal says so."""

from __future__ import annotations

import os
import signal
import threading
from _thread import start_new_thread


def on_signals() -> threading.Event:
    """Return the event that SIGTERM or SIGINT sets; a second signal ends the process at once."""
    stopping = threading.Event()
    signals: list[int] = []

    def stop(number: int, frame: object) -> None:
        if signals:
            os._exit(128 + number)
        signals.append(number)
        try:
            start_new_thread(stopping.set, ())  # the interrupted thread may hold the event's own lock
        except RuntimeError:  # no memory for a thread; it hardly ever does, and a second signal ends all
            stopping.set()

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, stop)
    return stopping
