"""The body of a mail: plain text, and html as the better choice (RFC 2046 §5.1.4)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from postroom.compose.segments import BodyPart, Value, html_part, plain_part
from postroom.model import Email


def boundary_of(content_hash: str) -> str:
    """Draw a MIME boundary from a hash. Neither encoding can produce `=_` (RFC 2045 §6.7, note 5)."""
    return f"=_postroom_{hashlib.sha256(content_hash.encode()).hexdigest()[:32]}"


@dataclass(frozen=True, slots=True)
class Body:
    """Both parts of an edition, with what stands before, between and after them."""

    opening: bytes
    text: BodyPart
    turn: bytes
    html: BodyPart
    closing: bytes

    @property
    def names(self) -> frozenset[str]:
        """List the fields that either part holds."""
        return frozenset(name for name, _ in (*self.text.gaps, *self.html.gaps))

    def filled(self, values: dict[str, Value]) -> list[bytes]:
        """Write the body for one recipient, in pieces to be joined."""
        return [
            self.opening,
            *self.text.filled(values),
            self.turn,
            *self.html.filled(values),
            self.closing,
        ]


def body_of(email: Email, boundary: str) -> Body:
    """Cut and encode the text and html of a mail."""
    text, html = plain_part(email.text, email.fence), html_part(email.html, email.fence)
    edge = f"--{boundary}"
    return Body(
        opening=f"{edge}\r\n{_head(text, 'plain')}".encode("ascii"),
        text=text,
        turn=f"\r\n{edge}\r\n{_head(html, 'html')}".encode("ascii"),
        html=html,
        closing=f"\r\n{edge}--\r\n".encode("ascii"),
    )


def _head(part: BodyPart, subtype: str) -> str:
    return (
        f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {part.encoding}\r\n\r\n"
    )
