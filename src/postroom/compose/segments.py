"""A part of a mail, cut at its tokens and encoded once, so that writing one mail is joining bytes.

Each value stands on quoted-printable lines of its own: a soft line break before it and one after it, so
that no value can make a line too long or let one begin with what servers change. In base64 nothing can
be encoded ahead, so the few parts that are shorter that way (Chinese, Japanese) are filled, then encoded.

A part holds no value of a recipient, and what it fills is new for each: nobody's field is left in it.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import AnyStr, ClassVar, Literal, TypeAlias

from postroom.compose.encoding import ROW, is_plain, packed, quoted
from postroom.compose.merge import cut

Value: TypeAlias = tuple[str, bytes, bytes]
"""What a field stands for; then the same on lines of quoted-printable, in plain text and in HTML."""

Gaps: TypeAlias = tuple[tuple[str, tuple[int, ...]], ...]
"""Which field goes to which places among a part's pieces; a default stands there until then."""


@dataclass(frozen=True, slots=True)
class QuotedPart:
    """A part in quoted-printable, encoded but for its gaps; `at` is what of a `Value` stands in them."""

    encoding: ClassVar = "quoted-printable"
    pieces: tuple[bytes, ...]
    gaps: Gaps
    at: Literal[1, 2]

    def filled(self, values: dict[str, Value]) -> list[bytes]:
        """Write the part for one recipient, in pieces to be joined."""
        pieces, at = list(self.pieces), self.at
        for name, places in self.gaps:
            if row := values[name][at]:
                for place in places:
                    pieces[place] = row
        return pieces


@dataclass(frozen=True, slots=True)
class PackedPart:
    """A part that will be in base64: plain text, whose values are escaped for where they stand."""

    encoding: ClassVar = "base64"
    pieces: tuple[str, ...]
    gaps: Gaps
    escape: Callable[[str], str]

    def filled(self, values: dict[str, Value]) -> list[bytes]:
        """Write the part for one recipient."""
        pieces = list(self.pieces)
        for name, places in self.gaps:
            if value := values[name][0]:
                for place in places:
                    pieces[place] = self.escape(value)
        return [packed(_utf8("".join(pieces)))]


BodyPart: TypeAlias = QuotedPart | PackedPart


@lru_cache(maxsize=1024)
def written(value: str) -> Value:
    """Write a field's value, which is printable text. Towns and first names come again and again."""
    if len(value) <= ROW and is_plain(value):
        row = b"=\r\n" + value.encode()
        return value, row, row
    escaped, row = html.escape(value), _alone(value)
    return value, row, row if escaped == value else _alone(escaped)


def followed(value: Value, token: str) -> Value:
    """Write a URL that differs for each recipient in its end alone, a token of letters that stand for themselves
    everywhere: what is before it is written once for all.
    """
    text, plain, in_html = value
    row = b"=\r\n" + token.encode("ascii")
    return text + token, plain + row, in_html + row


def plain_part(text: str, fence: str) -> BodyPart:
    """Cut and encode a text in which values stand as they are."""
    return _part(_clean(text), fence, at=1, escape=str)


def html_part(text: str, fence: str) -> BodyPart:
    """Cut and encode HTML, in whose text or quoted attributes values stand escaped."""
    return _part(_clean(text), fence, at=2, escape=html.escape)


def _clean(text: str) -> str:
    return text.replace("\x00", "").replace("\r\n", "\n").replace("\r", "\n")


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _part(text: str, fence: str, *, at: Literal[1, 2], escape: Callable[[str], str]) -> BodyPart:
    """Choose the encoding in which what is the same for all recipients is shorter."""
    around, tokens = cut(text, fence)
    gaps = _gaps(token.name for token in tokens)
    shared = "".join(around)
    if len(packed(_utf8(shared))) < len(quoted(shared)):
        around, tokens = cut(text.replace("\n", "\r\n"), fence)
        return PackedPart(_laid(around, [token.default for token in tokens]), gaps, escape)
    rows = (quoted(around[0]), *map(_quoted_after, around[1:]))
    return QuotedPart(_laid(rows, [_alone(token.default) for token in tokens]), gaps, at)


def _laid(around: Sequence[AnyStr], defaults: Sequence[AnyStr]) -> tuple[AnyStr, ...]:
    """Lay pieces and what stands between them in a row."""
    laid = [around[0]]
    for default, after in zip(defaults, around[1:], strict=True):
        laid += (default, after)
    return tuple(laid)


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
