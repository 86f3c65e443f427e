"""Strangers' words, made safe: one printable line, an address, a Message-ID, a moment.

Whatever cannot be read is "" or None, for most of what comes back is only half as it should be.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from postroom.address import MAX_CHARACTERS, normalise
from postroom.errors import AddressError

MAX_REASON: Final = 500
"""Enough for the longest answers of large providers, which take five or six lines of an SMTP reply."""

MAX_ID: Final = 995
"""The longest Message-ID that fits a line of 998 characters (RFC 5322 §2.1.1), and the most we keep of any id."""

_UNPRINTABLE: Final = re.compile("[\x00-\x20\x7f-\xa0\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")
_TOKEN: Final = re.compile(r"(?<![\w.+-])bounces\+([A-Za-z0-9._=-]{1,200})@[\w.-]", re.IGNORECASE | re.ASCII)
_HEXED: Final = re.compile(r"\+([0-9A-F]{2})")
_MESSAGE_ID: Final = re.compile(r"<?([!-;=?-~]{1,995})>?")


def line(text: str, most: int = MAX_REASON) -> str:
    """Write a text on one printable line of at most `most` characters."""
    return _UNPRINTABLE.sub(" ", text[: 8 * most]).strip()[:most].rstrip()


def address(text: str) -> str:
    """Read one address; "" if there is none that mail could be written to."""
    bare = text.strip(" \t\r\n<>\"'\\;,").removeprefix("mailto:")
    if len(bare) > MAX_CHARACTERS or bare.count("@") != 1:
        return ""
    try:
        return normalise(bare).address
    except AddressError:
        return ""


def typed_address(field: str) -> str:
    """Read a field such as `rfc822; ada@example.org` (RFC 3464 §2.1.2), with its xtext (RFC 3461 §4) undone."""
    _, _, given = field.rpartition(";")
    bare = given.partition("(")[0]
    if "@" not in bare:
        bare = _HEXED.sub(lambda found: chr(int(found[1], 16)), bare)
    return address(bare)


def message_id(text: str) -> str:
    """Read the first Message-ID of a header, without its brackets."""
    words = text[: 2 * MAX_ID].split()
    found = _MESSAGE_ID.fullmatch(words[0]) if words else None
    return line(found[1], MAX_ID) if found else ""


def token(text: str) -> str:
    """Find the token in an address such as `bounces+token@mail.example` (VERP)."""
    found = _TOKEN.search(text)
    return found[1] if found else ""


def moment(text: str, now: datetime) -> datetime | None:
    """Read the date of a mail; what lies after `now` is `now`."""
    try:
        read = parsedate_to_datetime(text[:100])
        return min(_aware(read), now)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None


def iso_moment(text: str, now: datetime) -> datetime | None:
    """Read an ISO 8601 date as providers write it; what lies after `now` is `now`."""
    try:
        return min(_aware(datetime.fromisoformat(text[:40])), now)
    except (ValueError, OverflowError):
        return None


def _aware(moment: datetime) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
