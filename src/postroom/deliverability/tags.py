"""Lists of tags, `v=DKIM1; p=…`, as DKIM and DMARC records have them (RFC 6376 §3.2, RFC 7489 §6.4)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_BLANKS: Final = " \t\r\n"


class Malformed(ValueError):
    """A record breaks its grammar; the message is a clause that says where, and what to write."""


def parse(text: str) -> Mapping[str, str]:
    """Read a list of tags, in its order. Raises Malformed."""
    if (odd := _unwritable(text)) is not None:
        raise Malformed(f"it holds {odd}; write plain ASCII")
    parts = text.split(";")
    if not parts[-1].strip(_BLANKS):
        parts.pop()
    tags: dict[str, str] = {}
    for part in parts:
        name, value = _tag(part)
        if name in tags:
            raise Malformed(f"{name}= stands there twice; keep one")
        tags[name] = value
    return tags


def _tag(part: str) -> tuple[str, str]:
    name, sign, value = (each.strip(_BLANKS) for each in part.partition("="))
    if not sign or not _NAME.fullmatch(name):
        shown = part.strip(_BLANKS)[:40]
        raise Malformed(f"{shown!r} is no tag; write `name=value` with `;` between tags")
    return name, value


def _unwritable(text: str) -> str | None:
    """Tell the first character that no tag may hold, and the marks of a record copied with its escapes."""
    for character in text:
        if not (" " <= character <= "~" or character in _BLANKS):
            return f"the byte 0x{ord(character):02X}"
    if "\\" in text:
        return "a backslash, as if copied with the escapes of a zone file"
    return "quotation marks" if '"' in text else None
