"""Where notices go: an incoming webhook of Slack, a webhook of your own, or a mail. Outside the ledger.

What is handed over is short and holds no address of a reader. Addresses of hooks and other secrets are opened when
they are used, and stand in no message and no log.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import quopri
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from postroom import transports
from postroom.address import parse_mailbox
from postroom.compose import header
from postroom.config import Config, NotifyHook, NotifyMail, NotifyPlace
from postroom.config.words import is_safe_hook
from postroom.errors import PostroomError
from postroom.model import Mail, Message, NoticeKind, Sent

TIMEOUT_SECONDS = 10
"""How long a hook may take to connect, to take what is posted, and to begin its answer: each of them."""

LONGEST_SECONDS = 15
"""How long all of it may take: a hook that sends its answer byte by byte is never late with one of them."""

LONGEST_SLACK = 4_000
"""Characters of a text for Slack: one message on a screen. It cuts at 40,000
(api.slack.com/changelog/2018-04-truncating-really-long-messages, read 2026-11-22).
"""

LONGEST_TEXT = 10_000
"""Characters of any other notice: a reason that a server gave may be long."""

Secrets = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What goes out: a cause in words, or a summary of several (`kind` is then `summary`)."""

    id: str
    kind: str
    text: str
    at: datetime
    edition: str | None = None


class NotTold(Exception):
    """A place did not take a note; it is worth another try, `after` so long where the place says so."""

    def __init__(self, why: str, after: timedelta | None = None) -> None:
        self.after = after
        super().__init__(why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One that is told. `name` is for people, `key` for the ledger; neither tells its address.

    `deliver` hands a note over and raises NotTold where it is not taken. `about` is empty for everything.
    """

    name: str
    key: str
    about: frozenset[NoticeKind]
    deliver: Callable[[Note], None]

    def wants(self, kind: NoticeKind) -> bool:
        """Whether it is told about such causes. What failed is finished, too."""
        is_end = kind is NoticeKind.FAILED and NoticeKind.FINISHED in self.about
        return not self.about or kind in self.about or is_end


def places(config: Config, secrets: Secrets) -> tuple[Place, ...]:
    """Make every place that config.yaml names. None is reached before there is something to tell."""
    return tuple(_place(number, each, config, secrets) for number, each in enumerate(config.notify, 1))


def _place(number: int, place: NotifyPlace, config: Config, secrets: Secrets) -> Place:
    match place:
        case NotifyMail(to=to, transport=transport):
            kind, known_by = "mail", f"{to} {transport}"
            deliver = _by_mail(place, config, secrets)
        case NotifyHook(kind=kind, url=url):
            known_by = url.reference
            deliver = _by_hook(place, secrets)
    digest = hashlib.sha256(known_by.encode()).hexdigest()[:12]
    return Place(
        name=f"notify, item {number} ({kind})", key=f"{kind}:{digest}", about=place.about, deliver=deliver
    )


def _by_hook(place: NotifyHook, secrets: Secrets) -> Callable[[Note], None]:
    body = for_slack if place.kind == "slack" else for_webhook

    def deliver(note: Note) -> None:
        _post(_opened(place.url.reference, secrets), body(note))

    return deliver


def for_slack(note: Note) -> Mapping[str, str]:
    """Write a note as Slack wants it: three characters have a meaning there and are replaced
    (api.slack.com/reference/surfaces/formatting, "Escaping text", read 2026-11-22).
    """
    text = note.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return {"text": _cut(text, LONGEST_SLACK)}


def for_webhook(note: Note) -> Mapping[str, str | None]:
    """Write a note as the JSON that docs/operate.md promises."""
    return {
        "event": "notice",
        "id": note.id,
        "kind": note.kind,
        "text": _cut(note.text, LONGEST_TEXT),
        "at": note.at.isoformat(),
        "edition": note.edition,
    }


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _opened(reference: str, secrets: Secrets) -> str:
    """Open the address of a hook, which must still be one that nobody can listen to."""
    try:
        url = secrets(reference).strip()
    except PostroomError as error:
        raise NotTold(str(error)) from error
    if not is_safe_hook(url):
        raise NotTold("its address does not begin with https://; mend the secret that holds it")
    return url


def _post(url: str, body: Mapping[str, Any]) -> None:
    logging.getLogger("httpx").setLevel(logging.WARNING)  # at INFO it writes the whole address into the log
    try:
        status, after = asyncio.run(_answer(url, body))
    except (
        Exception
    ) as error:  # edge: one note; an impossible name or port fails deep below, in ways of its own
        raise NotTold(f"it cannot be reached: {type(error).__name__}") from None
    if not 200 <= status < 300:
        elsewhere = ", to lead elsewhere, where it is not followed" if status // 100 == 3 else ""
        raise NotTold(f"it answered {status}{elsewhere}", _seconds(after))


async def _answer(url: str, body: Mapping[str, Any]) -> tuple[int, str]:
    """Post, and return the status and Retry-After. Raises TimeoutError after LONGEST_SECONDS."""
    import httpx

    async with (
        asyncio.timeout(LONGEST_SECONDS),
        httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False) as client,
        client.stream("POST", url, json=body) as answer,
    ):
        return answer.status_code, answer.headers.get("Retry-After", "")


def _seconds(after: str) -> timedelta | None:
    """Read Retry-After (RFC 9110 §10.2.3), in seconds; a date there is left to the back-off."""
    return timedelta(seconds=min(int(after[:6]), 86_400)) if after.isascii() and after.isdigit() else None


def _by_mail(place: NotifyMail, config: Config, secrets: Secrets) -> Callable[[Note], None]:
    entry = config.transports[place.transport]

    def deliver(note: Note) -> None:
        try:
            message = write_mail(place, note, config.publication.name)
            transport = transports.find(entry.kind)(entry.settings, secrets)
            try:
                (outcome,) = list(transport.send([message]))
            finally:
                transport.close()
        except PostroomError as error:
            raise NotTold(str(error)) from error
        if not isinstance(outcome, Sent):
            raise NotTold(outcome.reason)

    return deliver


def write_mail(place: NotifyMail, note: Note, publication: str) -> Message:
    """Write a note as a mail that no machine answers (RFC 3834 §5.1: Auto-Submitted)."""
    sender = parse_mailbox(place.sender)
    address = sender.address.address
    token = hashlib.sha256(f"{note.id} {note.at.isoformat()}".encode()).hexdigest()[:24]
    headers = [
        ("From", header.mailbox("From", sender.name, address)),
        ("To", header.mailbox("To", "", place.to)),
        ("Subject", header.text("Subject", _subject(note, publication))),
        ("Date", format_datetime(note.at)),
        ("Message-ID", header.machine("Message-ID", f"<notice.{token}@{address.rpartition('@')[2]}>")),
        ("Auto-Submitted", "auto-generated"),
        ("MIME-Version", "1.0"),
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Content-Transfer-Encoding", "quoted-printable"),
    ]
    text = "".join(
        each if each.isprintable() or each == "\n" else " " for each in _cut(note.text, LONGEST_TEXT)
    )
    body = quopri.encodestring(f"{text}\n".encode()).replace(b"\n", b"\r\n")
    mail = Mail(mail_from=address, rcpt_to=place.to, data=header.block(headers) + b"\r\n" + body)
    return Message(delivery_id=0, name=f"notice-{token}", idempotency_key=token, content=mail)


def _subject(note: Note, publication: str) -> str:
    about = f"{note.kind}: {note.edition}" if note.edition else note.kind
    return _cut(f"[{publication}] {about}", 200)
