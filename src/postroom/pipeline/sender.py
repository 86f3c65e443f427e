"""A sender: one thread and its line. It makes messages as the line asks for them, and hands in how each ended."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Thread

import structlog

from postroom import retry
from postroom.compose import compose
from postroom.errors import LedgerError, TransportError
from postroom.model import Deferred, Mail, Message, Outcome, Prepared, Refused, Scope, Sent, Unknown
from postroom.outbox.claim import Claimed, begin, give_back, keep_progress
from postroom.outbox.ledger import Ledger
from postroom.outbox.record import Result
from postroom.pipeline.fault import Fault, fault_in
from postroom.pipeline.lane import Lane
from postroom.pipeline.window import Window
from postroom.transports.protocol import Transport

log = structlog.get_logger()


NOT_READY_FOR = timedelta(minutes=5)
"""How long a message waits that could not be prepared, where the other side names no time."""


@dataclass(slots=True)
class Sender:
    """Sends what it takes from a window over one line, in a thread of its own.

    `flying` is what the line has pulled and not told the outcome of; `has_asked` says whether it has asked for any.
    A fault that is the transport's own closes the window.
    """

    ledger: Ledger
    lane: Lane
    line: Transport
    window: Window
    flying: deque[tuple[Claimed, Message]] = field(default_factory=deque)
    has_asked: bool = False
    fault: Fault | None = None
    failure: Exception | None = None
    _thread: Thread | None = None

    def start(self) -> None:
        """Begin. Raises RuntimeError where the system has no thread for it; then there is nothing to wait for."""
        thread = Thread(target=self._run, name=f"sender {self.lane.name}", daemon=True)
        thread.start()
        self._thread = thread

    def join(self, seconds: float | None = None) -> bool:
        """Wait until it is done, or no longer than so many seconds; tell whether it is."""
        if self._thread is None:
            return True
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while self.window.wait_for_work():
                self._send()
        except (
            Exception
        ) as error:  # the ledger's trouble, for the coordinator; what is in hand stays in doubt
            self.failure = error
            self.window.close()

    def _send(self) -> None:
        """Send over the line for as long as there is something at hand."""
        self.has_asked = False
        try:
            for outcome in self.line.send(self._messages()):
                self._answer(outcome)
            if not self.has_asked and self.window.unclaimed and not self.window.is_over:
                raise TransportError("the transport asked for no message")  # it would be asked for ever
        except LedgerError:  # no fault of these deliveries: nothing of them has gone out
            self._let_all_go()
            raise
        except TransportError as error:  # it could not be opened: nothing went out
            fault = Deferred(reason=str(error), scope=Scope.TRANSPORT)
            self._heed(fault)
            self._answer_all(fault)
        except Exception as error:  # edge: a byte may have gone out
            log.error("transport broke", transport=self.lane.name, error=repr(error))
            self._answer_all(Unknown(reason=f"the transport broke: {error!r}"))
        if self.flying:
            self._answer_all(Unknown(reason="the transport told no outcome"))

    def _messages(self) -> Iterator[Message]:
        """Make one message after another, until nothing is at hand; another line may have taken all of it."""
        self.has_asked = True
        while (claimed := self.window.take()) is not None:
            message = self._made(claimed)
            if message is not None:
                self.flying.append((claimed, message))
                yield message

    def _made(self, claimed: Claimed) -> Message | None:
        """Compose a message; None where it cannot go out now, which is seen to."""
        try:
            message = compose(claimed.edition, claimed.delivery, self.lane.keys)
            if not self.lane.prepares or self._prepared(claimed, message):
                return message
        except LedgerError:
            self.window.let_go(claimed)
            raise
        except TransportError as error:
            self._put_off(claimed, Deferred(reason=str(error), scope=Scope.TRANSPORT))
        except Exception as error:  # edge: one delivery, before a byte of it went out
            log.error(
                "delivery quarantined",
                delivery=claimed.delivery.id,
                edition=claimed.edition.key,
                error=repr(error),
            )
            self._quarantine(claimed, Refused(reason=f"this message could not be made: {error}"))
        return None

    def _prepared(self, claimed: Claimed, message: Message) -> bool:
        """Do what may be repeated, then commit that it may go out; tell whether it may."""
        delivery, owner = claimed.delivery, self.lane.owner
        match self.line.prepare(message, delivery.progress):
            case Deferred() as why:
                self._put_off(claimed, why)
                return False
            case Prepared(progress=progress) if progress != delivery.progress:
                self.ledger.write(keep_progress, delivery.id, owner, progress)
        if self.ledger.write(begin, [delivery.id], owner, self.lane.clock()):
            return True
        self.window.let_go(claimed, is_back=True)
        return False

    def _put_off(self, claimed: Claimed, why: Deferred) -> None:
        """Give back what cannot be sent yet; no attempt is spent. Where that is the transport's fault, its rest is
        all that it waits for.
        """
        self._heed(why)
        wait = timedelta(0) if fault_in(why) else why.after or NOT_READY_FOR
        due = self.lane.clock() + wait
        self.ledger.write(give_back, [claimed.delivery.id], self.lane.owner, due_at=due, reason=why.reason)
        self.window.put_off(claimed, why, is_back=self.lane.prepares)

    def _quarantine(self, claimed: Claimed, outcome: Refused) -> None:
        """Let a message that cannot be made fail; it has to have begun for that."""
        if self.lane.prepares:
            self.ledger.write(begin, [claimed.delivery.id], self.lane.owner, self.lane.clock())
        self.window.answer(self._result(claimed, None, outcome))

    def _answer(self, outcome: Outcome) -> None:
        claimed, message = self.flying.popleft()
        if not isinstance(outcome, Sent):
            self._heed(outcome)  # first: what meets a fault is due again at once, but not in this run
        self.window.answer(self._result(claimed, message, outcome))
        if isinstance(outcome, Unknown):
            message_id = claimed.delivery.message_id
            log.warning("an answer was lost", edition=claimed.edition.key, message_id=message_id)

    def _answer_all(self, outcome: Outcome) -> None:
        while self.flying:
            self._answer(outcome)

    def _let_all_go(self) -> None:
        """Say of what the line had pulled that nothing of it went out."""
        while self.flying:
            claimed, _ = self.flying.popleft()
            self.window.let_go(claimed)

    def _heed(self, outcome: Outcome) -> None:
        """Stop the lane at a fault that every message would meet."""
        fault = fault_in(outcome)
        if fault is not None and self.fault is None:
            self.fault = fault
            self.window.close()

    def _result(self, claimed: Claimed, message: Message | None, outcome: Outcome) -> Result:
        content = message.content if message is not None else None
        return Result(
            delivery_id=claimed.delivery.id,
            outcome=outcome,
            retry_at=None if isinstance(outcome, Sent) else retry_at(self.lane, claimed, outcome),
            mail_from=content.mail_from if isinstance(content, Mail) else "",
        )


def first_begun(claimed: Claimed, now: datetime) -> datetime:
    """Say when a delivery was first tried. A clock that was wrong may tell of a time before its edition was made, or
    of one to come; neither may have it given up, or tried for ever.
    """
    told = claimed.delivery.first_begun_at or now
    return min(max(told, claimed.edition.created_at), now)


def retry_at(lane: Lane, claimed: Claimed, outcome: Outcome) -> datetime | None:
    """Say when a delivery is tried again after `outcome`; None for never.

    After a fault of the transport's own that is when its rest ends, behind all that is due and was not tried.
    """
    match outcome:
        case Deferred(scope=Scope.TRANSPORT) | Refused(scope=Scope.TRANSPORT):
            return lane.clock()
        case Deferred() | Unknown():
            delivery, now = claimed.delivery, lane.clock()
            is_of_edition = isinstance(outcome, Deferred) and outcome.scope is Scope.EDITION
            return retry.retry_at(
                outcome,
                attempts=delivery.attempts + 1,
                first_begun=first_begun(claimed, now),
                now=now,
                give_up_after=lane.give_up_after,
                seed=claimed.edition.key if is_of_edition else delivery.message_id,
            )
    return None
