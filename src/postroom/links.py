"""Signed links: a token in a URL that says who may do what, and that nobody else can make.

A token holds no address. It is bound to its purpose, so one made to unsubscribe cannot confirm. It is
short, because a List-Unsubscribe URL of 76 characters or more is what libraries like to break.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Final
from uuid import UUID

from itsdangerous import Signer
from itsdangerous.signer import HMACAlgorithm

_MAC_BYTES: Final = 16
"""128 bits of HMAC-SHA256: half of it, the least that RFC 2104 §5 advises to leave of a hash."""

_MAX_PART_BYTES: Final = 239
_MAX_TOKEN_CHARACTERS: Final = (
    2000  # far below what servers take as a line of a request, far above what we write
)
_UUID_BYTES: Final = 16
_FOR_URLS: Final = bytes.maketrans(b"+/", b"-_")
_UUID: Final = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_FILLER, _DASHED, _BARE = 253, 254, 255  # no part; the marks of a UUID's two spellings
_UUID_SPELLINGS: Final[Mapping[int, Callable[[UUID], str]]] = {_DASHED: str, _BARE: attrgetter("hex")}

_PERSON: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
"""A UUID of version 7 (RFC 9562 §5.7): six of its bits are the same in all."""

_SAME: Final = 7 << 76 | 2 << 62
_FREE: Final = 0xF << 76 | 3 << 62
_SMALL: Final = {"": 0} | {str(number): number for number in range(1, 64)}
"""What six bits can say beside a person: nothing, or the number of a list."""


class _ShortHMAC(HMACAlgorithm):
    """HMAC, cut to the length that a link can afford."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return super().get_signature(key, value)[:_MAC_BYTES]


def token(keys: Sequence[bytes], purpose: str, *parts: str) -> str:
    """Write a token for URLs that carries `parts` and is good for `purpose` only.

    The first key signs, and gives what itsdangerous would, which derives it anew each time. The same
    arguments always give the same token. A subscriber's uuid, alone or with a number up to 63, makes 43
    characters. Otherwise a part that is a UUID takes 17 bytes, any other its UTF-8 length and one.
    Raises ValueError without a key, or for a part of more than 239 bytes.
    """
    if not keys:
        raise ValueError("a link cannot be signed without a key")
    packed = _pack(parts)
    mac = _keyed(keys[0], purpose).copy()
    mac.update(packed)
    return _spelled(packed + mac.digest()[:_MAC_BYTES]).decode("ascii")


def read(keys: Sequence[bytes], purpose: str, token: str) -> tuple[str, ...] | None:
    """Return the parts of a token that one of `keys` signed for `purpose`; None for anything else."""
    signed = _bytes_of(token)
    packed, mac = signed[:-_MAC_BYTES], signed[-_MAC_BYTES:]
    if not keys or not packed or not _signer(keys, purpose).verify_signature(packed, _spelled(mac)):
        return None
    try:
        return tuple(_unpack(packed))
    except ValueError:
        return None


def _signer(keys: Sequence[bytes], purpose: str) -> Signer:
    """Build the signer. itsdangerous signs with its last key and compares in constant time."""
    return Signer(
        list(reversed(keys)),
        salt=b"postroom " + purpose.encode(),
        key_derivation="hmac",
        digest_method=hashlib.sha256,
        algorithm=_ShortHMAC(hashlib.sha256),
    )


def _spelled(data: bytes) -> bytes:
    """Write bytes in the letters that URLs may hold (RFC 4648 §5), without padding."""
    return binascii.b2a_base64(data, newline=False).translate(_FOR_URLS).rstrip(b"=")


def _bytes_of(token: str) -> bytes:
    """Undo `_spelled`; nothing for what it would never write, so that no token has a second spelling."""
    if not token.isascii() or len(token) > _MAX_TOKEN_CHARACTERS:
        return b""
    text = token.encode()
    try:
        data = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except ValueError:
        return b""
    return data if _spelled(data) == text else b""


@lru_cache(maxsize=16)
def _keyed(key: bytes, purpose: str) -> hmac.HMAC:
    """Start what `_signer` computes for a token, up to what the token holds: to be copied, never fed."""
    return hmac.new(_signer((key,), purpose).derive_key(), digestmod=hashlib.sha256)


def _pack(parts: Sequence[str]) -> bytes:
    """Write all parts. A person, alone or with a small number, takes 16 bytes; all else takes more."""
    if 1 <= len(parts) <= 2 and _PERSON.fullmatch(parts[0]):
        number = _SMALL.get(parts[1], 0) if len(parts) == 2 else 0
        if number or len(parts) == 1:
            bits = int(parts[0].replace("-", ""), 16) & ~_FREE
            return (bits | number >> 2 << 76 | (number & 3) << 62).to_bytes(_UUID_BYTES, "big")
    return b"".join(map(_marked, parts)).ljust(_UUID_BYTES + 1, bytes([_FILLER]))


def _marked(part: str) -> bytes:
    """Write a part as one byte that tells its length or spelling, then its bytes."""
    if _UUID.fullmatch(part):
        return binascii.unhexlify(f"{_DASHED if '-' in part else _BARE:x}{part.replace('-', '')}")
    encoded = part.encode()
    if len(encoded) > _MAX_PART_BYTES:
        raise ValueError(f"a part of {len(encoded)} bytes is too long for a link")
    return bytes([len(encoded)]) + encoded


def _unpack(packed: bytes) -> Iterator[str]:
    """Undo `_pack`. The signature was checked, so a fault means another version."""
    if len(packed) == _UUID_BYTES:
        yield from _person_of(int.from_bytes(packed, "big"))
        return
    while packed and packed[0] != _FILLER:
        spell = _UUID_SPELLINGS.get(packed[0])
        size = packed[0] if spell is None else _UUID_BYTES
        part, packed = packed[1 : size + 1], packed[size + 1 :]
        if len(part) < size:
            raise ValueError("the token is cut short")
        yield part.decode() if spell is None else spell(UUID(bytes=part))


def _person_of(bits: int) -> Iterator[str]:
    number = (bits >> 76 & 0xF) << 2 | bits >> 62 & 3
    yield str(UUID(int=bits & ~_FREE | _SAME))
    if number:
        yield str(number)
