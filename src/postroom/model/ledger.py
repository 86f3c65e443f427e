"""What the outbox keeps: editions, deliveries, their states, and the accounts over them.

A delivery moves like this; nothing else is allowed:

    queued ──claim──► sending ──► sent         accepted by the next hop
      ▲  │               ├──────► queued       deferred, due later
      │  │               ├──────► failed       refused, or past its deadline, counted from its first attempt
      │  │               └──────► uncertain    it may have gone out: lost answer, dead process
      │  └──► cancelled                        withdrawn, replaced or suppressed, with the reason
      └── uncertain, failed                    a person's or a policy's decision
          uncertain ──► sent | failed | cancelled     likewise
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from postroom.model.channel import Sender, Unsubscribe
from postroom.model.lean import lean
from postroom.model.rendering import Content


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    CANCELLED = "cancelled"


class EditionState(StrEnum):
    """Where an edition stands.

    `filling`: its recipients are being written, nothing may be claimed. `held`: complete, but a
    person or a policy stopped it (`Edition.reason`). `open`: its deliveries may be claimed.
    `finished`: none is queued or sending any more. `cancelled`: withdrawn or replaced.
    """

    FILLING = "filling"
    HELD = "held"
    OPEN = "open"
    FINISHED = "finished"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """A variant of an article on a channel, rendered and frozen.

    `key` is `channel/variant/article`, with `#2`, `#3` … appended to later revisions; it is
    what people type. `content_hash` is the SHA-256 over everything every recipient shares.
    `due_at` is when it became ready. `hold_when_uncertain`: a lost answer is left to a person.
    `one_click` says whether List-Unsubscribe-Post may be written. `list` is what its readers can leave
    (`Audience.leaves`), `url` the article's own page, empty where it has none. `id` is the ledger's, 0 before.
    One that greets who joins a list has no article: `greeting` says how it does, and `unsubscribe.web` of one to
    confirm is where that is done.
    `holds` are the codes of `Held` that still stand, `reason` tells them in a sentence.
    """

    key: str
    channel: str
    article: str
    variant: str
    title: str
    content: Content
    content_hash: str
    source_hash: str
    transport: str
    transport_kind: str
    rehearsal: bool
    due_at: datetime
    created_at: datetime
    revision: int = 1
    state: EditionState = EditionState.FILLING
    holds: tuple[str, ...] = ()
    reason: str = ""
    sender: Sender | None = None
    unsubscribe: Unsubscribe | None = None
    one_click: bool = False
    hold_when_uncertain: bool = False
    list: str = ""
    url: str = ""
    greeting: Literal["", "confirm", "welcome"] = ""
    id: int = 0


@lean
class Recipient:
    """One accepted row of an audience, or the account of a network.

    `address` is as it is sent to (ASCII, IDNA domain); `identity` the normalised form that makes
    two rows the same person; `uuid` the subscriber's opaque id, filled in by the ledger when
    empty. `merge` are the values of merge fields.
    """

    address: str
    identity: str
    domain: str
    name: str = ""
    uuid: str = ""
    merge: Mapping[str, str] = field(default_factory=dict)


@lean
class Delivery:
    """One part of an edition to one recipient, all of it fixed at enqueue.

    `part` 0 is the mail or post; 1… are replies and the first comment, each sent after the one
    before it. `remote_id` is what the network called this part once it took it, `parent_id` what it
    called the part before it (None for part 0).
    `message_id` has no angle brackets. `attempts` counts those begun, the first of them at
    `first_begun_at`: from there a policy counts how long to go on (`outbox retry` starts anew).
    """

    id: int
    edition_id: int
    recipient: Recipient
    part: int
    date: datetime
    message_id: str
    state: DeliveryState
    due_at: datetime
    attempts: int = 0
    first_begun_at: datetime | None = None
    reason: str = ""
    remote_id: str | None = None
    parent_id: str | None = None
    progress: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """An edition's counts. Two identities hold at every moment:
    `rows_read = rejected + duplicate + suppressed + recipients`, and
    `recipients = queued + sending + sent + failed + uncertain + cancelled`.
    """

    rows_read: int = 0
    rejected: int = 0
    duplicate: int = 0
    suppressed: int = 0
    recipients: int = 0
    queued: int = 0
    sending: int = 0
    sent: int = 0
    failed: int = 0
    uncertain: int = 0
    cancelled: int = 0

    @property
    def balances(self) -> bool:
        """Whether both identities hold."""
        read = self.rejected + self.duplicate + self.suppressed + self.recipients
        states = self.queued + self.sending + self.sent + self.failed + self.uncertain + self.cancelled
        return self.rows_read == read and self.recipients == states
