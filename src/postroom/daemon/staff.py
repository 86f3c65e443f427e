"""Who works by the config in force: publisher, workers, crew, watcher, monitoring, notices."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from postroom.config import Config
from postroom.daemon.crew import Crew
from postroom.daemon.files import FileWatch
from postroom.daemon.listener import Listener
from postroom.daemon.pages import Closing, Opening, Pages
from postroom.errors import PostroomError
from postroom.outbox import meta
from postroom.outbox.ledger import Ledger
from postroom.outbox.meta import GoodConfig
from postroom.pipeline.lanes import Shift, open_lanes
from postroom.pipeline.notify import Notifier
from postroom.pipeline.project import Project, open_project
from postroom.pipeline.publish import Publisher
from postroom.pipeline.vitals import Vitals
from postroom.pipeline.workers import STOP_SECONDS, Workers

Monitoring: TypeAlias = Callable[[Config, Vitals], Closing | None]
"""Answers monitoring as a config wants it; None where it wants none."""


@dataclass(slots=True)
class Staff:
    """Works by one config after the other. `changed` is called when there may be something to publish, `broken`
    when the disk under the ledger fails, `before_big` before an edition to very many people.
    """

    ledger: Ledger
    shift: Shift
    crew: Crew
    vitals: Vitals
    monitoring: Monitoring
    pages: Opening
    stopping: threading.Event
    changed: Callable[[], None]
    broken: Callable[[], None]
    before_big: Callable[[], None]
    publisher: Publisher | None = None
    _workers: Workers | None = None
    _notifier: Notifier | None = None
    _monitor: Closing | None = None
    _listener: Listener | None = None
    _attended: Config | None = None
    _watch: FileWatch = field(init=False)
    _pages: Pages = field(init=False)
    _changing: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._watch = FileWatch(self.changed)
        self._pages = Pages(self.ledger, self.pages)

    def work_by(self, config: Config, *, only_rehearsals: bool) -> Project:
        """Work by `config` from now on, and remember it as the last good one.

        Whatever cannot be opened raises before anything of the config before it is given up.
        """
        lanes = open_lanes(config, self.ledger, replace(self.shift, only_rehearsals=only_rehearsals))
        project = open_project(config, settle=True)
        kept = GoodConfig(text=config.text, digest=config.digest, path=str(config.path))
        self._attend(config)
        self.ledger.write(meta.keep_config, kept)
        with self._changing:
            self._relieve()
            if self.stopping.is_set():
                return project
            self.publisher = Publisher(
                project=project, ledger=self.ledger, stop=self.stopping, before_big=self.before_big
            )
            self._workers = Workers(
                self.ledger, lanes.values(), self.changed, self.broken, before=self._workers
            )
            self._workers.start()
            self.crew.start()
            self._listen(config, only_rehearsals=only_rehearsals)
            self._open_pages(config, only_rehearsals=only_rehearsals)
        self._watch.follow(config)
        self.changed()
        return project

    def wake(self) -> None:
        """Let all look at once whether there is something for them."""
        if self._workers is not None:
            self._workers.wake()
        if self._notifier is not None:
            self._notifier.wake()
        self._pages.look()

    def rest(self, *, judges: bool) -> bool:
        """Let what is in flight be finished, here and in the crew; tell whether all of it was in time.

        `stopping` is set: nobody begins to work any more. The crew's dead are judged where it `judges`.
        """
        end = time.monotonic() + STOP_SECONDS
        self.crew.call_off()
        with self._changing:
            workers = self._workers
        is_whole = workers is None or workers.rest(STOP_SECONDS)
        return self.crew.end(max(end - time.monotonic(), 0.1), judges=judges) and is_whole

    def _relieve(self) -> None:
        """Let those who work by the config before finish what is in flight, and wait for none of them."""
        self.crew.relieve()
        if self._workers is not None:
            self._workers.retire()

    def close(self) -> None:
        """Tell nobody anything more."""
        self._pages.close()
        self._tell_nobody()
        self._hear_nothing()

    def _open_pages(self, config: Config, *, only_rehearsals: bool) -> None:
        """Serve the public pages; a ledger that is a copy takes nobody's word, which the real one would not hear."""
        if only_rehearsals:
            self._pages.close()
        else:
            self._pages.serve(config)

    def _tell_nobody(self) -> None:
        for each in (self._notifier, self._monitor):
            if each is not None:
                each.close()
        self._notifier = self._monitor = None

    def _hear_nothing(self) -> None:
        if self._listener is not None:
            self._listener.close()
        self._listener = None

    def _listen(self, config: Config, *, only_rehearsals: bool) -> None:
        """Listen to what comes back as `config` wants it; a ledger that is a copy takes no mail from the real one."""
        self._hear_nothing()
        if only_rehearsals:
            return
        self._listener = Listener(
            config.feedback, self.ledger, self.vitals, self.shift.clock, self.shift.secrets
        )
        self._listener.start()

    def _attend(self, config: Config) -> None:
        """Answer monitoring, and tell people, as `config` wants it; where that cannot be, as the one before did.

        At another address monitoring is answered before anything is closed: where that is taken, nothing has changed.
        """
        before = self._attended
        is_elsewhere = before is not None and before.listen != config.listen
        monitor = self.monitoring(config, self.vitals) if is_elsewhere else None
        self._tell_nobody()
        try:
            self._open(config, monitor if is_elsewhere else self.monitoring(config, self.vitals))
        except PostroomError:
            self._tell_nobody()
            if before is not None:
                self._open(before, self.monitoring(before, self.vitals))
            raise
        self._attended = config

    def _open(self, config: Config, monitor: Closing | None) -> None:
        self._monitor = monitor
        self.vitals.use(tuple(config.transports))
        self._notifier = Notifier(
            config, self.ledger, self.vitals, clock=self.shift.clock, secrets=self.shift.secrets
        )
        self._notifier.start()
