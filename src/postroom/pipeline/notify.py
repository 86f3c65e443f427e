"""Tell people once per cause what needs them. One thread a place, so that one that hangs delays nobody.

    look     causes() over the ledger and the daemon's state
    new      those that this place was not told (outbox.notices)
    deliver  one after the other; what is not taken is tried again, ever more slowly

Publishing and sending know nothing of it and wait for none of it.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from postroom import config as settings
from postroom.address import masked
from postroom.config import Config
from postroom.errors import ConfigError, LedgerError, PostroomError
from postroom.model import NoticeKind
from postroom.outbox import notices
from postroom.outbox.ledger import Ledger
from postroom.outbox.standing import standing
from postroom.pipeline.causes import Cause, causes
from postroom.pipeline.places import Note, NotTold, Place, Secrets, places
from postroom.pipeline.vitals import CONFIG, Role, Vitals
from postroom.pipeline.wayout import with_ways_out

log = structlog.get_logger()

Clock = Callable[[], datetime]

LOOK_SECONDS = 15
"""How often each place looks for something new to tell."""

AGAIN_SECONDS = 30
LONGEST_AGAIN_SECONDS = 3600
"""How soon a place that did not take a note is tried again: twice as late each time, up to an hour."""

MOST_AN_HOUR = 20
"""Notices an hour to one place. What is more is told in one summary, and then there is silence for the rest of it."""

SILENT_SECONDS = 300
"""After how long without a heartbeat people are told: a tick over a slow share may take a minute."""

STOP_SECONDS = 1
"""How long a stop waits for a note on its way; one that is cut off is told at the next start."""


@dataclass(slots=True)
class Teller:
    """Tells one place. `look` may be called by one thread at a time; `config` is the path of config.yaml."""

    place: Place
    config: Path
    ledger: Ledger
    vitals: Vitals | None
    clock: Clock
    stop: threading.Event = field(default_factory=threading.Event)
    news: threading.Event = field(default_factory=threading.Event)
    begun: datetime | None = None
    _failures: int = 0
    _not_before: float = float("-inf")
    _told_of_ledger: bool = False

    def run(self) -> None:
        """Look again and again until `stop` is set."""
        while not self.stop.is_set():
            try:
                self.look()
            except Exception:  # edge: one look; whatever is wrong with telling must end nothing else
                if self.stop.is_set():
                    return  # the ledger is closed by now
                self._put_off(None)
                log.exception("notices failed; they are tried again", place=self.place.name)
            self.news.wait(max(LOOK_SECONDS, self._not_before - time.monotonic()))
            self.news.clear()

    def look(self) -> None:
        """Tell what is new. What the place does not take is left for a later look, and logged.

        Of several processes on one ledger only the one that leads tells.
        """
        if time.monotonic() < self._not_before or self._stands_by():
            return
        try:
            self._tell_new()
            self._failures, self._told_of_ledger = 0, False
        except NotTold as error:
            self._put_off(error.after)
            log.warning("notice not told; it is tried again", place=self.place.name, why=str(error))
        except LedgerError as error:
            self._tell_of_ledger(error)

    def _stands_by(self) -> bool:
        return self.vitals is not None and self.vitals.pulse().role is Role.STANDS_BY

    def _tell_new(self) -> None:
        now = self.clock()
        fresh = self.ledger.write(notices.new, self.place.key, self._wanted(now), now)
        if not fresh:
            return
        recent = self.ledger.read(notices.told_since, self.place.key, now - timedelta(hours=1))
        room = max(MOST_AN_HOUR - recent, 0)
        for cause in fresh[:room]:
            self._tell([cause], note_of(cause, self.clock()))
        if fresh[room:] and recent <= MOST_AN_HOUR:
            self._tell(fresh[room:], summary_of(fresh[room:], self.clock()))

    def _wanted(self, now: datetime) -> list[Cause]:
        stand = self.ledger.read(standing, now)
        return [
            each
            for each in causes(stand, self._broken(), now, since=self.begun)
            if self.place.wants(each.kind)
        ]

    def _broken(self) -> Mapping[str, str]:
        if self.vitals is None:
            return {}
        pulse = self.vitals.pulse()
        broken = dict(pulse.broken)
        if CONFIG in broken:
            broken[CONFIG] = faults_in_words(self.config) or broken[CONFIG]
        silent = {"heartbeat": "the daemon does not come round to its work; its log says more"}
        return {**broken, **(silent if pulse.since_beat > SILENT_SECONDS else {})}

    def _tell(self, told: Sequence[Cause], note: Note) -> None:
        """Hand a note over, then remember it; a crash in between tells it twice rather than never."""
        if self.stop.is_set():
            return
        self.place.deliver(note)
        self.ledger.write(notices.tell, self.place.key, [cause.id for cause in told], note.at)
        log.info("notice told", place=self.place.name, kind=note.kind, edition=note.edition)

    def _tell_of_ledger(self, error: LedgerError) -> None:
        """Tell, once and without the ledger's help, that there is no help from the ledger."""
        log.error("notices cannot be looked up", place=self.place.name, why=str(error))
        if self._told_of_ledger or not self.place.wants(NoticeKind.BROKEN):
            return
        cause = Cause(id="broken:ledger", kind=NoticeKind.BROKEN, text=str(error))
        try:
            self.place.deliver(note_of(cause, self.clock()))
            self._told_of_ledger = True
        except NotTold as failure:
            self._put_off(failure.after)
            log.warning("notice not told; it is tried again", place=self.place.name, why=str(failure))

    def _put_off(self, after: timedelta | None) -> None:
        wait = min(AGAIN_SECONDS * 2**self._failures, LONGEST_AGAIN_SECONDS)
        self._not_before = time.monotonic() + max(wait, after.total_seconds() if after else 0)
        self._failures = min(self._failures + 1, 10)


class Notifier:
    """The tellers of all places of a config. `secrets` opens references such as `${NAME}`.

    A daemon starts one, and another in its place when config.yaml changes.
    """

    def __init__(
        self, config: Config, ledger: Ledger, vitals: Vitals, *, clock: Clock, secrets: Secrets
    ) -> None:
        self._stop = threading.Event()
        begun = clock()
        self._tellers = [
            Teller(
                place=place,
                config=config.path,
                ledger=ledger,
                vitals=vitals,
                clock=clock,
                stop=self._stop,
                begun=begun,
            )
            for place in places(config, secrets)
        ]
        self._threads = [
            threading.Thread(target=each.run, name=each.place.name, daemon=True) for each in self._tellers
        ]

    def start(self) -> None:
        """Begin to look."""
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Look at once: something may have happened. Returns at once."""
        for teller in self._tellers:
            teller.news.set()

    def close(self) -> None:
        """Look no more. What a place has not taken within a second is told at the next start."""
        self._stop.set()
        self.wake()
        end = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=max(end - time.monotonic(), 0))


def tell_once(config: Config, ledger: Ledger, *, clock: Clock, secrets: Secrets) -> None:
    """Look once at every place, one after the other, and wait for it: for a run that ends by itself."""
    for place in places(config, secrets):
        try:
            Teller(
                place=place, config=config.path, ledger=ledger, vitals=None, clock=clock, begun=clock()
            ).look()
        except PostroomError as error:
            log.warning("notice not told", place=place.name, why=str(error))


def faults_in_words(path: Path) -> str:
    """Name the places in the config.yaml at `path` that are wrong; nothing where it is whole.

    What stands there is not told: it may be an address or a secret.
    """
    try:
        with_ways_out(settings.load(path))
    except ConfigError as error:
        first, *rest = error.findings
        place = ":".join(str(part) for part in (first.file, first.line) if part)
        more = f", and {len(rest)} more" if rest else ""
        return f"{place} is wrong ({first.rule}{more})"
    return ""


def note_of(cause: Cause, at: datetime) -> Note:
    """Put a cause into words; a server may have put the address of a reader into its own."""
    return Note(id=cause.id, kind=cause.kind.value, text=masked(cause.sentence), at=at, edition=cause.edition)


def summary_of(told: Sequence[Cause], at: datetime) -> Note:
    """Put many causes into one sentence."""
    counts = Counter(cause.kind.value for cause in told)
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in counts.items())
    text = (
        f"{len(told):,} more notices within the hour ({kinds}); postroom outbox status shows how it stands. "
        "Nothing more is told here for an hour"
    )
    return Note(id=f"summary:{at:%Y%m%dT%H%M%S}", kind="summary", text=text, at=at)
