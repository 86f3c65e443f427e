"""What would go out, to look at: the bytes that would be frozen, and one sample message of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from postroom.compose import Keys, compose
from postroom.model import (
    Delivery,
    DeliveryState,
    Edition,
    Email,
    Mail,
    Message,
    Post,
    Recipient,
)
from postroom.outbox import content as frozen_content
from postroom.outbox import enqueue, meta, rows
from postroom.outbox.ledger import Ledger
from postroom.pipeline.heads import people
from postroom.pipeline.stage import Staged

SAMPLE = Recipient(
    address="reader@example.com",
    identity="reader@example.com",
    domain="example.com",
    name="Robin Reader",
    uuid="00000000000000000000000000000000",
    merge={"name": "Robin Reader", "first_name": "Robin"},
)
"""Who a mail is shown to where the audience is empty or cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A staged candidate and the message that one of its recipients, `reader`, would get."""

    staged: Staged
    reader: Recipient
    message: Message

    @property
    def files(self) -> dict[str, bytes]:
        """The files of `preview --out`, by suffix."""
        return files(self.staged.edition, self.message)


def sample(staged: Staged, ledger: Ledger | None, now: datetime) -> Sample:
    """Compose the message to the first of the audience, dated `now`; the ledger is only read."""
    reader = first_of(staged, ledger)
    delivery = sample_delivery(staged.edition, reader, now)
    message = compose(staged.edition, delivery, keys_of(ledger))
    return Sample(staged=staged, reader=reader, message=message)


def keys_of(ledger: Ledger | None) -> Keys:
    """Read the key that signs links; without a ledger, one that opens nothing."""
    return Keys(links=(ledger.write(meta.link_key) if ledger is not None else b"preview",))


def first_of(staged: Staged, ledger: Ledger | None) -> Recipient:
    """Pick the first person of the candidate's audience, else a made-up one."""
    rows = people(staged.candidate.channel, ledger)
    return next((row for row in rows if isinstance(row, Recipient)), SAMPLE)


def sample_delivery(edition: Edition, recipient: Recipient, now: datetime) -> Delivery:
    """Make the delivery that enqueuing at `now` would make."""
    return Delivery(
        id=0,
        edition_id=edition.id,
        recipient=recipient,
        part=0,
        date=now,
        message_id=rows.stamp(enqueue.token(edition, edition.id), edition.sender, now).message_id(0),
        state=DeliveryState.QUEUED,
        due_at=now,
    )


def files(edition: Edition, message: Message) -> dict[str, bytes]:
    """Lay an edition out as files. All but `eml` are byte for byte what the outbox keeps."""
    laid = {"json": frozen_content.encode(edition.content).encode()}
    match edition.content:
        case Email(html=html, text=text, mjml=mjml):
            laid |= {"html": html.encode(), "txt": text.encode(), "mjml": mjml.encode()}
        case Post() as post:
            laid["txt"] = post_text(post).encode()
    if isinstance(message.content, Mail):
        laid["eml"] = message.content.data
    return laid


def post_text(post: Post) -> str:
    """Write a post down as people will read it: parts, then the link beside it, the first comment."""
    pieces = list(post.parts)
    if post.card is not None:
        pieces.append(f"[link card]\n{post.card.title}\n{post.card.url}")
    if post.first_comment is not None:
        pieces.append(f"[first comment]\n{post.first_comment}")
    return "\n\n---\n\n".join(pieces) + "\n"
