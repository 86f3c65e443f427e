"""The daemon: wakes publishing and the workers, follows changed files, and stops gracefully.

APScheduler only wakes. *When* an article goes out is data in files and in the outbox: a short
heartbeat looks whether something is due, so that a clock that jumps, a suspended machine or a long
tick can drop nothing.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import structlog

from postroom import config as settings
from postroom.config import Config
from postroom.errors import ConfigError, PostroomError
from postroom.outbox import claim, meta
from postroom.outbox.ledger import Ledger
from postroom.outbox.meta import GoodConfig
from postroom.pipeline.deliver import Clock, Lane, deliver
from postroom.pipeline.lanes import Secrets, close_lanes, open_lanes
from postroom.pipeline.project import Project, open_project
from postroom.pipeline.publish import Publisher

log = structlog.get_logger()

HEARTBEAT_SECONDS = 1
"""How often the daemon looks whether something is due: an article goes out within seconds of its time."""

TICK_SECONDS = 30
"""How often it reads the folder although nothing said that a file changed: network folders do not say."""

POLL_SECONDS = 2
"""How often a worker looks for what another process released, approved or retried."""

STOP_SECONDS = 30
"""How long a stop waits for what is in flight; what is not finished then is settled at the next start."""


@dataclass(slots=True)
class Daemon:
    """Publishes and delivers one project until `stopping` is set.

    `path` is config.yaml, read anew when it changes; a broken one leaves the last good in force.
    `owner` names this process in the ledger.
    """

    path: Path
    config: Config
    ledger: Ledger
    clock: Clock
    secrets: Secrets
    owner: str
    stopping: threading.Event = field(default_factory=threading.Event)
    _changed: threading.Event = field(default_factory=threading.Event)
    _news: dict[str, threading.Event] = field(default_factory=dict)
    _lanes: dict[str, Lane] = field(default_factory=dict)
    _threads: list[threading.Thread] = field(default_factory=list)
    _retire: threading.Event = field(default_factory=threading.Event)
    _publisher: Publisher | None = None
    _next_due: datetime | None = None
    _last_tick: float = float("-inf")
    _stamp: tuple[int, int] | None = None

    def run(self) -> None:
        """Work until `stopping` is set, then finish what is in flight and return."""
        from apscheduler.schedulers.background import BackgroundScheduler

        self._adopt(self.config)
        self._stamp = _stamp(self.path)
        scheduler = BackgroundScheduler(timezone="UTC")
        scheduler.add_job(
            self.beat,
            "interval",
            seconds=HEARTBEAT_SECONDS,
            next_run_time=self.clock(),
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
        scheduler.start()
        try:
            self.stopping.wait()
        finally:
            log.info("stopping")
            self._retire.set()
            scheduler.shutdown(wait=True)
            self._rest_workers()
            log.info("stopped")

    def beat(self) -> None:
        """Look once whether anything is due, and publish if it is."""
        if self.stopping.is_set():
            return
        try:
            self._follow_config()
            if self._is_due():
                self._tick()
        except Exception:  # edge: one tick
            log.exception("tick failed")

    def _is_due(self) -> bool:
        due = self._next_due is not None and self.clock() >= self._next_due
        return due or self._changed.is_set() or time.monotonic() - self._last_tick >= TICK_SECONDS

    def _tick(self) -> None:
        assert self._publisher is not None
        self._changed.clear()
        self._last_tick = time.monotonic()
        issue = self._publisher.publish(self.clock())
        self._next_due = issue.next_due
        if issue.unsettled:
            self._changed.set()
        for edition in issue.frozen:
            log.info(
                "edition frozen", edition=edition.key, state=str(edition.state), reason=edition.reason or None
            )
        for finding in issue.findings:
            log.error("candidate left out", why=str(finding))
        self.ledger.write(meta.beat, self.clock())
        for news in self._news.values():
            news.set()

    def _follow_config(self) -> None:
        stamp = _stamp(self.path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            config = settings.load(self.path)
        except ConfigError as error:
            for finding in error.findings:
                log.error("config is broken; the last good one stays in force", why=str(finding))
            return
        if config.database != self.config.database:
            log.error("outbox.database changed; restart the daemon to move to it")
            return
        log.info("config changed")
        self._rest_workers()
        self._adopt(config)

    def _adopt(self, config: Config) -> None:
        """Work by `config` from now on, and remember it as the last good one."""
        self.config = config
        kept = GoodConfig(text=config.text, digest=config.digest, path=str(config.path))
        self.ledger.write(meta.keep_config, kept)
        project = open_project(config, settle=True)
        self._publisher = Publisher(project=project, ledger=self.ledger)
        self._retire = threading.Event()
        self._lanes = open_lanes(
            config, self.ledger, owner=self.owner, clock=self.clock, secrets=self.secrets
        )
        self._news = {name: threading.Event() for name in self._lanes}
        self._threads = [
            threading.Thread(target=self._work, args=(lane, self._retire), name=f"worker {name}")
            for name, lane in self._lanes.items()
        ]
        self._threads.append(
            threading.Thread(target=self._watch, args=(project, self._retire), name="watcher", daemon=True)
        )
        for thread in self._threads:
            thread.start()
        self._changed.set()

    def _rest_workers(self) -> None:
        """Let the workers finish what is in flight, and close their transports."""
        self._retire.set()
        for news in self._news.values():
            news.set()
        for thread in self._threads:
            thread.join(timeout=STOP_SECONDS)
        close_lanes(self._lanes)

    def _work(self, lane: Lane, retire: threading.Event) -> None:
        news = self._news[lane.name]
        while not retire.is_set():
            try:
                tally = deliver(self.ledger, lane, retire)
                if tally:
                    log.info("delivered", transport=lane.name, **tally.counts())
                    self._changed.set()
            except PostroomError as error:
                log.error("delivering failed", transport=lane.name, why=str(error))
            except Exception:  # edge: one delivery run
                log.exception("delivering failed", transport=lane.name)
            news.wait(self._pause(lane))
            news.clear()

    def _pause(self, lane: Lane) -> float:
        due = self.ledger.read(claim.next_due, lane.name)
        if due is None:
            return POLL_SECONDS
        return min(max((due - self.clock()).total_seconds(), 0.2), POLL_SECONDS)

    def _watch(self, project: Project, retire: threading.Event) -> None:
        from watchfiles import watch

        folders = [project.config.articles.folder, project.config.templates]
        present = [folder for folder in folders if folder.is_dir()]
        if not present:
            return
        try:
            for _ in watch(*present, stop_event=retire, rust_timeout=1_000, yield_on_timeout=False):
                self._changed.set()
        except (OSError, RuntimeError) as error:
            log.warning("files cannot be watched; they are read twice a minute", why=str(error))


def _stamp(path: Path) -> tuple[int, int] | None:
    """Tell whether config.yaml changed, by what `stat` says; None while it is not there."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
