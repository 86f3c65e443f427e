"""Text in a mail header: made printable, then folded or written as encoded words (RFC 2047).

The standard library's EmailMessage loses blanks between encoded words, and its Header takes longer than
all the rest of a letter; so both steps are done here.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

WIDTH: Final = 76  # RFC 2047 §2, for lines that hold encoded words
FOLD: Final = "\r\n "
LONGEST_WORD: Final = 60  # a longer one cannot be folded; encoded, it can
_FRAME: Final = len("=?utf-8?q??=")
_NO_TEXT: Final = "\x00-\x1f\x7f-\x9f\u2028\u2029"
"""What Unicode calls controls (Cc), and its line and paragraph separators (Zl, Zp)."""

_UNPRINTABLE: Final = re.compile(f"[{_NO_TEXT}]")
_UNTIDY: Final = re.compile(f"[{_NO_TEXT}\ud800-\udfff]|  ")
_QUOTED: Final = re.compile(rb"[^A-Za-z0-9!*+/-]")  # RFC 2047 §5, rule 3: what may stand in a name
_LIKE_A_NAME: Final = re.compile(r"[\w !*+/-]*")
_SHORT: Final = 24  # bytes
"""Text like this and up to here is encoded by the standard library just so, on one line, and faster."""

_WORD: Final = re.compile(r"=\?utf-8\?(?:b\?([A-Za-z0-9+/]+=*)|q\?([A-Za-z0-9!*+/=_-]+))\?=(?:\r\n )?")


def printable(text: str) -> str:
    """Replace what is no text (line breaks, NUL, other controls, half of a surrogate pair) by blanks,
    and runs of blanks by one. An odd title or name must not keep mail from going out.
    """
    is_usual = text.isascii() and text.isprintable() and "  " not in text  # faster than the search
    if is_usual or not _UNTIDY.search(text):
        return text.strip(" ")
    whole = _UNPRINTABLE.sub(" ", text).encode("utf-8", "replace").decode()
    return re.sub(" {2,}", " ", whole).strip(" ")


def is_plain(value: str) -> bool:
    """Whether a value may stand as it is: ASCII, foldable, and not taken for an encoded word."""
    if not value.isascii() or "=?" in value:
        return False
    return len(value) <= LONGEST_WORD or max(map(len, value.split(" "))) <= LONGEST_WORD


def folded(name: str, value: str) -> str:
    """Write printable text after a header's name: as it is where that can be, else in encoded words."""
    if not is_plain(value):
        return encoded(name, value)
    room = WIDTH - len(name) - len(": ")
    return value if len(value) <= room else FOLD.join(_lines(value.split(" "), room))


def encoded(name: str, value: str) -> str:
    """Write printable text as encoded words, as many as it takes, each a line of its own."""
    data = value.encode()
    is_usual = len(data) <= _SHORT and _LIKE_A_NAME.fullmatch(value)
    hexed = binascii.b2a_qp(data, header=True) if is_usual else _in_hex(data)
    in_base64 = 4 * len(data) // 3 < len(hexed)
    room = WIDTH - len(name) - len(": ") - _FRAME
    if (4 * -(-len(data) // 3) if in_base64 else len(hexed)) <= room:
        return _word(data if in_base64 else hexed, in_base64=in_base64)
    return FOLD.join(_words(value, room, in_base64=in_base64))


@lru_cache(maxsize=64)
def hides_controls(written: str) -> bool:
    """Whether an encoded word of a header stands for a control character, or is none of ours."""
    pieces = _WORD.split(written)
    if "=?" in "".join(pieces[::3]):
        return True
    try:
        shown = b"".join(map(_decoded, pieces[1::3], pieces[2::3])).decode()
    except ValueError:
        return True
    return _UNPRINTABLE.search(shown) is not None


def _lines(words: list[str], room: int) -> Iterator[str]:
    """Fill lines with words; the first has `room`, the others begin with a blank."""
    line = words[0]
    for word in words[1:]:
        if len(line) + 1 + len(word) <= room:
            line = f"{line} {word}"
        else:
            yield line
            line, room = word, WIDTH - 1
    yield line


def _words(value: str, room: int, *, in_base64: bool) -> Iterator[str]:
    """Cut text between its characters (RFC 2047 §5: none may be torn) and write each piece as a word."""
    word = b""
    for character in value:
        data = character.encode()
        piece = data if in_base64 else _in_hex(data)
        size = len(word) + len(piece)
        if (4 * -(-size // 3) if in_base64 else size) > room:
            yield _word(word, in_base64=in_base64)
            word, room = b"", WIDTH - 1 - _FRAME
        word += piece
    yield _word(word, in_base64=in_base64)


def _word(word: bytes, *, in_base64: bool) -> str:
    if in_base64:
        return f"=?utf-8?b?{binascii.b2a_base64(word, newline=False).decode('ascii')}?="
    return f"=?utf-8?q?{word.decode('ascii')}?="


def _decoded(in_base64: str | None, in_hex: str) -> bytes:
    if in_base64 is not None:
        return binascii.a2b_base64(in_base64)
    return binascii.a2b_qp(in_hex, header=True)


def _in_hex(data: bytes) -> bytes:
    return _QUOTED.sub(lambda match: b"_" if match[0] == b" " else b"=%02X" % match[0][0], data)
