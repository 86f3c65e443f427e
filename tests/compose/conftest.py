"""A desk to write letters at: an edition, a delivery, and how to read what came out."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import Message as Parsed
from types import SimpleNamespace

import pytest

from postroom.compose import Keys, compose
from postroom.model import (
    Content,
    Delivery,
    DeliveryState,
    Edition,
    Email,
    Mail,
    Recipient,
    Sender,
    Unsubscribe,
)

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
UUID = "0192d0ed-f5cf-77e3-9396-39f118a68291"
KEYS = Keys(links=(b"k" * 32,))
WEB = "https://mail.learning.example"
HTML = (
    '<!DOCTYPE html>\n<html lang="en"><body><p>Dear @@first_name|reader@@, '
    + "long line. " * 300
    + "</p></body></html>\n"
)

LETTER = Email(
    subject="How a kiln works",
    preheader="Fire",
    html=HTML,
    text="Dear @@first_name|reader@@,\n\nFire is hot.\n\n-- \nLeave: @@unsubscribe_url@@\n",
    mjml="",
    language="en",
    fence="@@",
)
SENDER = Sender(
    from_="The Learning Machine <news@learning.example>",
    list_id="weekly.learning.example",
    list_name="Weekly",
)
ADA = Recipient(
    address="ada@example.org",
    identity="ada@example.org",
    domain="example.org",
    name="Ada Lovelace",
    uuid=UUID,
)


def edition(content: Content = LETTER, **changes: object) -> Edition:
    facts: dict[str, object] = {
        "key": "newsletter/article/2026/How a kiln wörks",
        "channel": "newsletter",
        "article": "kiln",
        "variant": "article",
        "title": "How a kiln works",
        "content": content,
        "content_hash": "c0ffee",
        "source_hash": "s",
        "transport": "mail",
        "transport_kind": "smtp",
        "rehearsal": False,
        "due_at": NOW,
        "created_at": NOW,
        "sender": SENDER,
        "unsubscribe": Unsubscribe(web=WEB),
        "one_click": True,
    }
    return Edition(**(facts | changes))  # type: ignore[arg-type]


def delivery(recipient: Recipient = ADA, **changes: object) -> Delivery:
    facts: dict[str, object] = {
        "id": 7,
        "edition_id": 1,
        "recipient": recipient,
        "part": 0,
        "date": NOW,
        "state": DeliveryState.SENDING,
        "message_id": "20261122.7.abc@learning.example",
        "due_at": NOW,
    }
    return Delivery(**(facts | changes))  # type: ignore[arg-type]


def written(an_edition: Edition | None = None, a_delivery: Delivery | None = None) -> bytes:
    content = compose(an_edition or edition(), a_delivery or delivery(), KEYS).content
    assert isinstance(content, Mail)
    return content.data


def read(data: bytes) -> Parsed:
    return email.message_from_bytes(data, policy=email.policy.compat32)


def head(data: bytes) -> dict[str, str]:
    """Return the headers as they stand on the wire, folds and all."""
    lines = re.split(r"\r\n(?![ \t])", data.partition(b"\r\n\r\n")[0].decode("ascii"))
    return dict(line.split(": ", 1) for line in lines)


def shown(value: str) -> str:
    return str(make_header(decode_header(value.replace("\r\n", ""))))


def body(data: bytes, at: int) -> str:
    payload = read(data).get_payload(at)
    assert isinstance(payload, Parsed)
    raw = payload.get_payload(decode=True)
    assert isinstance(raw, bytes)
    return raw.decode().replace("\r\n", "\n")


def with_recipient(**changes: object) -> Delivery:
    """A delivery to Ada, who is otherwise than usual."""
    return delivery(replace(ADA, **changes))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def desk() -> SimpleNamespace:
    """All of the above, for test modules that cannot import this one."""
    return SimpleNamespace(**{name: value for name, value in globals().items() if not name.startswith("_")})
