"""Batch scheduling: a thread that wakes up waits for its turn, and interrupts nobody.

Whenever a server answers, the kernel wakes the thread that waits for it, at once and on whichever core runs another
of ours. That one holds the interpreter's lock, so both are stopped for nothing. Without this a mail costs a fifth
more; `benchmarks/outbox.py` measures it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def batch() -> Iterator[None]:
    """Run the calling thread, and those that it starts meanwhile, as batch work (sched(7), SCHED_BATCH).

    Its share of the processor stays what it is. Where the system knows no such thing, or forbids it, nothing is done.
    """
    if sys.platform != "linux":
        yield
        return
    is_changed = False
    with suppress(OSError):
        if os.sched_getscheduler(0) == os.SCHED_OTHER:
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
            is_changed = True
    try:
        yield
    finally:
        if is_changed:
            os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
