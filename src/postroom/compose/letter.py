"""A newsletter's letter to one recipient: headers, body, envelope.

What all recipients of an edition share is written, checked and encoded once, as a `Form`; a letter is
that form, filled. The form is kept while letters are asked for, and depends on what it is made of alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache

from postroom import links, verp
from postroom.address import Mailbox, parse_mailbox
from postroom.compose import header
from postroom.compose.body import Body, body_of, boundary_of
from postroom.compose.dkim import Signer, aligned, signatures
from postroom.compose.merge import cut, fill_text, value_of
from postroom.compose.segments import Value, followed, written
from postroom.compose.unsubscribe import PREFERENCES, WayOut, preferences, way_in, way_out
from postroom.errors import HeaderError
from postroom.model import Delivery, Edition, Email, Mail, Recipient, Sender, Unsubscribe


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The keys of a ledger. `links` sign what is in URLs: the first signs, all are believed. `dkim` sign
    letters, each those from its domain; without any, letters go out unsigned.
    """

    links: tuple[bytes, ...] = field(repr=False)
    dkim: tuple[Signer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A letter to everyone, without what is one recipient's.

    Headers stand in this order: `top`, those of `header.personal`, `middle`, List-Unsubscribe, `bottom`.
    `subject` is written where it is the same for all, else None. `around` is what stands before and after the token in
    the address that bounces come back to, where each mail has one of its own. `choose` begins the URL of each
    reader's own page.
    """

    mail_from: str
    around: tuple[str, ...]
    top: bytes
    subject: str | None
    middle: bytes
    bottom: bytes
    body: Body
    names: tuple[str, ...]
    way_out: WayOut
    choose: Value | None
    signers: tuple[Signer, ...]


def write_letter(edition: Edition, email: Email, delivery: Delivery, keys: Keys) -> Mail:
    """Write a complete message and its envelope. Raises HeaderError or AddressError."""
    if edition.sender is None:
        raise HeaderError(f"{edition.key} has no sender; give its channel a `from`")
    form = _form(email, edition.content_hash, edition.sender, edition.unsubscribe, edition.one_click, keys)
    recipient = delivery.recipient
    to_confirm = edition.greeting == "confirm"  # who is on no list yet has none to leave
    url = "" if to_confirm else form.way_out.url_of(recipient)
    values = {name: written(value_of(name, recipient, url)) for name in form.names}
    if form.choose is not None:
        token = links.token(keys.links, PREFERENCES, recipient.uuid)
        values["preferences_url"] = followed(form.choose, token)
    if to_confirm:
        values["confirm_url"] = written(way_in(edition.unsubscribe, recipient, keys.links))
    head = [form.top, _personal(form, email, delivery, values), form.middle, _leave(url), form.bottom]
    body = form.body.filled(values)
    if form.signers:
        data = _signed(form.signers, b"".join(head), b"".join(body), delivery.date)
    else:
        data = b"".join([*head, b"\r\n", *body])
    mail_from = form.mail_from
    if form.around:
        before, after = form.around
        mail_from = f"{before}{verp.token(keys.links, delivery.id, delivery.message_id)}{after}"
    return Mail(mail_from=mail_from, rcpt_to=recipient.address, data=data, is_plain=True)


@lru_cache(maxsize=16)
def _form(
    email: Email,
    content_hash: str,
    sender: Sender,
    unsubscribe: Unsubscribe | None,
    one_click: bool,
    keys: Keys,
) -> Form:
    """Write what all recipients share. Sixteen are kept: more editions are hardly sent at once."""
    way = way_out(unsubscribe, keys.links)
    boundary = boundary_of(content_hash)
    body = body_of(email, boundary)
    _, subject_tokens = cut(email.subject, email.fence)
    mail_from = _bounce_address(sender)
    names = {*body.names, *(token.name for token in subject_tokens)}
    choose = preferences(unsubscribe) if "preferences_url" in names else ""
    return Form(
        mail_from=mail_from,
        around=tuple(mail_from.split(verp.PLACE)) if verp.PLACE in mail_from else (),
        top=header.block(list(_origin(sender))),
        subject=None if subject_tokens else header.text("Subject", email.subject),
        middle=header.block([("List-Id", header.identifier("List-Id", sender.list_name, sender.list_id))]),
        bottom=header.block(list(_manner(boundary, one_click=one_click and way.is_https))),
        body=body,
        names=tuple(sorted(names)),
        way_out=way,
        choose=written(choose) if choose else None,
        signers=aligned(keys.dkim, parse_mailbox(sender.from_).address.domain),
    )


def _origin(sender: Sender) -> Iterator[tuple[str, str]]:
    yield "From", _mailbox("From", sender.from_)
    if sender.sender:
        yield "Sender", _mailbox("Sender", sender.sender)
    if sender.reply_to:
        yield "Reply-To", _mailbox("Reply-To", sender.reply_to)


def _manner(boundary: str, *, one_click: bool) -> Iterator[tuple[str, str]]:
    """Say that this went to many (RFC 8058, RFC 3834), and how the body is written."""
    if one_click:
        yield "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"
    yield "Precedence", "bulk"
    yield "Auto-Submitted", "auto-generated"
    yield "MIME-Version", "1.0"
    yield "Content-Type", f'multipart/alternative;\r\n boundary="{boundary}"'


def _personal(form: Form, email: Email, delivery: Delivery, values: dict[str, Value]) -> bytes:
    """Write To, Subject, Date and Message-ID."""
    recipient: Recipient = delivery.recipient
    subject = form.subject
    if subject is None:
        fields = {name: value for name, (value, *_) in values.items()}
        subject = header.text("Subject", fill_text(email.subject, email.fence, fields))
    to = header.mailbox("To", recipient.name, recipient.address)
    return header.personal(to, subject, _date(delivery.date, delivery.date.utcoffset()), delivery.message_id)


def _leave(url: str) -> bytes:
    """Write how to leave (RFC 2369). The URL stands in one line as it is: folded or encoded, the button
    to unsubscribe disappears.
    """
    return f"List-Unsubscribe: {header.machine('List-Unsubscribe', f'<{url}>')}\r\n".encode() if url else b""


def _signed(signers: tuple[Signer, ...], head: bytes, body: bytes, date: datetime) -> bytes:
    return b"".join([signatures(signers, head, body, date), head, b"\r\n", body])


@lru_cache(maxsize=64)
def _date(date: datetime, _offset: timedelta | None) -> str:
    """Write a date. The same moment in another zone is equal, so its offset tells the two apart."""
    return format_datetime(date)


def _bounce_address(sender: Sender) -> str:
    """Return where bounces go: `return_path`, else the address of From."""
    return parse_mailbox(sender.return_path or sender.from_).address.address


def _mailbox(name: str, written: str) -> str:
    box: Mailbox = parse_mailbox(written)
    return header.mailbox(name, box.name, box.address.address)
