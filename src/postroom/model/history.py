"""What the ledger remembers when someone asks whether an article may go out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from postroom.model.ledger import Accounts, EditionState


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownArticle:
    """An article as the ledger last saw it, also when its file is gone.

    `pulled_at` is when someone took it back everywhere; nothing of it goes out after that.
    """

    id: str
    path: str
    title: str
    body_hash: str
    publish_at: datetime | None = None
    image: str = ""
    pulled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSighting:
    """A channel as the ledger knows it.

    `first_seen` is when a ledger first met it (or the channel it `was`). `real_editions` counts
    the editions let go through a transport that is no rehearsal; `last_recipients` is how many
    the latest of them had, None before the first.
    """

    name: str
    first_seen: datetime
    real_editions: int = 0
    last_recipients: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The latest revision of an edition, as far as readiness cares.

    `sent_at` is when the first of its deliveries was sent, `ended_at` when it was finished, withdrawn or replaced.
    `counted` is true for a rehearsal that `outbox rehearsed --count-as-sent` settled.
    """

    key: str
    channel: str
    variant: str
    article: str
    revision: int
    state: EditionState
    rehearsal: bool
    source_hash: str
    content_hash: str
    due_at: datetime
    transport: str = ""
    transport_kind: str = ""
    reason: str = ""
    holds: tuple[str, ...] = ()
    counted: bool = False
    sent_at: datetime | None = None
    ended_at: datetime | None = None
    accounts: Accounts = field(default_factory=Accounts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """A person's leave for one rendering (`content_hash`), or for `recipients` of an audience."""

    channel: str
    variant: str
    article: str
    content_hash: str
    recipients: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """All of it. `editions` is keyed by (channel, variant, article id) and leaves out rehearsals
    that `outbox rehearsed --resend` settled; `articles` by article id. `adopted_at` is when this ledger, a
    copy, was last made the ledger; what it does not know from before may have gone out from another.
    `replaced` are editions that were withdrawn for a newer revision which is not frozen yet, `withdrawn` proposals
    that were taken back, and nothing else has come of since.
    """

    channels: Mapping[str, ChannelSighting] = field(default_factory=dict)
    editions: Mapping[tuple[str, str, str], Past] = field(default_factory=dict)
    articles: Mapping[str, KnownArticle] = field(default_factory=dict)
    approvals: tuple[Approval, ...] = ()
    adopted_at: datetime | None = None
    replaced: Mapping[tuple[str, str, str], Past] = field(default_factory=dict)
    withdrawn: Mapping[tuple[str, str, str], Past] = field(default_factory=dict)

    def revision(self, place: tuple[str, str, str]) -> int:
        """Return the number of the revision that would be frozen next, or that is only a proposal."""
        if place in self.editions:
            return self.editions[place].revision
        return self.replaced[place].revision + 1 if place in self.replaced else 1
