"""One SMTP session: one mail after another over an open connection, each with an answer of its own.

Where the server takes commands in groups (RFC 2920), a mail costs one round trip:

    we    MAIL₁ RCPT₁ DATA₁            body₁ . MAIL₂ RCPT₂ DATA₂             body₂ . …
    they                   250 250 354                           250 250 250 354

A mail counts only with its own dot: what of it was announced with the dot of the one before may be
broken off without a trace, by hanging up.
"""

from __future__ import annotations

from contextlib import suppress
from time import monotonic
from typing import Final

from postroom.transports._smtp_mail import Offer, Transaction
from postroom.transports._smtp_opening import BREAKS, trouble_of
from postroom.transports._smtp_outcome import Reply, Stage, Trouble
from postroom.transports._smtp_wire import Patience, Wire

_CLOSING: Final = 421
_GO_ON: Final = 354  # the only answer after which a message may follow (RFC 5321 §4.3.2)
_DONE: Final = range(200, 300)
_READY: Final = (b"250 ", b"250 ", b"354 ")
"""How nearly every server answers MAIL, RCPT and DATA."""

_RESET: Final = b"RSET\r\n"
_END: Final = b".\r\n"


class Gone(Exception):
    """A kept connection turned out to be closed, before anything was said about this mail."""


class Session:
    """A session on an open connection, which it owns.

    `offer` is what the server can do; `pipelines`: it takes commands in groups. `is_midway`: a mail is
    announced or begun, so that only hanging up takes it back. `is_broken`: it has hung up.
    """

    def __init__(self, wire: Wire, patience: Patience) -> None:
        self._wire = wire
        wire.settle()
        self._patience = patience
        self._steps = (
            (Stage.MAIL, patience.mail, _DONE),
            (Stage.RCPT, patience.rcpt, _DONE),
            (Stage.DATA, patience.data, range(_GO_ON, _GO_ON + 1)),
        )
        self._announced: Transaction | None = None
        self._must_reset = False
        self._is_used = False
        self._rested_at = monotonic()
        self.offer = Offer.of(wire.esmtp_features)
        self.pipelines = self.offer.pipelining
        self.is_midway = False
        self.is_broken = False

    @property
    def idle(self) -> float:
        """Seconds since the last answer."""
        return monotonic() - self._rested_at

    def begin(self, mail: Transaction) -> None:
        """Bring a mail so far that the server waits for its data. Raises Trouble, or Gone."""
        was_used, self._is_used, self.is_midway = self._is_used, True, True
        self._wire.deadline = monotonic() + self._patience.transaction
        try:
            if self._announced is not mail:
                self._announce(mail)
            self._announced = None
            self._hear(mail)
        except Trouble as trouble:
            self._wire.deadline = None
            if was_used and self.is_broken and _says_nothing_of_a_mail(trouble):
                raise Gone from trouble
            raise

    def finish(self, mail: Transaction, following: Transaction | None) -> Reply:
        """Send the data of the mail that was begun; return the answer that took it. Raises Trouble.

        `following` is announced in the same breath, where the server pipelines.
        """
        announced = following if self.pipelines else None
        ending = _END + announced.commands if announced else _END
        written = self._written(Stage.DATA, self._patience.block, mail.data, ending)
        if written < len(mail.data) + len(_END):
            raise self._broken_off()
        self._announced = announced
        self._wire.deadline = None  # from here on a shorter wait would only make more mails uncertain
        code, text = self._heard(Stage.DOT, self._patience.dot)
        self._rested_at = monotonic()
        self.is_midway = announced is not None
        reply = Reply.of(code, text)
        if written < len(mail.data) + len(ending) or not (code in _DONE or _is_refusal(code)):
            self.hang_up()  # a server that has half of an announcement would wait for the rest, and we for it
        if code in _DONE:
            return reply
        raise Trouble(Stage.DOT, reply)

    def close(self) -> None:
        """Say goodbye, within seconds, and hang up."""
        if not self.is_broken and not self.is_midway:
            self._wire.patience = self._patience.farewell
            with suppress(*BREAKS):
                self._wire.docmd("QUIT")
        self.hang_up()

    def hang_up(self) -> None:
        """Break off at once: nothing that has not had its dot goes out."""
        self.is_broken, self.is_midway, self._announced = True, False, None
        self._wire.close()

    def _announce(self, mail: Transaction) -> None:
        """Ask for all at once where the server pipelines; where not, only make ready to ask."""
        reset = _RESET if self._must_reset else b""
        if self.pipelines:
            self._written(Stage.MAIL, self._patience.mail, reset + mail.commands)
        elif reset:
            self._written(Stage.MAIL, self._patience.answer, reset)
        if reset:
            self._must_reset = False
            code, text = self._heard(Stage.MAIL, self._patience.answer)
            if code not in _DONE:
                self.hang_up()
                raise Trouble(Stage.MAIL, detail=f"RSET was answered with {Reply.of(code, text)}")

    def _hear(self, mail: Transaction) -> None:
        """Hear what the server says to each command of a mail, to all of them where it pipelines."""
        if self.pipelines and self._wire.has_heard(_READY):
            return
        trouble: Trouble | None = None
        for command, (stage, seconds, wanted) in zip(mail.in_turn(), self._steps, strict=True):
            if not self.pipelines:
                self._written(stage, seconds, command)
            try:
                code, text = self._heard(stage, seconds)
            except Trouble as lost:
                raise trouble or lost from lost
            if code not in wanted:
                trouble = trouble or Trouble(stage, Reply.of(code, text))
                if not self._can_go_on_after(code):
                    break
        if trouble is not None:
            wants_data = stage is Stage.DATA and code == _GO_ON and trouble.stage is Stage.RCPT
            self._settle(goes_on=self._ends_at_once() if wants_data else _is_refusal(code))
            raise trouble

    def _can_go_on_after(self, code: int) -> bool:
        return self.pipelines and _is_refusal(code)

    def _ends_at_once(self) -> bool:
        """Send the dot alone to a server that wants data although it refused the only recipient.

        RFC 2920 §3.1. Whatever it answers, nothing goes to anybody; tell whether the session goes on.
        """
        try:
            self._written(Stage.DATA, self._patience.data, _END)
            code, _ = self._heard(Stage.DATA, self._patience.dot)
        except Trouble:
            return False
        return code in _DONE or _is_refusal(code)

    def _settle(self, *, goes_on: bool) -> None:
        """Make ready for the next mail after a refusal, or hang up where the two sides may disagree."""
        self.is_midway, self._must_reset, self._rested_at = False, True, monotonic()
        if not goes_on:
            self.hang_up()

    def _broken_off(self) -> Trouble:
        """Hang up on a server that did not take all of a message; ask why first."""
        self._wire.deadline = None
        try:
            code, text = self._heard(Stage.DATA, self._patience.farewell)
        except Trouble as trouble:
            return trouble
        self.hang_up()
        if code // 100 in (4, 5):
            return Trouble(Stage.DATA, Reply.of(code, text))
        return Trouble(Stage.DATA, detail=f"{Reply.of(code, text)} in the middle of the message")

    def _written(self, stage: Stage, seconds: float, *parts: bytes) -> int:
        """Write; return how many bytes went out. What stopped the rest is for the next answer to tell."""
        self._wire.patience = seconds
        try:
            return self._wire.write(*parts)
        except BREAKS as error:
            self.hang_up()
            raise trouble_of(stage, error) from error

    def _heard(self, stage: Stage, seconds: float) -> tuple[int, bytes]:
        self._wire.patience = seconds
        try:
            return self._wire.getreply()
        except BREAKS as error:
            self.hang_up()
            raise trouble_of(stage, error) from error


def _is_refusal(code: int) -> bool:
    """Whether the session goes on after an answer that is no success."""
    return code // 100 in (4, 5) and code != _CLOSING


def _says_nothing_of_a_mail(trouble: Trouble) -> bool:
    return trouble.stage is Stage.MAIL and (trouble.reply is None or trouble.reply.code == _CLOSING)
