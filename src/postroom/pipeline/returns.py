"""What comes back: read from its mailbox, kept in the ledger, acted upon.

    fetch    mailbox → feedback.bounces → outbox.feedback.hear; a mail is marked once what it tells is durable
    settle   outbox.feedback.act, a portion at a time

Both are done in small portions, and let others work in between.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Final, TypeAlias

import structlog

from postroom.config import ImapSettings, MailboxSettings
from postroom.feedback import bounces, mime
from postroom.mailbox import Account, Imap, Letter, Mailbox, Maildir
from postroom.model import Feedback, Thresholds
from postroom.outbox import feedback, meta
from postroom.outbox.feedback import Acted
from postroom.outbox.ledger import Ledger

log = structlog.get_logger()

Secrets: TypeAlias = Callable[[str], str]
Clock: TypeAlias = Callable[[], datetime]
Rest: TypeAlias = Callable[[float], bool]
"""Rests after work of so many seconds; says whether to go on."""

_MAILS: Final = 20
"""Mails a portion: some 30 ms of work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """How many mails were read, how much they told that is new or `repeated`, and how many were `unreadable`.

    `is_whole` says whether that were all that were there.
    """

    mails: int = 0
    new: int = 0
    repeated: int = 0
    unreadable: int = 0
    is_whole: bool = True


def open_mailbox(settings: MailboxSettings, secrets: Secrets) -> Mailbox:
    """Open the mailbox that bounces return to; the caller closes it. Raises MailboxError, or TransportError where a
    secret is not there.
    """
    match settings.place:
        case ImapSettings() as at:
            user, password = secrets(at.username.reference), secrets(at.password.reference)
            account = Account(
                host=at.host, port=at.port, username=user, password=password, folder=at.folder, ca=at.ca
            )
            return Imap(account, mime.MAX_BYTES)
        case path:
            return Maildir(path, mime.MAX_BYTES)


def fetch(box: Mailbox, ledger: Ledger, clock: Clock, rest: Rest) -> Fetched:
    """Read what is unread, and keep what it tells. What the mails say is acted on later."""
    done = Fetched()
    letters = box.unread()
    while some := tuple(islice(letters, _MAILS)):
        began = time.monotonic()
        now = clock()
        told, faults = _read_all(some, now)
        heard = ledger.write(feedback.hear_if_room, told, now)
        if heard is None:
            return _more(done, is_whole=False)
        box.mark([each.key for each in some if each.key not in faults])
        box.mark(list(faults), flagged=True)
        done = _more(done, len(some), heard.new, heard.repeated, len(faults))
        if not rest(time.monotonic() - began):
            return _more(done, is_whole=False)
    return done


def settle(ledger: Ledger, thresholds: Thresholds, clock: Clock, rest: Rest) -> Acted:
    """Act on all that waits, as far as `rest` lets it go on."""
    keys = (ledger.write(meta.link_key),)
    done = Acted()
    while ledger.read(feedback.waiting, 1):
        began = time.monotonic()
        acted = ledger.write(feedback.act, keys, thresholds, clock())
        done = Acted(
            seen=done.seen + acted.seen,
            suppressed=done.suppressed + acted.suppressed,
            left=done.left + acted.left,
        )
        if not acted.seen or not rest(time.monotonic() - began):
            break
    if done.seen:
        log.info("acted on what came back", number=done.seen, suppressed=done.suppressed, left=done.left)
    return done


def _read_all(some: Sequence[Letter], now: datetime) -> tuple[list[Feedback], dict[str, str]]:
    """Read mails; return what they tell, and by its key what is wrong with each that cannot be read."""
    told: list[Feedback] = []
    faults: dict[str, str] = {}
    for letter in some:
        try:
            told += _read(letter, now)
        except _Unreadable as error:
            faults[letter.key] = str(error)
        except Exception as error:  # edge: one mail, which anybody may have written
            faults[letter.key] = repr(error)
    for key, why in faults.items():
        log.error("a mail in the mailbox of bounces cannot be read; it is flagged", mail=key, why=why)
    return told, faults


class _Unreadable(Exception):
    """A mail that the mailbox does not give away."""


def _read(letter: Letter, now: datetime) -> Iterator[Feedback]:
    if letter.data is None:
        raise _Unreadable(letter.fault)
    yield from bounces.read(letter.data, now)


def _more(
    done: Fetched,
    mails: int = 0,
    new: int = 0,
    repeated: int = 0,
    unreadable: int = 0,
    *,
    is_whole: bool = True,
) -> Fetched:
    return Fetched(
        mails=done.mails + mails,
        new=done.new + new,
        repeated=done.repeated + repeated,
        unreadable=done.unreadable + unreadable,
        is_whole=is_whole,
    )
