"""Whether a mail can be written to an SMTP connection as it is, and which bytes it is there: pure.

A mail is looked through here unless its maker vouches for it (`Mail.is_plain`). Each check reads the message at
most once, and with one call into C where there is one: this runs for every recipient.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from postroom.model import Mail, Refused, Scope

_MAX_LINE: Final = 998  # RFC 5322 §2.1.1, without CRLF
_MAX_ADDRESS: Final = 254  # RFC 5321 §4.5.3.1.3: a path of 256 with its brackets
_ADDRESS: Final = re.compile(r"[^\x00-\x20\x7f-\x9f<>()\[\]\\,;:\"@]+@[^\x00-\x20\x7f-\x9f<>()\\,;\"@]+")
_LIMIT: Final = re.compile(r"[0-9]{1,20}")  # RFC 1870 §3
_STARTS_WITH_DOT: Final = re.compile(rb"\n\.")


@dataclass(frozen=True, slots=True)
class Offer:
    """What a server can do beyond plain SMTP.

    `largest` is the most bytes that it takes (RFC 1870), None where it names no limit.
    """

    pipelining: bool = False
    size: bool = False
    largest: int | None = None
    eight_bit: bool = False
    utf8: bool = False

    @classmethod
    def of(cls, features: Mapping[str, str]) -> Offer:
        """Read the answer to EHLO, by keyword in small letters."""
        limit = features.get("size", "")
        return cls(
            pipelining="pipelining" in features,
            size="size" in features,
            largest=(int(limit) or None) if _LIMIT.fullmatch(limit) else None,
            eight_bit="8bitmime" in features,
            utf8="smtputf8" in features,
        )


class Transaction(NamedTuple):
    """A mail as it goes over the wire: MAIL, RCPT and DATA, each with CRLF, and the message.

    Leading dots of the message are doubled (RFC 5321 §4.5.2).
    """

    commands: bytes
    data: bytes

    def in_turn(self) -> list[bytes]:
        """Return the three commands one by one."""
        return self.commands.splitlines(keepends=True)


def transaction(mail: Mail, offer: Offer) -> Transaction | Refused:
    """Write a mail for a server that offers this, or say why it must not be written."""
    if not _is_sender(mail.mail_from):
        return Refused(reason="the sender's address cannot be written to the wire", scope=Scope.EDITION)
    if not _is_address(mail.rcpt_to):
        return Refused(reason="the address cannot be written to the wire", enhanced="5.1.3")
    if not mail.is_plain and (fault := _fault_in(mail.data)) is not None:
        return Refused(reason=f"the message {fault}", enhanced="5.6.0", of_content=True)
    size = len(mail.data)
    if offer.largest is not None and size > offer.largest:
        reason = f"the message has {size} bytes; the server takes {offer.largest}"
        return Refused(reason=reason, enhanced="5.3.4", of_content=True)
    needs = _needs(mail, offer)
    if isinstance(needs, Refused):
        return needs
    written = f" SIZE={size}{needs}" if offer.size else needs
    commands = f"MAIL FROM:<{mail.mail_from}>{written}\r\nRCPT TO:<{mail.rcpt_to}>\r\nDATA\r\n".encode()
    return Transaction(commands, mail.data if mail.is_plain else _stuffed(mail.data))


def _stuffed(data: bytes) -> bytes:
    if data.startswith(b".") or _STARTS_WITH_DOT.search(data):
        return (b"\n" + data).replace(b"\n.", b"\n..")[1:]
    return data


def _is_address(text: str) -> bool:
    if _ADDRESS.fullmatch(text) is None:
        return False
    return len(text if text.isascii() else text.encode("utf-8", "replace")) <= _MAX_ADDRESS


_is_sender = lru_cache(maxsize=16)(_is_address)
"""Senders are few, and the same for many mails."""


def _needs(mail: Mail, offer: Offer) -> str | Refused:
    """Write the parameters of MAIL for the extensions that a mail cannot go without, if they are offered."""
    needs = ""
    if not (mail.is_plain or mail.data.isascii()):  # RFC 6152
        if not offer.eight_bit:
            reason = "the message has 8-bit text, which the server does not take"
            return Refused(reason=reason, enhanced="5.6.3", of_content=True)
        needs = " BODY=8BITMIME"
    if not (mail.mail_from.isascii() and mail.rcpt_to.isascii()):  # RFC 6531
        if not offer.utf8:
            reason = "the address needs SMTPUTF8, which the server does not offer"
            return Refused(reason=reason, enhanced="5.6.7")
        needs += " SMTPUTF8"
    return needs


def _fault_in(data: bytes) -> str | None:
    """Find what would let a message end early or be read in two ways (SMTP smuggling)."""
    if not data.endswith(b"\r\n"):
        return "does not end with CRLF"
    if not _breaks_lines_by_crlf_alone(data):
        return "holds a line end that is not CRLF"
    if b"\x00" in data:
        return "holds a NUL byte"
    if _has_long_line(data):
        return f"holds a line of more than {_MAX_LINE} bytes"
    return None


def _breaks_lines_by_crlf_alone(data: bytes) -> bool:
    """Tell whether no CR and no LF stands alone, in a message that ends with CRLF.

    The decoder of text files notes which kinds of line end it has met, in a third of the time that
    counting all three takes.
    """
    decoder = io.IncrementalNewlineDecoder(None, translate=False)
    decoder.decode(data.decode("latin-1"))
    return decoder.newlines == "\r\n"


def _has_long_line(data: bytes) -> bool:
    """Hop from line end to line end, each the last within the reach of a line."""
    at, reach, last_line_end = 0, _MAX_LINE + 2, data.rfind
    enough = len(data) - reach
    while at < enough:
        at = last_line_end(b"\n", at, at + reach) + 1
        if not at:
            return True
    return False
