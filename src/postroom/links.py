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

from itsdangerous import BadSignature, Signer
from itsdangerous.signer import HMACAlgorithm

_MAC_BYTES: Final = 12
"""96 bits of HMAC-SHA256. RFC 2104 §5 allows to cut a hash, but not below 80 bits; each guess costs a
request to our own server, so that more would lengthen the link and protect nobody.
"""

_MAX_PART_BYTES: Final = 239
_UUID_BYTES: Final = 16
_FOR_URLS: Final = bytes.maketrans(b"+/", b"-_")
_UUID: Final = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DASHED, _BARE = 254, 255  # the marks of its two spellings
_UUID_SPELLINGS: Final[Mapping[int, Callable[[UUID], str]]] = {_DASHED: str, _BARE: attrgetter("hex")}


class _ShortHMAC(HMACAlgorithm):
    """HMAC, cut to the length that a link can afford."""

    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return super().get_signature(key, value)[:_MAC_BYTES]


def token(keys: Sequence[bytes], purpose: str, *parts: str) -> str:
    """Write a token for URLs that carries `parts` and is good for `purpose` only.

    The first key signs, and gives what itsdangerous would, which derives it anew each time. The same
    arguments always give the same token. A part that is a UUID takes 17 bytes, any other its UTF-8
    length and one. Raises ValueError without a key, or for a part of more than 239 bytes.
    """
    if not keys:
        raise ValueError("a link cannot be signed without a key")
    text = _spelled(_pack(parts[0]) if len(parts) == 1 else b"".join(map(_pack, parts)))
    mac = _keyed(keys[0], purpose).copy()
    mac.update(text)
    return (text + b"." + _spelled(mac.digest()[:_MAC_BYTES])).decode("ascii")


def read(keys: Sequence[bytes], purpose: str, token: str) -> tuple[str, ...] | None:
    """Return the parts of a token that one of `keys` signed for `purpose`; None for anything else."""
    if not keys or not token.isascii():
        return None
    try:
        text = _signer(keys, purpose).unsign(token)
        return tuple(_unpack(base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))))
    except (BadSignature, ValueError):
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


@lru_cache(maxsize=16)
def _keyed(key: bytes, purpose: str) -> hmac.HMAC:
    """Start what `_signer` computes for a token, up to the token's text: to be copied, never fed."""
    return hmac.new(_signer((key,), purpose).derive_key(), digestmod=hashlib.sha256)


def _pack(part: str) -> bytes:
    """Write a part as one byte that tells its length or spelling, then its bytes."""
    if _UUID.fullmatch(part):
        return binascii.unhexlify(f"{_DASHED if '-' in part else _BARE:x}{part.replace('-', '')}")
    encoded = part.encode()
    if len(encoded) > _MAX_PART_BYTES:
        raise ValueError(f"a part of {len(encoded)} bytes is too long for a link")
    return bytes([len(encoded)]) + encoded


def _unpack(packed: bytes) -> Iterator[str]:
    """Undo `_pack` for all parts. The signature was checked, so a fault means another version."""
    while packed:
        spell = _UUID_SPELLINGS.get(packed[0])
        size = packed[0] if spell is None else _UUID_BYTES
        part, packed = packed[1 : size + 1], packed[size + 1 :]
        if len(part) < size:
            raise ValueError("the token is cut short")
        yield part.decode() if spell is None else spell(UUID(bytes=part))
