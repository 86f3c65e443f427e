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
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from postroom import config as settings
from postroom.config import Config
from postroom.daemon.crew import Crew
from postroom.daemon.files import ConfigFile
from postroom.daemon.greeter import Greeter
from postroom.daemon.pages import Opening
from postroom.daemon.report import Report
from postroom.daemon.staff import Monitoring, Staff
from postroom.daemon.upkeep import Upkeep
from postroom.errors import ConfigError, LedgerBroken, LedgerLocked, PostroomError
from postroom.outbox import leader
from postroom.outbox.ledger import Ledger
from postroom.pipeline.decide import undecided_rehearsals
from postroom.pipeline.lanes import Shift
from postroom.pipeline.roll import Roll
from postroom.pipeline.vitals import CONFIG, Role, Vitals
from postroom.pipeline.wayout import with_ways_out
from postroom.pipeline.workers import STOP_SECONDS

if TYPE_CHECKING:
    from apscheduler.job import Job

    from postroom.daemon.beat import Beat

__all__ = ["STOP_SECONDS", "Daemon"]

log = structlog.get_logger()

HEARTBEAT_SECONDS = 1
"""How often the daemon looks whether something is due: an article goes out within seconds of its time."""

SILENCE_SECONDS = 5
"""After how long without a beat the heartbeat is armed anew."""

TICK_SECONDS = 30
"""How often it reads the folder although nothing said that a file changed: network folders do not say."""

AGAIN_SECONDS = 5
"""How soon a tick that failed as a whole is tried again."""


class _Stopped(Exception):
    """A tick was left because the daemon stops."""


@dataclass(slots=True)
class Daemon:
    """Publishes and delivers one project until `stopping` is set.

    `path` is config.yaml, read anew when it changes; a broken one leaves the last good in force. `shift` says how
    lanes are worked, `crew` who helps. At the end the disk may be `is_broken`, or the ledger's lock lost: `is_ousted`.
    """

    path: Path
    config: Config
    ledger: Ledger
    shift: Shift
    roll: Roll
    crew: Crew
    monitoring: Monitoring = lambda config, vitals: None
    pages: Opening = lambda config, ledger: None
    stopping: threading.Event = field(default_factory=threading.Event)
    vitals: Vitals = field(default_factory=lambda: Vitals(time.monotonic))
    is_broken: bool = False
    is_ousted: bool = False
    _upkeep: Upkeep = field(init=False)
    _greeter: Greeter = field(init=False)
    _staff: Staff = field(init=False)
    _file: ConfigFile = field(init=False)
    _is_guarded: bool = False
    _changed: threading.Event = field(default_factory=threading.Event)
    _resting: threading.Event = field(default_factory=threading.Event)
    _job: Job | None = None
    _beaten: float = float("-inf")
    _next_due: datetime | None = None
    _next_look: float = float("-inf")
    _quiet_until: float = float("-inf")
    _report: Report = field(default_factory=Report)

    def __post_init__(self) -> None:
        self._upkeep = Upkeep(
            ledger=self.ledger,
            url=self.config.database,
            clock=self.shift.clock,
            vitals=self.vitals,
            space=self.shift.space,
        )
        self._greeter = Greeter(
            ledger=self.ledger, clock=self.shift.clock, vitals=self.vitals, space=self.shift.space
        )
        self._staff = Staff(
            ledger=self.ledger,
            shift=self.shift,
            crew=self.crew,
            vitals=self.vitals,
            monitoring=self.monitoring,
            pages=self.pages,
            stopping=self.stopping,
            changed=self._changed.set,
            broken=self._break_off,
            before_big=self._upkeep.back_up,
        )
        self._file = ConfigFile(self.path)

    def run(self) -> bool:
        """Work until `stopping` is set, finish what is in flight, and tell whether all of it was.

        Raises PostroomError where the work cannot even begin.
        """
        from apscheduler.schedulers.background import BackgroundScheduler

        if not self._file.is_in_force(self.config):
            self.vitals.broke(CONFIG, "config.yaml is broken; the last good one is in force")
        self._upkeep.look()
        self._resting.set()
        try:
            self._adopt(self.config)
        except BaseException:
            self._finished()
            raise
        scheduler = BackgroundScheduler(timezone="UTC")
        self._job = scheduler.add_job(
            self.beat,
            _beats(),
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
        self.vitals.beat()
        try:
            self.crew.look()
            self._follow_config()
            if self._is_due():
                self._tick()
            if self._staff.publisher is not None and self._greeter.look(self._staff.publisher.project):
                self._staff.wake()
        except _Stopped:
            pass
        except LedgerLocked as error:
            log.critical("another daemon may be at work", why=str(error))
            self.is_ousted = True
            self.stopping.set()
        except LedgerBroken as error:
            log.critical("the disk under the ledger fails", why=str(error))
            self._break_off()
        except PostroomError as error:
            self._try_again()
            log.error("tick failed; it is tried again", why=str(error))
        except Exception:  # edge: one tick
            self._try_again()
            log.exception("tick failed; it is tried again")
        finally:
            self._beaten = time.monotonic()
            self._resting.set()

    def _keep_awake(self) -> None:
        """Arm the heartbeat anew when it has fallen silent.

        APScheduler reckons by the wall clock: one that is set back an hour would stop it for an hour.
        """
        is_silent = time.monotonic() - self._beaten > SILENCE_SECONDS
        if is_silent and self._resting.is_set() and self._job is not None:
            self._job.reschedule(_beats())

    def _break_off(self) -> None:
        """Stop at once: of a disk that fails nobody knows what it has kept."""
        self.is_broken = True
        self.stopping.set()

    def _finished(self) -> bool:
        begun = time.monotonic()
        is_whole = self._staff.rest(judges=not self.is_broken)
        self._upkeep.rest()
        is_whole &= self._resting.wait(max(begun + STOP_SECONDS - time.monotonic(), 0))
        self._staff.close()
        log.info(
            "stopped" if is_whole else "stopped in the middle; the next start settles what was in flight"
        )
        return is_whole

    def _is_due(self) -> bool:
        now = time.monotonic()
        if now < self._quiet_until:
            return False
        is_time = self._next_due is not None and self.shift.clock() >= self._next_due
        return is_time or self._changed.is_set() or now >= self._next_look

    def _try_again(self) -> None:
        """Look again after a failure, but not at every beat."""
        self._quiet_until = time.monotonic() + AGAIN_SECONDS
        self._changed.set()

    def _tick(self) -> None:
        """Publish what is ready, if this process leads and there is room; look after the ledger."""
        assert self._staff.publisher is not None
        self._changed.clear()
        self._next_look = time.monotonic() + TICK_SECONDS
        has_room = self._upkeep.look()
        if self._is_guarded != (self._upkeep.guarded is not None):
            self._adopt(self.config)
        if self._leads() and has_room:
            tick = self._staff.publisher.publish(self.shift.clock(), self._go_on)
            self._next_due = tick.next_due
            if tick.unsettled:
                self._changed.set()
            self._report.tell(tick)
        self._staff.wake()

    def _leads(self) -> bool:
        """Whether this process publishes; one that stands by looks again soon."""
        leads = self.ledger.write(leader.lead)
        if not leads:
            self._next_look = time.monotonic() + AGAIN_SECONDS
            self._next_due = None
        self.vitals.take_role(Role.LEADS if leads else Role.STANDS_BY)
        return leads

    def _go_on(self, done: int, total: int) -> None:
        """Leave a reading of many articles when it is time to stop."""
        self.vitals.beat()
        if self.stopping.is_set():
            raise _Stopped

    def _follow_config(self) -> None:
        if not self._file.changed():
            return
        try:
            self._change_to(with_ways_out(settings.load(self.path)))
            self.vitals.mended(CONFIG)
        except ConfigError as error:
            self.vitals.broke(CONFIG, "config.yaml is broken; the last good one stays in force")
            for finding in error.findings:
                log.error("config is broken; the last good one stays in force", why=str(finding))
        except (LedgerBroken, LedgerLocked):
            raise
        except Exception as error:
            self._file.look_again(AGAIN_SECONDS)
            if not isinstance(error, PostroomError):
                raise
            if self.vitals.broke(CONFIG, f"the last good config stays in force: {error}"):
                log.error("config cannot be used; the last good one stays in force", why=str(error))

    def _change_to(self, config: Config) -> None:
        if config.digest == self.config.digest:
            log.info("config is as it was")
        elif config.database != self.config.database:
            log.error("outbox.database changed; restart the daemon to move to it")
        else:
            self._adopt(config)
            log.info("config changed")

    def _adopt(self, config: Config) -> None:
        """Work by `config` from now on; a ledger that is a copy sends nothing real."""
        is_guarded = self._upkeep.guarded is not None
        project = self._staff.work_by(config, only_rehearsals=is_guarded)
        self._is_guarded, self.config = is_guarded, config
        undecided = undecided_rehearsals(project, self.ledger)
        if undecided:
            log.error(
                "rehearsed editions wait for a person; `postroom outbox rehearsed` settles them",
                number=len(undecided),
            )


def _beats() -> Beat:
    from postroom.daemon.beat import Beat

    return Beat(timedelta(seconds=HEARTBEAT_SECONDS))
