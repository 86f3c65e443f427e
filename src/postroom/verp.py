"""Addresses that say which mail came back to them: `bounces+TOKEN@…`, one for each mail (VERP).

A token is the number of the mail in hexadecimal digits, and 128 bits of HMAC-SHA256 over its Message-ID, of which the
number is a part. Servers that make small letters of an address do no harm to it; with `bounces+` it has at most 58
characters, of the 64 that a local part may have (RFC 5321 §4.5.3.1.1).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

PLACE: Final = "{token}"
"""What stands in `return_path` where each mail has its token."""

PREFIX: Final = "bounces+"
"""What a token is found behind when it comes back."""

_MAC_DIGITS: Final = 32  # 128 bits: half of the hash, the least that RFC 2104 §5 advises to leave of it
_TOKEN: Final = re.compile(rf"([0-9a-f]{{1,15}})-([0-9a-f]{{{_MAC_DIGITS}}})", re.IGNORECASE | re.ASCII)


def token(keys: Sequence[bytes], number: int, message_id: str) -> str:
    """Write the token of the mail with a number and a Message-ID. The first key signs."""
    return f"{number:x}-{_mac(keys[0], message_id)}"


def number_in(token: str) -> int | None:
    """Read the number of the mail that a token claims to be of; None where it is no token."""
    found = _TOKEN.fullmatch(token)
    return None if found is None else int(found[1], 16)


def is_of(keys: Sequence[bytes], token: str, message_id: str) -> bool:
    """Whether one of `keys` signed a token for the mail with this Message-ID."""
    found = _TOKEN.fullmatch(token)
    if found is None:
        return False
    given = found[2].lower()
    return any(hmac.compare_digest(given, _mac(key, message_id)) for key in keys)


def _mac(key: bytes, message_id: str) -> str:
    mac = _keyed(key).copy()
    mac.update(message_id.encode())
    return mac.hexdigest()[:_MAC_DIGITS]


@lru_cache(maxsize=16)
def _keyed(key: bytes) -> hmac.HMAC:
    """Start a MAC that is good for this purpose alone: to be copied, never fed."""
    return hmac.new(hmac.new(key, b"postroom bounce", hashlib.sha256).digest(), digestmod=hashlib.sha256)
