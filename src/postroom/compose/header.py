"""Mail headers: written so that nothing an article, a name or an address holds can become another one.

Each header is written here, not by the standard library (see `wording`). What all recipients share is
read again by the library's parser and compared, once for an edition (`check`); what is one recipient's
must match a grammar that leaves no room for a line of its own (`personal`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.errors import HeaderParseError, MultipartInvariantViolationDefect
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser
from typing import Final

from postroom.compose.wording import (
    FOLD,
    LONGEST_WORD,
    WIDTH,
    encoded,
    folded,
    hides_controls,
    is_plain,
    printable,
)
from postroom.errors import HeaderError

_MAX_LINE: Final = 998  # RFC 5322 §2.1.1
_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")  # RFC 5322 §3.2.3
_USUAL: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/^_`{|}~-]+)*"
    r" <[A-Za-z0-9!#$%&'*+/^_`{|}~.-]+@[A-Za-z0-9.-]+>"
)
"""A name of atoms and an address, neither with what could begin an encoded word."""

_ADDRESS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+")
_VISIBLE: Final = re.compile(r"[\x20-\x7e]+")
_NO_TEXT: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LINES: Final = r"[ -~]*\r\n(?: [!-~][ -~]*\r\n)*"
_PERSONAL: Final = re.compile(
    f"To: {_LINES}Subject: {_LINES}Date: [ -~]+\r\nMessage-ID: <[!-~]+>\r\n", re.ASCII
)


def text(name: str, value: str) -> str:
    """Write the value of an unstructured header such as Subject, folded."""
    return folded(name, printable(value))


def mailbox(name: str, display: str, address: str) -> str:
    """Write one address with its display name, folded. Raises HeaderError for a wrong address."""
    usual = f"{display} <{address}>"
    if len(name) + len(usual) < WIDTH - 1 and _USUAL.fullmatch(usual):
        return usual
    if not _ADDRESS.fullmatch(address) or "=?" in address:
        raise HeaderError(
            f"{name}: {address!r} is no address that every server takes (ASCII, one @, no blanks)"
        )
    return _before_angle(name, display, address) if display else address


def identifier(name: str, display: str, value: str) -> str:
    """Write an identifier in angle brackets with a phrase before it, as List-Id has it (RFC 2919)."""
    return _before_angle(name, display, machine(name, value))


def machine(name: str, value: str) -> str:
    """Pass a value that programs read, such as a URL, as it is. Raises HeaderError where it cannot be."""
    if not _VISIBLE.fullmatch(value) or "=?" in value:
        raise HeaderError(f"{name}: {value!r} holds more than the visible characters of ASCII")
    if len(name) + len(": ") + len(value) > _MAX_LINE:
        raise HeaderError(f"{name} has {len(value)} characters; a line may have {_MAX_LINE}")
    return value


def personal(to: str, subject: str, date: str, message_id: str) -> bytes:
    """Write the four headers of one recipient, given their values.

    Raises HeaderError unless they are these four, in lines of visible ASCII that are not too long, and
    no encoded word hides a control character.
    """
    written = f"To: {to}\r\nSubject: {subject}\r\nDate: {date}\r\nMessage-ID: <{message_id}>\r\n"
    if not _PERSONAL.fullmatch(written) or "=?" in message_id:
        raise HeaderError("To, Subject, Date or Message-ID holds more than the visible characters of ASCII")
    if len(written) > _MAX_LINE and max(map(len, written.split("\r\n"))) > _MAX_LINE:
        raise HeaderError(f"To, Subject or Message-ID has a line of more than {_MAX_LINE} characters")
    if "=?" in written and (hides_controls(to) or hides_controls(subject)):
        raise HeaderError("To or Subject hides a control character in an encoded word")
    return written.encode("ascii")


def block(headers: Sequence[tuple[str, str]]) -> bytes:
    """Write headers, each ended by CRLF. Raises HeaderError if they do not read as what they are."""
    try:
        written = "".join(f"{name}: {value}\r\n" for name, value in headers).encode("ascii")
    except UnicodeEncodeError as error:
        raise HeaderError("a header holds a character outside ASCII") from error
    check(written, [name for name, _ in headers])
    return written


def check(written: bytes, names: Sequence[str]) -> None:
    """Read a header block as a mail server would, and compare.

    Raises HeaderError if it holds other headers than `names`, in their order; a line that is too
    long or ends in anything but CRLF; or a control character, also inside an encoded word.
    """
    lines = written.split(b"\r\n")
    if any(b"\r" in line or b"\n" in line or b"\x00" in line or len(line) > _MAX_LINE for line in lines):
        raise HeaderError("a header's line is too long or holds a line break of its own")
    parsed = BytesHeaderParser().parsebytes(written + b"\r\n")
    found = [name for name, _ in parsed.items()]
    # Python up to 3.11.2 expects a body of a multipart even where it is asked for the headers alone.
    defects = [each for each in parsed.defects if not isinstance(each, MultipartInvariantViolationDefect)]
    if found != list(names) or parsed.get_payload() or defects:
        raise HeaderError(f"the headers read as {', '.join(found)} instead of {', '.join(names)}")
    for name, value in parsed.items():
        if "=?" in value and _hides_controls(value):
            raise HeaderError(f"{name} hides a control character in an encoded word")


def _hides_controls(value: str) -> bool:
    """Whether an encoded word stands for a control character, or for nothing that can be read."""
    try:
        shown = str(make_header(decode_header(value.replace("\r\n", ""))))
    except (LookupError, ValueError, HeaderParseError):
        return True
    return _NO_TEXT.search(shown) is not None


def _before_angle(name: str, display: str, value: str) -> str:
    phrase = _phrase(name, printable(display))
    if not phrase:
        return f"<{value}>" if name.lower() == "list-id" else value
    last_line = f"{name}: {phrase}".rpartition("\n")[2]
    blank = " " if len(last_line) + len(f" <{value}>") <= WIDTH else FOLD
    return f"{phrase}{blank}<{value}>"


def _phrase(name: str, display: str) -> str:
    """Write a display name: bare, in quotes, or as encoded words (RFC 5322 §3.2.5, RFC 2047 §5)."""
    if len(display) > LONGEST_WORD or not is_plain(display):
        return encoded(name, display)
    if _ATOMS.fullmatch(display) or not display:
        return display
    escaped = re.sub(r'(["\\])', r"\\\1", display)
    return f'"{escaped}"'
