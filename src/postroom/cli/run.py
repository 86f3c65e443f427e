"""`postroom run`: publish and deliver, once or until told to stop."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click
import structlog

from postroom import config as settings
from postroom.cli import console, logs, session, stopping
from postroom.cli.moment import MOMENT, told
from postroom.cli.office import Office, at_work
from postroom.cli.pretend import on_a_copy, refuse_real_transports
from postroom.cli.report import print_report, report_json
from postroom.cli.worries import is_orphaned
from postroom.config import Config
from postroom.daemon import Daemon
from postroom.errors import DISK_FAILED, LedgerError, UsageError
from postroom.model import Severity
from postroom.outbox import guard
from postroom.outbox.sqlite import path_of
from postroom.pipeline.notify import tell_once
from postroom.pipeline.once import Done, once
from postroom.pipeline.survey import Progress
from postroom.pipeline.vitals import Vitals
from postroom.pipeline.wayout import with_ways_out

if TYPE_CHECKING:
    from postroom.outbox.ledger import Ledger
    from postroom.web.front.serving import Handle as Pages
    from postroom.web.health import Handle

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
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    metavar="N",
    help="Deliver with N processes, for more than one core can send.",
)
@console.json_option
@click.pass_obj
def command(config: Path, only_once: bool, at: datetime | None, workers: int, as_json: bool) -> int:
    """Publish what is ready and deliver it: as a daemon until Ctrl-C, or once with --once."""
    if at is not None and not only_once:
        raise UsageError("--at goes with --once")
    logs.configure(quiet=only_once)
    stop = stopping.on_signals()
    loaded = with_ways_out(settings.load(config)) if only_once else session.config_or_last_good(config)
    if at is not None:
        return _pretended(loaded, at, stop, as_json)
    with at_work(loaded, session.now, workers - 1, only_once=only_once) as office:
        if only_once:
            office.roll.wait_for_judgement(stop)
            return _once(loaded, office, stop, as_json)
        return _serve(config, loaded, office, stop)


def _pretended(config: Config, at: datetime, stop: threading.Event, as_json: bool) -> int:
    """Run once as if it were `at`; the ledger itself stays as it is."""
    zone = ZoneInfo(config.publication.timezone)
    moment = session.in_zone(at, zone)
    assert moment is not None
    if path_of(config.database) is None:
        raise UsageError("--at works on a copy of an SQLite ledger; PostgreSQL has none to make")
    refuse_real_transports(config)
    shift = moment - session.now()
    with (
        on_a_copy(config, min(moment, session.now())) as lent,
        at_work(lent, lambda: session.now() + shift, 0, only_once=True) as office,
    ):
        code = _once(lent, office, stop, as_json)
    if not as_json:
        click.echo(f"This was as if it were {told(moment, zone)}: the ledger knows nothing of it.")
    return code


def _once(config: Config, office: Office, stop: threading.Event, as_json: bool) -> int:
    shift = office.shift
    if (guarded := guard.beat(office.ledger, guard.place_of(config.database), shift.clock())) is not None:
        log.error("nothing real is sent", why=guarded.why)
        shift = replace(shift, only_rehearsals=True)
    if (room := shift.space.room()) is not None and not room.enqueues:
        raise LedgerError(room.told)
    with console.progress("Publishing") as progress:
        done = once(
            config,
            office.ledger,
            shift,
            stop=stop,
            progress=_unless(stop, progress),
            crew=office.crew,
        )
    tell_once(config, office.ledger, clock=shift.clock, secrets=shift.secrets)
    if as_json:
        console.print_json(report_json(done, config))
    else:
        print_report(done, config)
    return int(guarded is not None or _needs_somebody(done, config))


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


def _serve(path: Path, config: Config, office: Office, stop: threading.Event) -> int:
    daemon = Daemon(
        path=path,
        config=config,
        ledger=office.ledger,
        shift=office.shift,
        roll=office.roll,
        crew=office.crew,
        monitoring=_monitoring,
        pages=_pages,
        stopping=stop,
    )
    log.info("started", config=str(path), pid=os.getpid())
    is_whole = daemon.run()
    if daemon.is_broken:
        os._exit(DISK_FAILED)  # closing would write once more to a disk of which nobody knows what it keeps
    if not is_whole:
        os._exit(0)  # what hangs would keep the process; to leave it is what a kill -9 does, and that is safe
    return int(daemon.is_ousted)


def _pages(config: Config, ledger: Ledger) -> Pages | None:
    """Serve the public pages where there is a `web: url:`, unless `in_daemon: false` leaves that to `postroom web`."""
    if config.web is None or config.web.url is None or not config.web.in_daemon:
        return None
    from postroom.web.front import front_of
    from postroom.web.front.serving import serve_beside

    front = front_of(config, ledger, session.now, session.secrets(config.base))
    return serve_beside(front, config.web.listen)


def _monitoring(config: Config, vitals: Vitals) -> Handle | None:
    """Answer monitoring where `operation: listen:` says so."""
    if config.listen is None:
        return None
    from postroom.web.health import serve

    return serve(config, vitals, listen=config.listen, clock=session.now)
