"""Whether a mail can be written to an SMTP connection as it is, and how its bytes go out: pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from postroom.model import Mail, Refused, Scope

_MAX_LINE: Final = 998  # RFC 5322 §2.1.1, without CRLF
_MAX_ADDRESS: Final = 254  # RFC 5321 §4.5.3.1.3: a path of 256 with its brackets
_ADDRESS: Final = re.compile(r"[^\x00-\x20\x7f-\x9f<>()\[\]\\,;:\"@]+@[^\x00-\x20\x7f-\x9f<>()\\,;\"@]+")
_BLOCK: Final = 65536


def unfit(mail: Mail, features: Mapping[str, str]) -> Refused | None:
    """Say why a mail must not be written to the wire; None where it may.

    `features` is what the server offered after EHLO, by keyword in small letters.
    """
    if not _is_address(mail.mail_from):
        return Refused(reason="the sender's address cannot be written to the wire", scope=Scope.EDITION)
    if not _is_address(mail.rcpt_to):
        return Refused(reason="the address cannot be written to the wire", enhanced="5.1.3")
    if (fault := _fault_in(mail.data)) is not None:
        return Refused(reason=f"the message {fault}", enhanced="5.6.0")
    return _too_big(len(mail.data), features) or _not_offered(mail, features)


def parameters(mail: Mail, features: Mapping[str, str]) -> str:
    """Write the parameters of MAIL FROM for what the server offered, with a blank before each."""
    size = f" SIZE={len(mail.data)}" if "size" in features else ""
    body = "" if mail.data.isascii() else " BODY=8BITMIME"
    return size + body + (" SMTPUTF8" if needs_utf8(mail) else "")


def needs_utf8(mail: Mail) -> bool:
    """Whether an address is written in more than ASCII (RFC 6531)."""
    return not (mail.mail_from.isascii() and mail.rcpt_to.isascii())


def blocks(data: bytes) -> Iterator[memoryview]:
    """Cut a message, its leading dots doubled (RFC 5321 §4.5.2), into pieces to send."""
    stuffed = data.replace(b"\r\n.", b"\r\n..")
    whole = memoryview(b"." + stuffed if stuffed.startswith(b".") else stuffed)
    return (whole[start : start + _BLOCK] for start in range(0, len(whole), _BLOCK))


def _is_address(text: str) -> bool:
    return _ADDRESS.fullmatch(text) is not None and len(text.encode("utf-8", "replace")) <= _MAX_ADDRESS


def _fault_in(data: bytes) -> str | None:
    """Find what would let a message end early or be read in two ways (SMTP smuggling)."""
    lines = data.count(b"\r\n")
    if data.count(b"\n") != lines or data.count(b"\r") != lines:
        return "holds a line end that is not CRLF"
    if not data.endswith(b"\r\n"):
        return "does not end with CRLF"
    if b"\x00" in data:
        return "holds a NUL byte"
    if max(map(len, data.split(b"\r\n"))) > _MAX_LINE:
        return f"holds a line of more than {_MAX_LINE} bytes"
    return None


def _too_big(size: int, features: Mapping[str, str]) -> Refused | None:
    """Compare with the server's SIZE (RFC 1870; 0 or nothing means no limit)."""
    limit = features.get("size", "")
    if not limit.isascii() or not limit.isdigit() or not 0 < int(limit) < size:
        return None
    return Refused(reason=f"the message has {size} bytes; the server takes {limit}", enhanced="5.3.4")


def _not_offered(mail: Mail, features: Mapping[str, str]) -> Refused | None:
    if needs_utf8(mail) and "smtputf8" not in features:
        return Refused(reason="the address needs SMTPUTF8, which the server does not offer", enhanced="5.6.7")
    if not mail.data.isascii() and "8bitmime" not in features:
        return Refused(reason="the message has 8-bit text, which the server does not take", enhanced="5.6.3")
    return None
