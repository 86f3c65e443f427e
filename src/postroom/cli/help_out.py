"""`postroom help-out`: deliver as one of a crew. `postroom run --workers` starts it; nobody else calls it.

It imports what delivers and nothing that reads or renders, so that it is at work soon.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from _thread import start_new_thread
from pathlib import Path

import click

from postroom.cli import desk, logs, session, stopping
from postroom.config import Config
from postroom.errors import DISK_FAILED
from postroom.outbox import guard
from postroom.outbox.ledger import Ledger
from postroom.pipeline.abreast import deliver_abreast
from postroom.pipeline.lanes import close_lanes, open_lanes
from postroom.pipeline.roll import Roll
from postroom.pipeline.workers import STOP_SECONDS, Workers


@click.command(hidden=True)
@click.argument("name")
@click.option("--once", "only_once", is_flag=True)
@click.pass_obj
def command(config: Path, name: str, only_once: bool) -> int:
    """Deliver as one of a crew, under a name."""
    logs.configure(quiet=only_once)
    stop = stopping.on_signals()
    return help_out(session.config_or_last_good(config), name, stop, only_once=only_once)


def help_out(config: Config, name: str, stop: threading.Event, *, only_once: bool) -> int:
    """Deliver as one of a crew, until told to finish or left alone. What is in flight then is waited for: its end may
    be long in coming, where only the config has changed.

    The ledger is that of the process which started this one, whatever the config says by now: only that one's
    lock is held.
    """
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as told:
        url = told.readline().decode().strip()
    if not url:
        return 0
    _heed(stop)
    with Ledger(url, create=False) as ledger, desk.signs(ledger) as signs:
        roll = desk.sign_on(signs, name, session.now)
        try:
            _deliver(config, ledger, roll, stop, only_once=only_once)
        finally:
            roll.sign_off()
    return 0


def _deliver(config: Config, ledger: Ledger, roll: Roll, stop: threading.Event, *, only_once: bool) -> None:
    is_guarded = guard.check(ledger, guard.place_of(ledger.url)) is not None
    lanes = open_lanes(config, ledger, desk.shift_of(config, roll, only_rehearsals=is_guarded))
    if only_once:
        try:
            deliver_abreast(ledger, lanes, stop)
        finally:
            close_lanes(lanes)
        return
    is_broken = threading.Event()

    def break_off() -> None:
        is_broken.set()
        stop.set()

    workers = Workers(ledger, lanes.values(), lambda: None, break_off)
    workers.start()
    stop.wait()
    while not workers.rest(STOP_SECONDS):
        pass  # whoever started this process ends it when it is time
    if is_broken.is_set():
        os._exit(DISK_FAILED)  # closing would write once more to a disk of which nobody knows what it keeps


def _heed(stop: threading.Event) -> None:
    """Stop when standard input says anything. When it ends, the process that started this one is gone: then stop
    within the time of any stop; what hangs is judged by whoever starts next.

    It is read past Python's buffer, whose lock a thread that waits would hold while the interpreter ends.
    """
    handle = sys.stdin.fileno()

    def wait() -> None:
        while os.read(handle, 1024):
            stop.set()
        stop.set()
        time.sleep(STOP_SECONDS)
        os._exit(1)

    start_new_thread(wait, ())
