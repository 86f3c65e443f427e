"""`postroom run`: publish and deliver, once or until told to stop."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import threading
from _thread import start_new_thread
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import structlog

from postroom import config as settings
from postroom import transports
from postroom.cli import console, logs, session
from postroom.cli.moment import MOMENT
from postroom.cli.pretend import on_a_copy, refuse_real_transports
from postroom.cli.report import print_report, report_json
from postroom.cli.worries import is_orphaned
from postroom.config import Config
from postroom.config.rescue import database_of
from postroom.daemon import Daemon
from postroom.errors import ConfigError, UsageError
from postroom.model import Severity
from postroom.outbox import meta, recover
from postroom.outbox.ledger import Ledger, exists
from postroom.outbox.lock import DaemonLock
from postroom.outbox.sqlite import path_of
from postroom.pipeline.once import Done, once
from postroom.pipeline.survey import Progress
from postroom.pipeline.wayout import with_ways_out
from postroom.transports.secret import reader

log = structlog.get_logger()


@click.command()
@click.option(
    "--once", "only_once", is_flag=True, help="Publish once, deliver until nothing is due, and exit."
)
@click.option(
    "--at",
    type=MOMENT,
    metavar="TIME",
    help="With --once: as if it were TIME, into folders only and on a copy of the ledger.",
)
@console.json_option
@click.pass_obj
def command(config: Path, only_once: bool, at: datetime | None, as_json: bool) -> int:
    """Publish what is ready and deliver it: as a daemon until Ctrl-C, or once with --once."""
    if at is not None and not only_once:
        raise UsageError("--at goes with --once")
    logs.configure(quiet=only_once)
    loaded = _load(config) if only_once else _load_or_last_good(config)
    _only_sqlite(loaded)
    if at is not None:
        return _pretended(loaded, at, as_json)
    with _sole_worker(loaded) as (ledger, owner):
        if only_once:
            return _once(loaded, ledger, owner, session.now, as_json)
        return _serve(config, loaded, ledger, owner)


def _load(path: Path) -> Config:
    return with_ways_out(settings.load(path))


def _load_or_last_good(path: Path) -> Config:
    """Load config.yaml; where it is broken, the last good one that the ledger keeps (the daemon tells)."""
    try:
        return _load(path)
    except ConfigError:
        database = database_of(path)
        text = _kept(database) if exists(database) else None
        if text is None:
            raise
        return settings.parse(text, path)


def _kept(database: str) -> str | None:
    with Ledger(database) as ledger:
        good = ledger.read(meta.last_good_config)
    return good.text if good is not None else None


@contextmanager
def _sole_worker(config: Config) -> Iterator[tuple[Ledger, str]]:
    """Own the ledger: no second daemon works on it, and what a dead one left is settled.

    The lock proves that nobody else is alive, whatever pid the dead had: in a container each start
    has the same.
    """
    owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    with DaemonLock(config.database), Ledger(config.database) as ledger:
        ledger.verify()
        found = ledger.write(
            recover.recover,
            session.now(),
            owner_alive=lambda _: False,
            idempotent=lambda kind: transports.find(kind).idempotent,
        )
        for doubt in found.repeats:
            log.warning("delivery may be repeated", edition=doubt.edition, message_id=doubt.message_id)
        for doubt in found.uncertain:
            log.error("delivery is uncertain; `postroom outbox resolve` decides", edition=doubt.edition)
        yield ledger, owner


def _only_sqlite(config: Config) -> None:
    """Refuse a ledger that no lock guards: what another process has in hand would count as left by a dead one."""
    if path_of(config.database) is None:
        raise UsageError(
            "`postroom run` works on SQLite only in this version: on PostgreSQL it cannot tell yet whether another "
            "daemon is alive; write `outbox: {database: sqlite:///postroom.db}`"
        )


def _pretended(config: Config, at: datetime, as_json: bool) -> int:
    """Run once as if it were `at`; the ledger itself stays as it is."""
    moment = session.in_zone(at, ZoneInfo(config.publication.timezone))
    assert moment is not None
    refuse_real_transports(config)
    shift = moment - session.now()
    with on_a_copy(config, min(moment, session.now())) as lent, _sole_worker(lent) as (ledger, owner):
        code = _once(lent, ledger, owner, lambda: session.now() + shift, as_json)
    if not as_json:
        click.echo(f"This was as if it were {moment:%Y-%m-%d %H:%M}: the ledger knows nothing of it.")
    return code


def _once(config: Config, ledger: Ledger, owner: str, clock: Callable[[], datetime], as_json: bool) -> int:
    stop = _stop_on_signals()
    with console.progress("Publishing") as progress:
        done = once(
            config,
            ledger,
            owner=owner,
            clock=clock,
            secrets=reader(os.environ, config.base),  # noqa: TID251
            stop=stop,
            progress=_unless(stop, progress),
        )
    if as_json:
        console.print_json(report_json(done, config))
    else:
        print_report(done, config)
    return int(_needs_somebody(done, config))


def _needs_somebody(done: Done, config: Config) -> bool:
    """Say whether a person should look: what merely waits for its time, or another try, is no failure, and
    what failed in earlier runs was told by them.
    """
    has_errors = any(each.severity is Severity.ERROR for each in done.findings)
    is_stuck = any(each.is_paused or is_orphaned(each, config) for each in done.backlogs)
    return has_errors or is_stuck or done.failed > 0 or done.uncertain > 0


def _unless(stop: threading.Event, progress: Progress) -> Progress:
    """Leave a reading of many articles when it is time to stop."""

    def go_on(done: int, total: int) -> None:
        if stop.is_set():
            raise click.Abort
        progress(done, total)

    return go_on


def _serve(path: Path, config: Config, ledger: Ledger, owner: str) -> int:
    daemon = Daemon(
        path=path,
        config=config,
        ledger=ledger,
        clock=session.now,
        secrets=reader(os.environ, config.base),  # noqa: TID251
        owner=owner,
        stopping=_stop_on_signals(),
    )
    log.info("started", config=str(path), pid=os.getpid())
    if not daemon.run():
        os._exit(0)  # what hangs would keep the process; to leave it is what a kill -9 does, and that is safe
    return 0


def _stop_on_signals() -> threading.Event:
    """Return the event that SIGTERM or SIGINT sets; a second signal ends the process at once."""
    stopping = threading.Event()
    signals: list[int] = []

    def stop(number: int, frame: object) -> None:
        if signals:
            os._exit(128 + number)
        signals.append(number)
        start_new_thread(stopping.set, ())  # the interrupted thread may hold the event's own lock

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, stop)
    return stopping
