"""What a failed attempt at SMTP means: the stage it broke at, times what the server said.

    stage      421                   other 4xx             5xx                   no answer that can be understood
    CONNECT    Deferred, transport   Deferred, transport   Deferred, transport   Deferred, transport
    EHLO       Deferred, transport   Deferred, transport   Refused, transport    Deferred, transport
    STARTTLS   Deferred, transport   Deferred, transport   Deferred, transport   Deferred, transport
    AUTH       Deferred, transport   Deferred, transport   Refused, transport    Deferred, transport
    MAIL       Deferred, transport   Deferred, edition     Refused, edition      Deferred
    RCPT       Deferred, domain      Deferred, or domain   Refused               Deferred
    DATA       Deferred, domain      Deferred, or domain   Refused, of content   Deferred
    DOT        Deferred, domain      Deferred, or domain   Refused, of content   Unknown

- 421 means that the server closes down (RFC 5321 §3.8). Once it has taken the sender, it is the mail to this
  domain that it wants less of, as far as we can know; a next connection shows whether it is all mail.
- "Or domain": policy (4.7.x) or, with 4.4.x or no enhanced code, a text about rates. Greylisting is neither,
  whatever its code: it wants each recipient tried once before it lets any in (RFC 6647 §2).
- 530, 534, 535 and 538 speak about our log-in, also when they answer a later command (RFC 4954 §6): Refused,
  transport. Any other 4xx or 5xx to MAIL speaks about the sender, whom all of an edition shares and other
  editions may not ("451 4.1.8 sender's domain not found").
- A 5xx greeting is deferred, as Postfix does (smtp_skip_5xx_greeting, postconf(5), read 2026-11-22): an
  overloaded host says it too. Broken TLS is never a reason to speak in clear, and may be mended.
- "Of content" unless the enhanced code names the mailbox (5.1.x, 5.2.x; RFC 3463 §3.2, §3.3).
- A time that a 4xx names is passed on ("Greylisted for 300 seconds", "try again in 5 minutes"), a day at most.
"""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum
from typing import Final

from postroom.model import Deferred, Outcome, Refused, Scope, Unknown
from postroom.model.lean import lean

_CLOSING: Final = 421
_LOG_IN_CODES: Final = frozenset({530, 534, 535, 538})
_ENHANCED: Final = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?= |$)", re.MULTILINE)
_GREYLISTING: Final = re.compile(r"gr[ae]y-? ?list", re.IGNORECASE)
_RATE: Final = re.compile(
    r"throttl|\brate\b|rate.?limit|too (?:many|much|fast)|slow down|quota", re.IGNORECASE
)
_ASKED: Final = re.compile(
    r"(?:try|again|back|wait|delay(?:ed)?|gr[ae]y-? ?list(?:ed|ing)?)\b[^\d.;]{0,30}?"
    r"\b(?:(?:in|for|after)\s+)?(\d{1,5})\s*(s|secs?|seconds?|m|mins?|minutes?|h|hours?)\b",
    re.IGNORECASE,
)
_UNITS: Final = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1)}
_LONGEST_ASKED: Final = timedelta(days=1)
"""Who names a longer wait may be a joke or a mistake; it would end a delivery that a second try may save."""

_MAX_REASON: Final = 500  # characters; a reason goes into every row of the ledger and onto a screen


class Stage(StrEnum):
    """How far an attempt has come; the value is what we had asked."""

    CONNECT = "the connection"
    EHLO = "EHLO"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"
    MAIL = "MAIL FROM"
    RCPT = "RCPT TO"
    DATA = "DATA"
    DOT = "the end of the message"


OPENING: Final = frozenset({Stage.CONNECT, Stage.EHLO, Stage.STARTTLS, Stage.AUTH})
"""The stages before the first message; trouble there is every message's."""

_MAY_BE_MENDED: Final = frozenset({Stage.CONNECT, Stage.STARTTLS})


@lean
class Reply:
    """A server's whole answer. `text` is printable and has its lines joined with blanks."""

    code: int
    text: str

    @classmethod
    def of(cls, code: int, text: bytes | str) -> Reply:
        """Make one of what smtplib returns; what cannot be shown is replaced."""
        shown = text if isinstance(text, str) else text.decode("utf-8", "replace")
        if shown.isprintable() and len(shown) <= _MAX_REASON:
            return cls(code=code, text=shown.strip())
        lines = ("".join(filter(str.isprintable, line)) for line in shown.splitlines())
        return cls(code=code, text=" ".join(lines)[:_MAX_REASON].strip())

    @property
    def enhanced(self) -> str | None:
        """The RFC 3463 code at the start of the text, where its class agrees with the reply's."""
        match = _ENHANCED.match(self.text)
        return match[1] if match and match[1][0] == str(self.code)[0] else None

    def __str__(self) -> str:
        return f"{self.code} {self.text}".rstrip()


class Trouble(Exception):
    """An attempt that broke off at `stage`: with an answer, or with `detail` on why there is none.

    `final` marks what no repeat can mend, although no server said so (a secret that is not set).
    """

    def __init__(
        self, stage: Stage, reply: Reply | None = None, detail: str = "", *, final: bool = False
    ) -> None:
        self.stage, self.reply, self.detail, self.final = stage, reply, detail, final
        super().__init__(detail or str(reply))


def judge(trouble: Trouble, host: str) -> Outcome:
    """Turn trouble into an outcome, by the table above. `host` names the server in the reason."""
    if trouble.reply is None:
        return _without_answer(trouble, host)
    reply, stage = trouble.reply, trouble.stage
    reason = f"{host} answered {stage} with {reply}{_cure(stage, reply)}"
    scope = _scope(stage, reply)
    if reply.code // 100 == 5 and stage not in _MAY_BE_MENDED:
        of_content = scope is Scope.RECIPIENT and _is_of_content(stage, reply)
        return Refused(reason=reason, enhanced=reply.enhanced, scope=scope, of_content=of_content)
    if reply.code // 100 == 4 or stage is not Stage.DOT:
        return Deferred(reason=reason, scope=scope, after=_time_asked(reply))
    return Unknown(reason=reason)


def _without_answer(trouble: Trouble, host: str) -> Outcome:
    scope = Scope.TRANSPORT if trouble.stage in OPENING else Scope.RECIPIENT
    if trouble.final:
        return Refused(reason=f"{host}: {trouble.detail}", scope=scope)
    reason = f"{host}, {trouble.stage}: {trouble.detail}"[:_MAX_REASON]
    return Unknown(reason=reason) if trouble.stage is Stage.DOT else Deferred(reason=reason, scope=scope)


def _scope(stage: Stage, reply: Reply) -> Scope:
    if stage in OPENING or reply.code in _LOG_IN_CODES:
        return Scope.TRANSPORT
    if stage is Stage.MAIL:
        return Scope.TRANSPORT if reply.code == _CLOSING else Scope.EDITION
    return Scope.DOMAIN if _wants_less(reply) else Scope.RECIPIENT


def _wants_less(reply: Reply) -> bool:
    """Whether an answer to RCPT or later speaks about the traffic, and not about this one mail."""
    if reply.code == _CLOSING:
        return True
    if reply.code // 100 != 4 or _GREYLISTING.search(reply.text):
        return False
    code = reply.enhanced or "4.4."
    return code.startswith("4.7.") or (code.startswith("4.4.") and _RATE.search(reply.text) is not None)


def _is_of_content(stage: Stage, reply: Reply) -> bool:
    return stage in (Stage.DATA, Stage.DOT) and not (reply.enhanced or "").startswith(("5.1.", "5.2."))


def _time_asked(reply: Reply) -> timedelta | None:
    """Read how long a 4xx asks us to wait; None where it names no time that can be told from others."""
    match = _ASKED.search(reply.text)
    if match is None or reply.code // 100 != 4:
        return None
    return min(int(match[1]) * _UNITS[match[2][0].lower()], _LONGEST_ASKED)


def _cure(stage: Stage, reply: Reply) -> str:
    """Name the setting to look at, where the answer points to one."""
    if reply.code // 100 != 5:
        return ""
    if reply.code in _LOG_IN_CODES or stage is Stage.AUTH:
        return "; look at the transport's username and password"
    cures = {
        Stage.EHLO: "; look at the transport's setting `ehlo`",
        Stage.MAIL: "; may this server send for the address in `from` or `return_path`?",
    }
    return cures.get(stage, "")
