"""Transfer encodings: text as lines of at most 76 characters of ASCII, in pieces that fit together.

Quoted-printable is written here and not by the standard library, whose lines may begin with a dot, which
SMTP doubles, or with `From `, which mailboxes change; a signature would not survive the second.
"""

from __future__ import annotations

import binascii
import re
from typing import Final

ROW: Final = 75
"""A line of quoted-printable, less the `=` of a soft line break (RFC 2045 §6.7, rule 5)."""

_PACKED_ROW: Final = 76  # RFC 2045 §6.8
_SHORT: Final = ROW // len("=XX")
"""Up to here the standard library's encoder, in C, puts what it writes on one line."""

_SOFT: Final = b"=\r\n"
_ODD: Final = re.compile(rb"[^\t -<>-~]")
_PLAIN: Final = re.compile(
    r"(?!From )[A-Za-z0-9][\w!#$%()*+,./:;?@~-]*(?: [\w!#$%()*+,./:;?@~-]+)*", re.ASCII
)

is_plain: Final = _PLAIN.fullmatch
"""Tell whether a value stands for itself in quoted-printable and in HTML; on one line if not above ROW."""


def quoted(text: str) -> bytes:
    """Write text as quoted-printable (RFC 2045 §6.7); its line ends are LF.

    The result may be followed by a soft line break, and must begin its line.
    """
    lines = text.encode("utf-8", "replace").split(b"\n")
    return b"\r\n".join([_quoted_line(line) for line in lines])


def packed(data: bytes) -> bytes:
    """Write bytes as base64 in lines that end in CRLF."""
    whole = binascii.b2a_base64(data, newline=False)
    rows = [whole[at : at + _PACKED_ROW] for at in range(0, len(whole), _PACKED_ROW)]
    return b"\r\n".join([*rows, b""])


def _quoted_line(line: bytes) -> bytes:
    escaped = binascii.b2a_qp(line) if len(line) <= _SHORT else _ODD.sub(_as_hex, line)
    if escaped.endswith((b" ", b"\t")):  # rule 3: a server may cut blanks off
        escaped = escaped[:-1] + b"=%02X" % escaped[-1]
    if len(escaped) < ROW and not escaped.startswith((b".", b"From ")):
        return escaped
    return _SOFT.join(_rows(escaped))


def _rows(escaped: bytes) -> list[bytes]:
    """Cut a line that is too long between its characters, and keep servers from changing its rows."""
    rows, start = [], 0
    while start < len(escaped):
        if escaped.startswith((b".", b"From "), start):
            guard, start = b"=%02X" % escaped[start], start + 1
        else:
            guard = b""
        end = _before_escape(escaped, start + ROW - len(guard))
        rows.append(guard + escaped[start:end])
        start = end
    return rows


def _before_escape(escaped: bytes, end: int) -> int:
    """Step back from the middle of `=XX`."""
    at = escaped.find(b"=", end - 2, end)
    return at if at >= 0 and end < len(escaped) else end


def _as_hex(match: re.Match[bytes]) -> bytes:
    return b"=%02X" % match[0][0]
