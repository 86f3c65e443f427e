"""DKIM signatures (RFC 6376) for letters, with RSA or Ed25519 (RFC 8463).

The body is taken as it is (`simple`): our own bytes are canonical already, and no server on the way has a
reason to change 7-bit lines of at most 76 characters. Headers are `relaxed`, for relays fold them anew.

A signature is a function of the message and its date. RSA and Ed25519 sign without chance, so an attempt
that is repeated sends the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from postroom.errors import HeaderError, SigningError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

SIGNED: Final = (
    b"From", b"Sender", b"Reply-To", b"To", b"Subject", b"Date", b"Message-ID", b"List-Id", b"List-Unsubscribe",
    b"List-Unsubscribe-Post", b"MIME-Version", b"Content-Type",
)  # fmt: skip
"""What is signed where it stands (RFC 6376 §5.4.1; RFC 8058 §4 demands both List-Unsubscribe headers)."""

OVERSIGNED: Final = frozenset({b"From", b"Reply-To", b"To", b"Subject", b"Date"})
"""What nobody may add a second time, or at all, on the way (RFC 6376 §8.15)."""

LEAST_BITS: Final = 1024
"""Verifiers must not take shorter RSA keys (RFC 8301 §3.2)."""

GOOD_BITS: Final = 2048
"""What signers should use at least (RFC 8301 §3.2)."""

_LABEL: Final = "[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?"
_NAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_MAX_NAME: Final = 253  # RFC 1035 §3.1, as text
_OURS: Final = b"DKIM-Signature"
_FOLD: Final = b"\r\n "
_ROW: Final = 72
_PIECE: Final = 2047  # bytes; from 2,048 on hashlib releases the lock
_RSA_CURE: Final = "make one with `openssl genrsa -out dkim.pem 2048`"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Signer:
    """A private key, and where receivers find its public half: `<selector>._domainkey.<domain>`.

    Without a domain it signs for any sender, as the domain of From. `bits` is the length of an RSA key,
    None for Ed25519. Threads may share a signer.
    """

    domain: str | None
    selector: str
    algorithm: str
    bits: int | None
    sign: Callable[[bytes], bytes] = field(repr=False)

    @classmethod
    def from_pem(cls, pem: bytes, *, domain: str | None = None, selector: str) -> Signer:
        """Read a private key in PEM. Raises SigningError, which says how to mend what is wrong."""
        for what, name in (("domain", domain), ("selector", selector)):
            if name is not None and not (len(name) <= _MAX_NAME and _NAME.fullmatch(name)):
                raise SigningError(f"{name!r} is no DKIM {what}; write letters, digits, hyphens and dots")
        algorithm, bits, sign = _way_of(_read(pem))
        spelled = domain.lower() if domain else None
        return cls(domain=spelled, selector=selector, algorithm=algorithm, bits=bits, sign=sign)

    @property
    def is_weak(self) -> bool:
        """Whether the key is shorter than it should be today."""
        return self.bits is not None and self.bits < GOOD_BITS

    def is_aligned(self, domain: str) -> bool:
        """Whether it may speak for mail from this domain: for its own and for those below it."""
        return self.domain is None or f".{domain.lower()}".endswith(f".{self.domain}")


def aligned(signers: Sequence[Signer], domain: str) -> tuple[Signer, ...]:
    """Choose who signs mail from this domain, each with a domain; nobody where there are no signers at all.

    Raises HeaderError where there are some, but receivers would take none of them for the sender's.
    """
    found = tuple(signer for signer in signers if signer.is_aligned(domain))
    if signers and not found:
        known = ", ".join(dict.fromkeys(str(signer.domain) for signer in signers))
        raise HeaderError(
            f"From: no DKIM key is for {domain}, only for {known}; add a key whose domain is {domain} "
            f"or write `from` with an address there"
        )
    return tuple(replace(signer, domain=signer.domain or domain) for signer in found)


def signatures(signers: Iterable[Signer], head: bytes, body: bytes, date: datetime) -> bytes:
    """Write one DKIM-Signature header for each signer, to stand before `head`.

    `head` are complete headers without the empty line, each there once and folded with blanks; `body`
    ends in one CRLF; `date` is the letter's, so that the same letter is always signed alike.
    """
    values = dict(map(_canonical, head.replace(_FOLD, b" ").splitlines()))
    present = tuple(name for name in SIGNED if name.lower() in values)
    canonical = b"\r\n".join([*(values[name.lower()] for name in present), b""])
    shared = b"t=%d;\r\n h=%b;\r\n bh=%b;\r\n b=" % (
        int(date.timestamp()),
        _names(present),
        base64.b64encode(_digest(body)),
    )
    return b"".join([_signed(signer, shared, canonical) for signer in signers])


def _digest(body: bytes) -> bytes:
    """Hash a body in pieces so short that hashlib keeps the interpreter's lock: where other threads want it, to hand it
    over and get it back takes longer than to hash a mail.
    """
    digest, view = hashlib.sha256(), memoryview(body)
    for at in range(0, len(body), _PIECE):
        digest.update(view[at : at + _PIECE])
    return digest.digest()


def _signed(signer: Signer, shared: bytes, canonical: bytes) -> bytes:
    """Sign the headers and, with nothing yet after its `b=`, the signature itself (RFC 6376 §3.7)."""
    whose = f"a={signer.algorithm}; c=relaxed/simple;\r\n d={signer.domain}; s={signer.selector};"
    tags = b"v=1; %b %b" % (whose.encode("ascii"), shared)
    signature = base64.b64encode(signer.sign(canonical + _relaxed(_OURS, tags.replace(_FOLD, b" "))))
    rows = [signature[at : at + _ROW] for at in range(0, len(signature), _ROW)]
    return b"%b: %b%b\r\n" % (_OURS, tags, _FOLD.join(rows))


@lru_cache(maxsize=256)
def _canonical(line: bytes) -> tuple[bytes, bytes]:
    """Take a header apart: its name in small letters, and its relaxed form. Most are the same in many letters."""
    name, _, value = line.partition(b":")
    return name.lower(), _relaxed(name, value)


def _relaxed(name: bytes, value: bytes) -> bytes:
    """Write an unfolded header in its relaxed form (RFC 6376 §3.4.2), without its CRLF."""
    return name.lower() + b":" + b" ".join(value.split())


@lru_cache(maxsize=16)
def _names(present: tuple[bytes, ...]) -> bytes:
    """List what is signed, folded after a colon (RFC 6376 §3.5, h=)."""
    names = [name for name in SIGNED for _ in range((name in present) + (name in OVERSIGNED))]
    rows = [b""]
    for name in names:
        if len(rows[-1]) + len(name) > _ROW:
            rows.append(b"")
        rows[-1] += name + b":"
    return _FOLD.join(rows)[:-1]


def _read(pem: bytes) -> PrivateKeyTypes:
    """Read a private key, or tell what was given instead."""
    from cryptography.exceptions import UnsupportedAlgorithm  # 40 ms that --help need not wait for
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    if b"PUBLIC KEY-----" in pem:
        raise SigningError("this DKIM key is the public one, which belongs in the DNS; give the private one")
    if b"ENCRYPTED" in pem:
        raise SigningError(
            "this DKIM key asks for a passphrase; write it without: `openssl pkey -in dkim.pem -out open.pem`"
        )
    try:
        return load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SigningError(f"this is no private key in PEM that can be read; {_RSA_CURE}") from error


def _way_of(key: PrivateKeyTypes) -> tuple[str, int | None, Callable[[bytes], bytes]]:
    """Tell an algorithm's name, an RSA key's length, and how to sign. Signing releases the GIL."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
    from cryptography.hazmat.primitives.hashes import SHA256

    match key:
        case RSAPrivateKey(key_size=bits) if bits < LEAST_BITS:
            raise SigningError(f"this DKIM key has {bits} bits, and mail servers want 2048; {_RSA_CURE}")
        case RSAPrivateKey(key_size=bits):
            ready = Prehashed(SHA256())
            return "rsa-sha256", bits, lambda data: key.sign(hashlib.sha256(data).digest(), PKCS1v15(), ready)
        case Ed25519PrivateKey():  # RFC 8463 §3: it signs the hash
            return "ed25519-sha256", None, lambda data: key.sign(hashlib.sha256(data).digest())
    raise SigningError(f"DKIM knows RSA and Ed25519, and this is another kind of key; {_RSA_CURE}")
