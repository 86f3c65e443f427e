"""Mail headers: written so that nothing an article, a name or an address holds can become another one.

The standard library's EmailMessage loses spaces between encoded words, folds long URLs into encoded
words, and decodes an encoded word in a plain value to a line break. So each header is written here,
and the result is read again by the library's parser and compared (`check`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from email.errors import HeaderParseError, MultipartInvariantViolationDefect
from email.header import Header, decode_header, make_header
from email.parser import BytesHeaderParser
from typing import Final

from postroom.errors import HeaderError

_WIDTH: Final = 76  # RFC 2047 §2, for lines that hold encoded words
_MAX_LINE: Final = 998  # RFC 5322 §2.1.1
_FOLD: Final = "\r\n "
_LONGEST_WORD: Final = 60  # a longer one cannot be folded; encoded, it can
_NO_TEXT: Final = frozenset({"Cc", "Zl", "Zp"})  # controls; line and paragraph separators
_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")  # RFC 5322 §3.2.3
_ADDRESS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+")
_VISIBLE: Final = re.compile(r"[\x20-\x7e]+")


def printable(text: str) -> str:
    """Replace what is no text (line breaks, NUL, other controls, half of a surrogate pair) by blanks,
    and runs of blanks by one. An odd title or name must not keep mail from going out.
    """
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip(" ")
    cleaned = "".join(" " if unicodedata.category(each) in _NO_TEXT else each for each in text)
    whole = cleaned.encode("utf-8", "replace").decode()
    return re.sub(" {2,}", " ", whole).strip(" ")


def text(name: str, value: str) -> str:
    """Write the value of an unstructured header such as Subject, folded."""
    return _folded(name, printable(value))


def mailbox(name: str, display: str, address: str) -> str:
    """Write one address with its display name, folded. Raises HeaderError for a wrong address."""
    if not _ADDRESS.fullmatch(address) or "=?" in address:
        raise HeaderError(
            f"{name}: {address!r} is no address that every server takes (ASCII, one @, no blanks)"
        )
    return _before_angle(name, display, address)


def identifier(name: str, display: str, value: str) -> str:
    """Write an identifier in angle brackets with a phrase before it, as List-Id has it (RFC 2919)."""
    return _before_angle(name, display, machine(name, value))


def machine(name: str, value: str) -> str:
    """Pass a value that programs read, such as a URL, as it is. Raises HeaderError where it cannot be."""
    if not _VISIBLE.fullmatch(value) or "=?" in value:
        raise HeaderError(f"{name}: {value!r} holds more than the visible characters of ASCII")
    return value


def block(headers: Sequence[tuple[str, str]]) -> bytes:
    """Write all headers, each ended by CRLF. Raises HeaderError if they do not read as what they are."""
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
    return any(unicodedata.category(each) in _NO_TEXT for each in shown)


def _before_angle(name: str, display: str, value: str) -> str:
    phrase = _phrase(name, printable(display))
    if not phrase:
        return f"<{value}>" if name.lower() == "list-id" else value
    last_line = f"{name}: {phrase}".rpartition("\n")[2]
    blank = " " if len(last_line) + len(f" <{value}>") <= _WIDTH else _FOLD
    return f"{phrase}{blank}<{value}>"


def _phrase(name: str, display: str) -> str:
    """Write a display name: bare, in quotes, or as encoded words (RFC 5322 §3.2.5, RFC 2047 §5)."""
    if not _is_plain(display) or len(display) > _LONGEST_WORD:
        return _folded(name, display, encode=True)
    if _ATOMS.fullmatch(display) or not display:
        return display
    escaped = re.sub(r'(["\\])', r"\\\1", display)
    return f'"{escaped}"'


def _folded(name: str, value: str, *, encode: bool = False) -> str:
    charset = "utf-8" if encode or not _is_plain(value) else "us-ascii"
    return Header(value, charset, maxlinelen=_WIDTH, header_name=name).encode(linesep="\r\n")


def _is_plain(value: str) -> bool:
    """Whether a value may stand as it is: ASCII, foldable, and not taken for an encoded word."""
    return value.isascii() and "=?" not in value and max(map(len, value.split(" "))) <= _LONGEST_WORD
