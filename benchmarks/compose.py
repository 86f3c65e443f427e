"""Measure what a letter costs: `python -m benchmarks.compose [--json FILE]`.

One letter of 30 KB HTML with 20 links, two names and the way out, to many people. Composing it is held against the
standard library, which renders the same letter in full for each of them; signing it, against the bare key. All
figures are CPU time of this process, taken in pairs. Each pair is taken from the same letters.
"""

from __future__ import annotations

import argparse
import json
import random
import string
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape
from pathlib import Path
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from benchmarks.measure import Figure, Pair, compared, line, pairs, raw_of
from postroom.compose import Keys, Signer, compose
from postroom.compose.dkim import signatures
from postroom.model import Delivery, DeliveryState, Edition, Email, Mail, Recipient, Sender, Unsubscribe

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
LETTERS = 2_000
IN_FULL = 20  # of them, for what takes two hundred times as long
SIGNED = 200
KEYS = Keys(links=(b"k" * 32,))
WORDS = (
    "kiln",
    "clay",
    "fire",
    "glaze",
    "wheel",
    "hand",
    "slow",
    "heat",
    "ash",
    "water",
    "salt",
    "stone",
    "smoke",
)


def edition() -> Edition:
    """Write a letter of 30 KB."""
    source = random.Random(7)
    style = 'style="margin:0 0 16px;font:16px/1.5 Georgia,serif"'
    paragraphs = [
        f"<p {style}>{' '.join(source.choices(WORDS, k=255))} "
        f'<a style="color:#225588" href="https://kiln.example/articles/{at}?from=letter&amp;m=1">more</a></p>\n'
        for at in range(20)
    ]
    opening = '<!DOCTYPE html>\n<html lang="en"><body>\n<p>Dear @@first_name|reader@@,</p>\n'
    closing = '<p>For @@name@@: <a href="@@unsubscribe_url@@">Leave</a></p></body></html>\n'
    html = "".join((opening, *paragraphs, closing))
    text = "Dear @@first_name|reader@@,\n\n" + f"{' '.join(WORDS)}.\n" * 30 + "\nLeave: @@unsubscribe_url@@\n"
    email = Email(
        subject="How a kiln works", preheader="", html=html, text=text, mjml="",
        language="en", fence="@@",
    )  # fmt: skip
    return Edition(
        key="newsletter/article/kiln", channel="newsletter", article="kiln", variant="article", title="",
        content=email, content_hash="c0ffee", source_hash="", transport="mail", transport_kind="smtp",
        rehearsal=False, due_at=NOW, created_at=NOW, one_click=True,
        sender=Sender(from_="Kiln <news@kiln.example>", list_id="weekly.kiln.example", list_name="Weekly"),
        unsubscribe=Unsubscribe(web="https://mail.kiln.example"),
    )  # fmt: skip


def deliveries(sent: Edition, count: int) -> list[Delivery]:
    """Make people, one in ten of them with a name beyond ASCII, and a delivery to each."""
    source = random.Random(7)
    made = []
    for number in range(count):
        letters = "".join(source.choices(string.ascii_lowercase, k=12))
        name = f"{letters[:5].title()} {letters[5:].title()}{'ü' * (number % 10 == 0)}"
        address = f"{letters}{number}@example.org"
        reader = Recipient(
            address=address, identity=address, domain="example.org", name=name,
            uuid=str(UUID(int=source.getrandbits(128))),
        )  # fmt: skip
        made.append(
            Delivery(
                id=number,
                edition_id=sent.id,
                recipient=reader,
                part=0,
                date=NOW,
                state=DeliveryState.SENDING,
                message_id=f"c0ffee.{number}@kiln.example",
                due_at=NOW,
            )
        )
    return made


def mail_of(sent: Edition, delivery: Delivery, keys: Keys = KEYS) -> bytes:
    """Compose one letter."""
    content = compose(sent, delivery, keys).content
    assert isinstance(content, Mail)
    return content.data


def in_full(sent: Edition, delivery: Delivery) -> bytes:
    """Render the same letter from its template, with the standard library alone."""
    email, reader = sent.content, delivery.recipient
    assert isinstance(email, Email)
    url = f"https://mail.kiln.example/u/{reader.uuid}"
    values = {"first_name|reader": reader.name.split()[0], "name": reader.name, "unsubscribe_url": url}
    text, html = email.text, email.html
    for name, value in values.items():
        text, html = text.replace(f"@@{name}@@", value), html.replace(f"@@{name}@@", escape(value))
    message = EmailMessage(policy=SMTP)
    message["From"], message["Subject"] = "Kiln <news@kiln.example>", email.subject
    message["To"] = f"{reader.name} <{reader.address}>"
    message["Date"], message["Message-ID"] = format_datetime(delivery.date), f"<{delivery.message_id}>"
    message["List-Id"], message["List-Unsubscribe"] = "Weekly <weekly.kiln.example>", f"<{url}>"
    message["List-Unsubscribe-Post"], message["Precedence"] = "List-Unsubscribe=One-Click", "bulk"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    return message.as_bytes()


def each(action: Callable[[Delivery], object], to: Sequence[Delivery]) -> Callable[[], float]:
    """Tell how to measure the CPU microseconds of one action, among many."""

    def measure() -> float:
        began = time.process_time()
        for delivery in to:
            action(delivery)
        return (time.process_time() - began) / len(to) * 1e6

    return measure


def personalising(sent: Edition, to: Sequence[Delivery], count: int) -> Iterator[Figure]:
    """Compose letters, and render them in full."""
    mail_of(sent, to[0])
    found = pairs(
        each(lambda delivery: mail_of(sent, delivery), to),
        each(lambda delivery: in_full(sent, delivery), to[:IN_FULL]),
        count,
    )
    speed = [Pair(ours=pair.reference, reference=pair.ours) for pair in found]
    yield Figure(
        section="compose", name="a letter", values=[pair.ours for pair in found], unit="µs", at_most=15
    )
    yield Figure(section="compose", name="EmailMessage", values=[pair.reference for pair in found], unit="µs")
    yield compared(
        "compose",
        "times as fast",
        speed,
        at_least=200,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pen:
    """A key: our signer with it, and the bare operation that it is measured against."""

    name: str
    signer: Signer
    bare: Callable[[bytes], bytes]
    at_most: float | None = None


def pens() -> tuple[Pen, ...]:
    """Make a key of each kind."""
    rsa, ed25519 = generate_private_key(65537, 2048), Ed25519PrivateKey.generate()
    return (
        Pen(
            name="rsa-2048",
            signer=_signer(rsa),
            bare=lambda data: rsa.sign(data, PKCS1v15(), SHA256()),
            at_most=1.2,
        ),
        Pen(name="ed25519", signer=_signer(ed25519), bare=ed25519.sign),
    )


def _signer(key: RSAPrivateKey | Ed25519PrivateKey) -> Signer:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Signer.from_pem(pem, domain="kiln.example", selector="s")


def signing(sent: Edition, to: Sequence[Delivery], count: int) -> Iterator[Figure]:
    """Sign letters, and sign as many bytes with the bare key."""
    for pen in pens():
        yield from _signed(pen, sent, to[:SIGNED], count)


def _signed(pen: Pen, sent: Edition, to: Sequence[Delivery], count: int) -> Iterator[Figure]:
    head, _, body = mail_of(sent, to[0]).partition(b"\r\n\r\n")
    keys = replace(KEYS, dkim=(pen.signer,))
    found = pairs(
        each(lambda _: signatures((pen.signer,), head + b"\r\n", body, NOW), to),
        each(lambda _: pen.bare(head), to),
        count,
    )
    whole = [each(lambda delivery: mail_of(sent, delivery, keys), to)() for _ in found]
    signed = [pair.ours for pair in found]
    yield Figure(section=pen.name, name="a signature", values=signed, unit="µs", raw=raw_of(found))
    yield compared(pen.name, "times the bare key", found, at_most=pen.at_most)
    yield Figure(section=pen.name, name="a signed letter", values=whole, unit="µs")


def figures(count: int) -> list[Figure]:
    """Measure everything in so many pairs."""
    sent = edition()
    to = deliveries(sent, LETTERS)
    return [*personalising(sent, to, count), *signing(sent, to, count)]


def main() -> None:
    """Measure, print a table, and keep the figures if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    found = figures(options.pairs)
    html = edition().content
    assert isinstance(html, Email)
    print(f"{len(html.html):,} characters of HTML, {html.html.count('href=')} links, {options.pairs} pairs")
    for figure in found:
        print(line(figure))
    if options.json:
        options.json.write_text(json.dumps([figure.as_dict() for figure in found], indent=2) + "\n")


if __name__ == "__main__":
    main()
