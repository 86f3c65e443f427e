"""Listens to what comes back, beside the sending: reads the mailbox now and then, and acts on what is known."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import structlog

from postroom.config import FeedbackSettings, MailboxSettings
from postroom.errors import LedgerError, MailboxError, TransportError
from postroom.outbox.ledger import Ledger
from postroom.pipeline.returns import Clock, Secrets, fetch, open_mailbox, settle
from postroom.pipeline.vitals import Role, Vitals

log = structlog.get_logger()

MAILBOX: Final = "mailbox"
"""The name under which a mailbox that cannot be read is told to `Vitals.broke`."""

LOOK_SECONDS: Final = 1
"""How often it looks whether something came back by HTTP, which any process may have taken in."""

STOP_SECONDS: Final = 1

_LONGEST_AGAIN: Final = timedelta(hours=1)
_REST: Final = 20
"""How many times as long as it worked it rests while others send, so that they are slowed by less than a tenth."""


@dataclass(slots=True)
class Listener:
    """Listens by one config, in a thread of its own, while this process leads. `secrets` opens references."""

    settings: FeedbackSettings
    ledger: Ledger
    vitals: Vitals
    clock: Clock
    secrets: Secrets
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _next_fetch: float = 0
    _failures: int = 0

    def start(self) -> None:
        """Begin to listen."""
        self._thread = threading.Thread(target=self.run, name="feedback", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listen no more. A mailbox that does not answer is not waited for."""
        self._stop.set()
        if self._thread is not None and self._thread.is_alive():
            self._thread.join(STOP_SECONDS)
        self.vitals.mended(MAILBOX)

    def run(self) -> None:
        """Look again and again until it is closed."""
        while not self._stop.is_set():
            try:
                self.look()
            except LedgerError as error:
                log.error("what came back cannot be acted on; it is tried again", why=str(error))
            except Exception:  # edge: one look; whatever is wrong with listening must end nothing else
                if self._stop.is_set():
                    return  # the ledger is closed by now
                log.exception("listening failed; it is tried again")
            self._stop.wait(LOOK_SECONDS)

    def look(self) -> None:
        """Read the mailbox if it is time, and act on what is known, where this process leads."""
        if self.vitals.pulse().role is not Role.LEADS:
            return
        mailbox = self.settings.mailbox
        if mailbox is not None and time.monotonic() >= self._next_fetch:
            self._fetch(mailbox)
        settle(self.ledger, self.settings.thresholds, self.clock, self._rest)

    def _fetch(self, mailbox: MailboxSettings) -> None:
        """Read the mailbox; one that cannot be read is told, and tried ever less often."""
        try:
            self._fetch_all(mailbox)
        except (MailboxError, TransportError) as error:
            self._failures += 1
            if self.vitals.broke(MAILBOX, f"bounces cannot be read: {error}"):
                log.error("bounces cannot be read; it is tried again", why=str(error))
        else:
            self._failures = 0
            self.vitals.mended(MAILBOX)
        wait = min(mailbox.every * 2 ** min(self._failures, 10), max(_LONGEST_AGAIN, mailbox.every))
        self._next_fetch = time.monotonic() + wait.total_seconds()

    def _fetch_all(self, mailbox: MailboxSettings) -> None:
        box = open_mailbox(mailbox, self.secrets)
        try:
            done = fetch(box, self.ledger, self.clock, self._rest)
        finally:
            box.close()
        if done.mails:
            log.info("bounces read", mails=done.mails, new=done.new, unreadable=done.unreadable)

    def _rest(self, worked: float) -> bool:
        """Let others work for a while; say whether to go on."""
        return not self._stop.wait(_REST * worked)
