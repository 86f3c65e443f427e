"""A part of a mail, cut at its tokens and encoded once, so that writing one mail is joining bytes.

Each value stands on quoted-printable lines of its own: a soft line break before it and one after it, so
that no value can make a line too long or let one begin with what servers change. In base64 nothing can
be encoded ahead, so the few parts that are shorter that way (Chinese, Japanese) are filled, then encoded.

A part holds no value of a recipient, and what it fills is new for each: nobody's field is left in it.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import itemgetter
from typing import TypeAlias

from postroom.compose.encoding import ROW, is_plain, packed, quoted
from postroom.compose.merge import cut

Value: TypeAlias = tuple[str, bytes, bytes]
"""What a field stands for; then the same on lines of quoted-printable, in plain text and in HTML."""

Gaps: TypeAlias = tuple[tuple[str, tuple[int, ...]], ...]
"""Which field goes to which places among a part's pieces; a default stands there until then."""


@dataclass(frozen=True, slots=True)
class BodyPart:
    """One part, ready to be filled. `pieces` are in quoted-printable, or plain UTF-8 where `in_base64`;
    `write` is how a value stands among them.
    """

    pieces: tuple[bytes, ...]
    gaps: Gaps
    in_base64: bool
    write: Callable[[Value], bytes]

    @property
    def encoding(self) -> str:
        """Name the transfer encoding."""
        return "base64" if self.in_base64 else "quoted-printable"

    @property
    def names(self) -> tuple[str, ...]:
        """List the fields that this part holds, each once."""
        return tuple(name for name, _ in self.gaps)

    def filled(self, values: dict[str, Value]) -> list[bytes]:
        """Write the part for one recipient, in pieces to be joined."""
        pieces, write = list(self.pieces), self.write
        for name, places in self.gaps:
            if written := write(values[name]):
                for place in places:
                    pieces[place] = written
        return [packed(b"".join(pieces))] if self.in_base64 else pieces


def written(value: str) -> Value:
    """Write a field's value, which is printable text."""
    if len(value) <= ROW and is_plain(value):
        row = b"=\r\n" + value.encode()
        return value, row, row
    escaped, row = html.escape(value), _alone(value)
    return value, row, row if escaped == value else _alone(escaped)


def plain_part(text: str, fence: str) -> BodyPart:
    """Cut and encode a text in which values stand as they are."""
    text = _clean(text)
    if _is_shorter_in_base64(text, fence):
        return _packed_part(text, fence, write=lambda value: _utf8(value[0]))
    return _quoted_part(text, fence, write=itemgetter(1))


def html_part(text: str, fence: str) -> BodyPart:
    """Cut and encode HTML, in whose text or quoted attributes values stand escaped."""
    text = _clean(text)
    if _is_shorter_in_base64(text, fence):
        return _packed_part(text, fence, write=lambda value: _utf8(html.escape(value[0])))
    return _quoted_part(text, fence, write=itemgetter(2))


def _clean(text: str) -> str:
    return text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _is_shorter_in_base64(text: str, fence: str) -> bool:
    """Compare what is the same for all recipients."""
    shared = "".join(cut(text, fence)[0])
    return len(packed(_utf8(shared))) < len(quoted(shared))


def _quoted_part(text: str, fence: str, *, write: Callable[[Value], bytes]) -> BodyPart:
    around, tokens = cut(text, fence)
    pieces = [quoted(around[0])]
    for token, after in zip(tokens, around[1:], strict=True):
        pieces += [_alone(token.default), _quoted_after(after)]
    return BodyPart(tuple(pieces), _gaps(token.name for token in tokens), in_base64=False, write=write)


def _packed_part(text: str, fence: str, *, write: Callable[[Value], bytes]) -> BodyPart:
    around, tokens = cut(text.replace("\n", "\r\n"), fence)
    pieces = [_utf8(around[0])]
    for token, after in zip(tokens, around[1:], strict=True):
        pieces += [_utf8(token.default), _utf8(after)]
    return BodyPart(tuple(pieces), _gaps(token.name for token in tokens), in_base64=True, write=write)


def _gaps(names: Iterable[str]) -> Gaps:
    """List the places of each field: all odd ones are gaps."""
    places: dict[str, list[int]] = {}
    for at, name in enumerate(names):
        places.setdefault(name, []).append(2 * at + 1)
    return tuple((name, tuple(found)) for name, found in places.items())


def _alone(value: str) -> bytes:
    """Write a value on lines of its own, the end of the last of them left to what follows."""
    return b"=\r\n" + quoted(value) if value else b""


def _quoted_after(text: str) -> bytes:
    """Write what follows a value: on a line of its own, too, unless it ends the value's line."""
    return quoted(text) if text.startswith("\n") or not text else b"=\r\n" + quoted(text)
