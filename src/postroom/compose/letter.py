"""A newsletter's letter to one recipient: headers, body, envelope."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import format_datetime

from postroom.address import Mailbox, parse_mailbox
from postroom.compose import header
from postroom.compose.body import alternative, boundary_of
from postroom.compose.merge import fields_of, fill_html, fill_text
from postroom.compose.unsubscribe import unsubscribe_url
from postroom.errors import HeaderError
from postroom.model import Delivery, Edition, Email, Mail, Sender


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The keys of a ledger. `links` sign what is in URLs: the first signs, all are believed."""

    links: tuple[bytes, ...] = field(repr=False)


def write_letter(email: Email, edition: Edition, delivery: Delivery, keys: Keys) -> Mail:
    """Write a complete message and its envelope. Raises HeaderError or AddressError."""
    sender = _sender(edition)
    recipient = delivery.recipient
    way_out = unsubscribe_url(edition.unsubscribe, recipient, keys.links)
    fields = fields_of(recipient, way_out)
    boundary = boundary_of(edition.content_hash)
    headers = [
        *_who_and_what(email, sender, delivery, fields),
        *_list_headers(sender, way_out, one_click=edition.one_click),
        ("MIME-Version", "1.0"),
        ("Content-Type", f'multipart/alternative;\r\n boundary="{boundary}"'),
    ]
    text = fill_text(email.text, email.fence, fields)
    html = fill_html(email.html, email.fence, fields)
    data = header.block(headers) + b"\r\n" + alternative(text, html, boundary)
    return Mail(mail_from=_bounce_address(sender), rcpt_to=recipient.address, data=data)


def _sender(edition: Edition) -> Sender:
    if edition.sender is None:
        raise HeaderError(f"{edition.key} has no sender; give its channel a `from`")
    return edition.sender


def _bounce_address(sender: Sender) -> str:
    """Return where bounces go: `return_path`, else the address of From."""
    return parse_mailbox(sender.return_path or sender.from_).address.address


def _who_and_what(
    email: Email, sender: Sender, delivery: Delivery, fields: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    recipient = delivery.recipient
    yield "From", _mailbox("From", sender.from_)
    if sender.sender:
        yield "Sender", _mailbox("Sender", sender.sender)
    if sender.reply_to:
        yield "Reply-To", _mailbox("Reply-To", sender.reply_to)
    yield "To", header.mailbox("To", recipient.name, recipient.address)
    yield "Subject", header.text("Subject", fill_text(email.subject, email.fence, fields))
    yield "Date", format_datetime(delivery.date)
    yield "Message-ID", header.machine("Message-ID", f"<{delivery.message_id}>")


def _list_headers(sender: Sender, way_out: str, *, one_click: bool) -> Iterator[tuple[str, str]]:
    """Say that this is a list and how to leave it (RFC 2919, RFC 2369, RFC 8058, RFC 3834).

    The URL stands in one line as it is: folded or encoded, the button to unsubscribe disappears.
    """
    yield "List-Id", header.identifier("List-Id", sender.list_name, sender.list_id)
    if way_out:
        yield "List-Unsubscribe", header.machine("List-Unsubscribe", f"<{way_out}>")
    if one_click and way_out.startswith("https://"):
        yield "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"
    yield "Precedence", "bulk"
    yield "Auto-Submitted", "auto-generated"


def _mailbox(name: str, written: str) -> str:
    box: Mailbox = parse_mailbox(written)
    return header.mailbox(name, box.name, box.address.address)
