"""The body of a mail: text and html, in lines of at most 76 characters of ASCII."""

from __future__ import annotations

import base64
import binascii
import hashlib


def boundary_of(content_hash: str) -> str:
    """Draw a MIME boundary from a hash. Neither encoding can produce `=_` (RFC 2045 §6.7, note 5)."""
    return f"=_postroom_{hashlib.sha256(content_hash.encode()).hexdigest()[:32]}"


def alternative(text: str, html: str, boundary: str) -> bytes:
    """Write the body of a multipart/alternative: plain text first, html as the better choice."""
    edge = f"--{boundary}".encode("ascii")
    parts = [edge + b"\r\n" + _part(each, subtype) for each, subtype in ((text, "plain"), (html, "html"))]
    return b"".join(parts) + edge + b"--\r\n"


def _part(text: str, subtype: str) -> bytes:
    encoding, encoded = _shorter(text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n"))
    head = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode("ascii") + encoded + b"\r\n"


def _shorter(text: str) -> tuple[str, bytes]:
    """Encode as quoted-printable or base64, whichever is shorter. Line ends in `text` are LF."""
    data = text.encode("utf-8", "replace")
    quoted = binascii.b2a_qp(data).replace(b"\n", b"\r\n")
    if 4 * len(data) // 3 > len(quoted):
        return "quoted-printable", quoted
    packed = base64.encodebytes(data.replace(b"\n", b"\r\n")).replace(b"\n", b"\r\n")
    return min(("quoted-printable", quoted), ("base64", packed), key=lambda pair: len(pair[1]))
