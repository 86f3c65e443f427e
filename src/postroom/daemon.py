"""The daemon: wakes publishing and the workers, follows changed files, and stops gracefully.

    heartbeat   once a second: has config.yaml changed? is anything due? then one tick
    workers     one thread a transport; replaced when config.yaml changes
    watcher     says that a file changed, so that the next beat need not wait

APScheduler only wakes. *When* an article goes out is data in files and in the outbox: a beat looks
whether something is due, so that a clock that jumps, a suspended machine or a long tick can drop nothing.
"""

from __future__ import annotations

import threading
import time
from codecs import BOM_UTF8
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import structlog

from postroom import config as settings
from postroom.config import Config
from postroom.errors import ConfigError, PostroomError
from postroom.model import Edition, EditionState, Finding
from postroom.outbox import meta
from postroom.outbox.ledger import Ledger
from postroom.outbox.meta import GoodConfig
from postroom.pipeline.decide import undecided_rehearsals
from postroom.pipeline.deliver import Clock
from postroom.pipeline.lanes import Secrets, open_lanes
from postroom.pipeline.project import open_project
from postroom.pipeline.publish import Publisher, Tick
from postroom.pipeline.wayout import with_ways_out
from postroom.pipeline.workers import Workers

if TYPE_CHECKING:
    from apscheduler.job import Job

log = structlog.get_logger()

Stamp: TypeAlias = tuple[int, int, int]
"""How config.yaml looks from outside: mtime in nanoseconds, size, inode."""

_UNREAD: Stamp = (-1, -1, -1)

HEARTBEAT_SECONDS = 1
"""How often the daemon looks whether something is due: an article goes out within seconds of its time."""

SILENCE_SECONDS = 5
"""After how long without a beat the heartbeat is armed anew."""

TICK_SECONDS = 30
"""How often it reads the folder although nothing said that a file changed: network folders do not say."""

AGAIN_SECONDS = 5
"""How soon a tick that failed as a whole is tried again."""

STOP_SECONDS = 9
"""How long a stop waits for what is in flight: Docker kills ten seconds after it asked. What is not
finished then is settled at the next start.
"""


class _Stopped(Exception):
    """A tick was left because the daemon stops."""


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
    _workers: Workers | None = None
    _publisher: Publisher | None = None
    _changed: threading.Event = field(default_factory=threading.Event)
    _unwatch: threading.Event = field(default_factory=threading.Event)
    _resting: threading.Event = field(default_factory=threading.Event)
    _job: Job | None = None
    _beaten: float = float("-inf")
    _next_due: datetime | None = None
    _next_look: float = float("-inf")
    _quiet_until: float = float("-inf")
    _told: frozenset[Finding] = frozenset()
    _stamp: Stamp = _UNREAD
    _suspect: Stamp = _UNREAD

    def run(self) -> bool:
        """Work until `stopping` is set, finish what is in flight, and tell whether all of it was.

        Raises PostroomError where the work cannot even begin.
        """
        from apscheduler.schedulers.background import BackgroundScheduler

        self._suspect = _stamp(self.path)
        if self._is_in_force():
            self._stamp = self._suspect
        self._adopt(self.config)
        self._resting.set()
        scheduler = BackgroundScheduler(timezone="UTC")
        self._job = scheduler.add_job(
            self.beat,
            "interval",
            seconds=HEARTBEAT_SECONDS,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )
        scheduler.start()
        while not self.stopping.wait(SILENCE_SECONDS):
            self._keep_awake()
        log.info("stopping")
        scheduler.shutdown(wait=False)
        return self._finished()

    def beat(self) -> None:
        """Look once whether anything is due, and publish if it is."""
        if self.stopping.is_set():
            return
        self._resting.clear()
        try:
            self._follow_config()
            if self._is_due():
                self._tick()
        except _Stopped:
            pass
        except PostroomError as error:
            self._try_again()
            log.error("tick failed; it is tried again", why=str(error))
        except Exception:  # edge: one tick
            self._try_again()
            log.exception("tick failed; it is tried again")
        finally:
            self._beaten = time.monotonic()
            self._resting.set()

    def _is_in_force(self) -> bool:
        """Whether config.yaml says what we work by: not if it is broken, or was edited while we started."""
        try:
            return self.path.read_bytes().removeprefix(BOM_UTF8) == self.config.text.encode()
        except (OSError, UnicodeEncodeError):
            return False

    def _keep_awake(self) -> None:
        """Arm the heartbeat anew when it has fallen silent.

        APScheduler reckons by the wall clock: one that is set back an hour would stop it for an hour.
        """
        is_silent = time.monotonic() - self._beaten > SILENCE_SECONDS
        if is_silent and self._resting.is_set() and self._job is not None:
            self._job.reschedule("interval", seconds=HEARTBEAT_SECONDS)

    def _finished(self) -> bool:
        begun = time.monotonic()
        is_whole = self._workers is None or self._workers.rest(STOP_SECONDS)
        is_whole &= self._resting.wait(max(begun + STOP_SECONDS - time.monotonic(), 0))
        log.info(
            "stopped" if is_whole else "stopped in the middle; the next start settles what was in flight"
        )
        return is_whole

    def _is_due(self) -> bool:
        now = time.monotonic()
        if now < self._quiet_until:
            return False
        is_time = self._next_due is not None and self.clock() >= self._next_due
        return is_time or self._changed.is_set() or now >= self._next_look

    def _try_again(self) -> None:
        """Look again after a failure, but not at every beat."""
        self._quiet_until = time.monotonic() + AGAIN_SECONDS
        self._changed.set()

    def _tick(self) -> None:
        assert self._publisher is not None
        assert self._workers is not None
        self._changed.clear()
        tick = self._publisher.publish(self.clock(), self._go_on)
        self._next_due = tick.next_due
        self._next_look = time.monotonic() + TICK_SECONDS
        if tick.unsettled:
            self._changed.set()
        self._report(tick)
        self.ledger.write(meta.beat, self.clock())
        self._workers.wake()

    def _go_on(self, done: int, total: int) -> None:
        """Leave a reading of many articles when it is time to stop."""
        if self.stopping.is_set():
            raise _Stopped

    def _report(self, tick: Tick) -> None:
        """Log what was frozen, and what was found since the last tick."""
        for edition in tick.frozen:
            _log_frozen(edition)
        if tick.is_idle:
            return
        found = frozenset((*tick.findings, *tick.broken))
        for finding in sorted(found - self._told, key=str):
            log.error("left out", why=str(finding))
        self._told = found

    def _follow_config(self) -> None:
        stamp = _stamp(self.path)
        is_settled = stamp == self._suspect  # a half-written file differs from one beat to the next
        self._suspect = stamp
        if stamp == self._stamp or not is_settled:
            return
        self._stamp = stamp
        try:
            self._change_to(with_ways_out(settings.load(self.path)))
        except ConfigError as error:
            for finding in error.findings:
                log.error("config is broken; the last good one stays in force", why=str(finding))
        except PostroomError as error:
            log.error("config cannot be used; the last good one stays in force", why=str(error))

    def _change_to(self, config: Config) -> None:
        if config.digest == self.config.digest:
            log.info("config is as it was")
        elif config.database != self.config.database:
            log.error("outbox.database changed; restart the daemon to move to it")
        else:
            log.info("config changed")
            self._adopt(config)

    def _adopt(self, config: Config) -> None:
        """Work by `config` from now on, and remember it as the last good one."""
        lanes = open_lanes(config, self.ledger, owner=self.owner, clock=self.clock, secrets=self.secrets)
        project = open_project(config, settle=True)
        kept = GoodConfig(text=config.text, digest=config.digest, path=str(config.path))
        self.ledger.write(meta.keep_config, kept)
        if self._workers is not None:
            self._workers.rest(STOP_SECONDS)
        self.config = config
        self._publisher = Publisher(project=project, ledger=self.ledger, stop=self.stopping)
        self._workers = Workers(self.ledger, lanes.values(), self._changed.set)
        self._workers.start()
        self._watch_files()
        self._changed.set()
        undecided = undecided_rehearsals(project, self.ledger)
        if undecided:
            log.error(
                "rehearsed editions wait for a person; `postroom outbox rehearsed` settles them",
                number=len(undecided),
            )

    def _watch_files(self) -> None:
        """Watch the files of the config in force, and no longer those of the one before."""
        self._unwatch.set()
        self._unwatch = threading.Event()
        arguments = (_watched(self.config), self._changed.set, self._unwatch)
        threading.Thread(target=_watch, args=arguments, name="watcher", daemon=True).start()


def _log_frozen(edition: Edition) -> None:
    if edition.state is EditionState.HELD:
        log.error("edition held for a person", edition=edition.key, why=edition.reason)
    else:
        log.info("edition enqueued", edition=edition.key)


def _watched(config: Config) -> list[Path]:
    audiences = (channel.audience for channel in config.channels.values())
    files = [who.file for who in audiences if who is not None and who.file is not None]
    return [config.articles.folder, config.templates, *files]


def _watch(paths: list[Path], changed: Callable[[], None], stop: threading.Event) -> None:
    from postroom.watching import watch

    try:
        watch(paths, changed, stop)
    except (OSError, RuntimeError) as error:
        log.warning("files cannot be watched; they are read twice a minute", why=str(error))


def _stamp(path: Path) -> Stamp:
    """Tell whether config.yaml changed, by what `stat` says; noughts while it is not there."""
    try:
        status = path.stat()
    except OSError:
        return 0, 0, 0
    return status.st_mtime_ns, status.st_size, status.st_ino
