"""Whether a mail can be written to an SMTP connection as it is, and which bytes it is there: pure.

A mail is looked through here unless its maker vouches for it (`Mail.is_plain`). Each check reads the message at
most once, and with one call into C where there is one: this runs for every recipient.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from postroom.model import Mail, Refused, Scope

_MAX_LINE: Final = 998  # RFC 5322 §2.1.1, without CRLF
_MAX_ADDRESS: Final = 254  # RFC 5321 §4.5.3.1.3: a path of 256 with its brackets
_ADDRESS: Final = re.compile(r"[^\x00-\x20\x7f-\x9f<>()\[\]\\,;:\"@]+@[^\x00-\x20\x7f-\x9f<>()\\,;\"@]+")
_LIMIT: Final = re.compile(r"[0-9]{1,20}")  # RFC 1870 §3
_STARTS_WITH_DOT: Final = re.compile(rb"\n\.")


class Transaction(NamedTuple):
    """A mail as it goes over the wire: MAIL, RCPT and DATA, each with CRLF, and the message.

    Leading dots of the message are doubled (RFC 5321 §4.5.2).
    """

    commands: bytes
    data: bytes

    def in_turn(self) -> list[bytes]:
        """Return the three commands one by one."""
        return self.commands.splitlines(keepends=True)


def transaction(mail: Mail, features: Mapping[str, str]) -> Transaction | Refused:
    """Write a mail for a server, or say why it must not be written.

    `features` is what the server offered after EHLO, by keyword in small letters.
    """
    if not _is_address(mail.mail_from):
        return Refused(reason="the sender's address cannot be written to the wire", scope=Scope.EDITION)
    if not _is_address(mail.rcpt_to):
        return Refused(reason="the address cannot be written to the wire", enhanced="5.1.3")
    if not mail.is_plain and (fault := _fault_in(mail.data)) is not None:
        return Refused(reason=f"the message {fault}", enhanced="5.6.0", of_content=True)
    needs = _needs(mail)
    if (refused := _too_big(len(mail.data), features) or _not_offered(needs, features)) is not None:
        return refused
    size = f" SIZE={len(mail.data)}" if "size" in features else ""
    sender = f"MAIL FROM:<{mail.mail_from}>{size}{''.join(needs.values())}"
    commands = f"{sender}\r\nRCPT TO:<{mail.rcpt_to}>\r\nDATA\r\n".encode()
    return Transaction(commands, mail.data if mail.is_plain else _stuffed(mail.data))


def _stuffed(data: bytes) -> bytes:
    if data.startswith(b".") or _STARTS_WITH_DOT.search(data):
        return (b"\n" + data).replace(b"\n.", b"\n..")[1:]
    return data


def _is_address(text: str) -> bool:
    if _ADDRESS.fullmatch(text) is None:
        return False
    return len(text if text.isascii() else text.encode("utf-8", "replace")) <= _MAX_ADDRESS


def _needs(mail: Mail) -> dict[str, str]:
    """Name the extensions that a mail cannot go without, with the parameter of MAIL that says so."""
    needs = {}
    if not (mail.is_plain or mail.data.isascii()):
        needs["8bitmime"] = " BODY=8BITMIME"  # RFC 6152
    if not (mail.mail_from.isascii() and mail.rcpt_to.isascii()):
        needs["smtputf8"] = " SMTPUTF8"  # RFC 6531
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


def _too_big(size: int, features: Mapping[str, str]) -> Refused | None:
    """Compare with the server's SIZE (RFC 1870; 0 or nothing means no limit)."""
    limit = features.get("size", "")
    if _LIMIT.fullmatch(limit) is None or not 0 < int(limit) < size:
        return None
    reason = f"the message has {size} bytes; the server takes {limit}"
    return Refused(reason=reason, enhanced="5.3.4", of_content=True)


def _not_offered(needs: Mapping[str, str], features: Mapping[str, str]) -> Refused | None:
    if "smtputf8" in needs and "smtputf8" not in features:
        return Refused(reason="the address needs SMTPUTF8, which the server does not offer", enhanced="5.6.7")
    if "8bitmime" in needs and "8bitmime" not in features:
        reason = "the message has 8-bit text, which the server does not take"
        return Refused(reason=reason, enhanced="5.6.3", of_content=True)
    return None
