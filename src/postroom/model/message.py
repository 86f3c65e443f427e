"""What a transport is handed for one delivery, and how an attempt may end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias

from postroom.model.lean import lean
from postroom.model.rendering import Post


@lean
class Mail:
    """A complete RFC 5322 message (CRLF, 7-bit) and its envelope: one recipient.

    `is_plain`: whoever made it vouches that `data` can go over any wire as it is. It is ASCII without NUL; CR and
    LF stand in CRLF alone, which ends the last line too; no line has more than 998 bytes or begins with a dot.
    """

    mail_from: str
    rcpt_to: str
    data: bytes
    is_plain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a post: `number` 0 is the post itself; a later one replies to `parent_id`.

    `is_comment` marks the first comment. `text` is what people will read.
    """

    post: Post
    number: int
    text: str
    is_comment: bool = False
    parent_id: str | None = None


@lean
class Message:
    """One delivery, ready for a transport.

    `name` is a file name without suffix, the same for every attempt at the same delivery.
    `idempotency_key` likewise never changes between attempts.
    """

    delivery_id: int
    name: str
    idempotency_key: str
    content: Mail | Part


class Scope(StrEnum):
    """Whom an answer speaks about. `domain` is that of the recipient: it wants less for now."""

    RECIPIENT = "recipient"
    DOMAIN = "domain"
    EDITION = "edition"
    TRANSPORT = "transport"


@lean
class Sent:
    """The next hop took it. `reply` is its answer, `remote_id` what a network calls the post."""

    reply: str
    remote_id: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deferred:
    """Not now; nothing went out. `after` is when the other side asked to be tried again.
    Scope `transport`: the fault is not this recipient's, and no attempt of theirs is spent.
    Scope `domain`: everyone at the recipient's domain would hear the same for a while.
    Scope `edition`: its sender has to wait, so all of the edition waits, and no other.
    """

    reason: str
    after: timedelta | None = None
    scope: Scope = Scope.RECIPIENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Never, as it stands; nothing went out. `enhanced` is an RFC 3463 code such as `5.1.1`.
    Scope `edition`: its sender is refused, so the edition is held. Scope `transport`: our account or
    settings are at fault, so the transport must pause. `of_content`: the message was refused, not
    the mailbox, so others may meet the same.
    """

    reason: str
    enhanced: str | None = None
    scope: Scope = Scope.RECIPIENT
    of_content: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """It may have gone out: the answer was lost."""

    reason: str


Outcome: TypeAlias = Sent | Deferred | Refused | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The repeatable work before a send is done; `progress` is what to remember of it."""

    progress: Mapping[str, str] = field(default_factory=dict)
