"""A stranger's mail, taken apart in bounded time and memory, whatever it holds.

A report's own parts come first and are short; what follows is our own mail sent back. So the front of a mail is
all that is read, and what would make the parser slow (parts within parts, endless lines and headers) is cut or
refused.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from typing import Final, TypeAlias

Mail: TypeAlias = "Message[str, str]"

MAX_BYTES: Final = 1_000_000
"""A longer mail is read to here. Reports of 2026 bring the whole of our mail back, pictures left out."""

_FRONT: Final = 192 * 1024
"""What is parsed. A newsletter that comes back stands behind the report, and of it only the headers count."""

_MAX_NESTING: Final = 24
"""More `multipart/` and `message/` than this and it is no report: a usual one has four."""

_MAX_PARTS: Final = 60
_MAX_TEXT: Final = 32 * 1024
_MAX_HEADER: Final = 4_000
_CONTAINER: Final = re.compile(rb"\b(?:multipart|message)/", re.IGNORECASE)
_BOUNDARY: Final = re.compile(rb'(\bboundary="[^"\n]{1,200}")[^\n;]{1,1000}')
"""What servers write behind a boundary that ends already hides all parts from the parser."""

_END_OF_LINE: Final = re.compile(rb"\r\n|\r|\n")
_TAG: Final = re.compile(r"<(?:br|/p|/div|/tr|/li|/h\d)[^<>]{0,200}>", re.IGNORECASE)
_ANY_TAG: Final = re.compile(r"<[!/a-z][^<>]{0,400}>", re.IGNORECASE)
_ADDRESS_TAG: Final = re.compile(r"<([^<>\s@]{1,64}@[^<>\s@]{1,255})>")

# Some codecs of Python take minutes for what a few bytes ask of them (punycode, idna), so only these are known.
_CHARSET: Final = re.compile(
    r"utf-?8|us-ascii|ascii|iso-?8859-\d{1,2}|windows-125\d|cp125\d|koi8-[ru]|shift_jis|euc-jp|iso-2022-(?:jp|kr)"
    r"|gb2312|gbk|gb18030|big5|euc-kr|ks_c_5601-1987"
)


def parse(mail: bytes, most_lines: int = 6_000, longest: int = 1_000) -> Mail | None:
    """Parse the front of a mail; None where it is nested as no report is, or is empty.

    RFC 5322 §2.1.1 allows lines of 998 characters.
    """
    front = _bounded(mail, most_lines, longest)
    if not front.strip() or len(_CONTAINER.findall(front)) > _MAX_NESTING:
        return None
    try:
        return message_from_bytes(front)
    except RecursionError:
        return None


def header(mail: Mail, name: str) -> str:
    """Return a header as one line, decoded as well as it can be; "" if there is none."""
    value = str(mail.get(name, ""))[:_MAX_HEADER]
    if "=?" not in value:
        return " ".join(value.split())
    try:
        return " ".join(str(make_header(decode_header(value))).split())
    except (LookupError, ValueError, HeaderParseError):
        return " ".join(value.split())


def parts(mail: Mail) -> Iterator[Mail]:
    """Yield a mail and its parts, those first that stand first, down to what each encloses."""
    waiting = [mail]
    for _ in range(_MAX_PARTS):
        if not waiting:
            return
        part = waiting.pop(0)
        yield part
        if part.get_content_maintype() == "multipart":
            waiting[:0] = inner(part)


def inner(part: Mail) -> list[Mail]:
    """Return what a part holds: its parts, the mail within, the blocks of a delivery status."""
    held = part.get_payload()
    return [one for one in held if isinstance(one, Message)] if isinstance(held, list) else []


def text(part: Mail) -> str:
    """Return the text of a part that is no container, without tags, at most 32 KB of it."""
    if part.is_multipart():
        return ""
    raw = part.get_payload(decode=True)
    data = raw[:_MAX_TEXT] if isinstance(raw, bytes) else b""
    words = data.decode(_charset(part), "replace")
    return _without_tags(words) if part.get_content_subtype() == "html" else words


def plain_bytes(part: Mail) -> bytes:
    """Return the content of a part, decoded; of one that was parsed as a container, what it was parsed from."""
    if part.is_multipart():
        whole = "\n\n".join(one.as_string() for one in inner(part)[:_MAX_PARTS])
        return whole.encode("ascii", "surrogateescape")[:_FRONT]
    raw = part.get_payload(decode=True)
    return raw[:_FRONT] if isinstance(raw, bytes) else b""


def _bounded(mail: bytes, most_lines: int, longest: int) -> bytes:
    lines = _END_OF_LINE.split(mail[:_FRONT].replace(b"\0", b""), most_lines)[:most_lines]
    return _BOUNDARY.sub(rb"\1", b"\n".join(line[:longest] for line in lines))


def _charset(part: Mail) -> str:
    try:
        named = (part.get_content_charset() or "utf-8").lower()
    except (LookupError, ValueError):
        return "latin-1"
    return named if _CHARSET.fullmatch(named) and _is_codec(named) else "latin-1"


def _is_codec(name: str) -> bool:
    try:
        codecs.lookup(name)
    except LookupError:
        return False
    return True


def _without_tags(words: str) -> str:
    kept = _ADDRESS_TAG.sub(r"\1", words)
    broken = _ANY_TAG.sub(" ", _TAG.sub("\n", kept))
    return broken.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", " ").replace("&amp;", "&")
