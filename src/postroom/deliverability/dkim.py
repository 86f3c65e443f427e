"""The public halves of the keys that sign: published, readable, long enough, and of the same key?

A record stands at `<selector>._domainkey.<domain>` (RFC 6376 §3.6.1; for Ed25519 RFC 8463).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)

from postroom.deliverability.lookup import Failed, Found, Lookup
from postroom.deliverability.place import Place, record
from postroom.deliverability.tags import Malformed, parse
from postroom.model import Finding

LEAST_BITS: Final = 1024
"""Verifiers must not take shorter RSA keys (RFC 8301 §3.2); Gmail and Yahoo ask for as many."""

GOOD_BITS: Final = 2048
"""What signers should use at least (RFC 8301 §3.2), and Gmail recommends."""

_ED25519_BYTES: Final = 32  # RFC 8032 §5.1.5
_FLAGS: Final = frozenset({"y", "s"})

Public: TypeAlias = RSAPublicKey | bytes
"""A public key: RSA, or the 32 bytes of Ed25519."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """A signature that mail gets: where receivers look for the public key, and the private one in PEM.

    `pem` is None where the key cannot be had; `place` is where config.yaml names it.
    """

    domain: str
    selector: str
    place: Place
    pem: bytes | None = field(repr=False)

    @property
    def name(self) -> str:
        """Where its record stands."""
        return f"{self.selector}._domainkey.{self.domain}"

    def signs_for(self, sender: str) -> bool:
        """Say whether mail from a domain gets this signature: from its own, and from those below it."""
        return f".{sender}".endswith(f".{self.domain}")


def inspect(signings: Sequence[Signing], lookup: Lookup) -> tuple[Finding, ...]:
    """Judge the record of each signature."""
    return tuple(finding for each in signings for finding in _of(each, lookup))


def record_of(signing: Signing) -> str:
    """Write the DNS record that belongs to a signature's private key; only its place where that cannot be read."""
    public = public_half(signing.pem)
    if public is None:
        return f"the TXT record of {signing.name}"
    return record(signing.name, "TXT", f"v=DKIM1; k={_kind(public)}; p={_written(public)}")


def public_half(pem: bytes | None) -> Public | None:
    """Derive the public key of a private one; None where there is none that DKIM knows."""
    if pem is None:
        return None
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    match key:
        case RSAPrivateKey():
            return key.public_key()
        case Ed25519PrivateKey():
            return key.public_key().public_bytes_raw()
    return None


def _of(signing: Signing, lookup: Lookup) -> Iterator[Finding]:
    answer = lookup(signing.name, "TXT")
    if isinstance(answer, Failed):
        yield signing.place.unanswered(signing.name, "TXT", answer)
        return
    texts = answer.values if isinstance(answer, Found) else ()
    if not texts:
        yield signing.place.error(
            "dkim-missing",
            f"{signing.name} has no DKIM record, so no signature of this key "
            f"can be verified; publish {record_of(signing)}",
        )
    elif len(texts) > 1:
        yield signing.place.error(
            "dkim-many",
            f"{signing.name} has {len(texts)} TXT records, and which one counts is "
            f"not defined (RFC 6376 §3.6.2.2); leave only {record_of(signing)}",
        )
    else:
        yield from _of_text(texts[0], signing)


def _of_text(text: str, signing: Signing) -> Iterator[Finding]:
    try:
        tags = parse(text)
        if "p" not in tags:
            raise Malformed("there is no p=, the key itself")
        if "v" in tags and (tags["v"] != "DKIM1" or next(iter(tags)) != "v"):
            raise Malformed("v=DKIM1 has to stand first, exactly so")
    except Malformed as fault:
        yield _unreadable(signing, str(fault))
        return
    if not tags["p"]:
        yield signing.place.error(
            "dkim-revoked",
            f"{signing.name} says by an empty p= that this key is revoked "
            f"(RFC 6376 §3.6.1); sign by another, or publish {record_of(signing)}",
        )
        return
    yield from _of_key(tags, signing)
    yield from _of_limits(tags, signing)


def _of_key(tags: Mapping[str, str], signing: Signing) -> Iterator[Finding]:
    kind = tags.get("k", "rsa").lower()
    try:
        public = _read(kind, tags["p"])
    except Malformed as fault:
        yield _unreadable(signing, str(fault))
        return
    yield from _of_length(public, signing)
    ours = public_half(signing.pem)
    if ours is not None and not _is_same(public, ours):
        other = f"another kind of key ({kind})" if type(public) is not type(ours) else "another key"
        yield signing.place.error(
            "dkim-other-key",
            f"{signing.name} publishes {other} than the one that signs, so "
            f"every signature fails; publish {record_of(signing)}",
        )


def _of_length(public: Public, signing: Signing) -> Iterator[Finding]:
    if isinstance(public, bytes) or public.key_size >= GOOD_BITS:
        return
    cure = "make a longer one with `openssl genrsa -out dkim.pem 2048`, and publish it under another selector first"
    if public.key_size < LEAST_BITS:
        yield signing.place.error(
            "dkim-short",
            f"the key at {signing.name} has {public.key_size} bits, and receivers "
            f"take none below {LEAST_BITS}; {cure}",
        )
    else:
        yield signing.place.warning(
            "dkim-shortish",
            f"the key at {signing.name} has {public.key_size} bits; it should have {GOOD_BITS}: {cure}",
        )


def _of_limits(tags: Mapping[str, str], signing: Signing) -> Iterator[Finding]:
    """Judge what the record allows the key for: hashes (h=), services (s=) and flags (t=)."""
    hashes, services = _words(tags.get("h")), _words(tags.get("s"))
    if hashes and "sha256" not in hashes:
        yield signing.place.error(
            "dkim-hash",
            f"{signing.name} allows only h={tags['h']}, and mail is signed with sha256; take h= out",
        )
    if services and not services & {"*", "email"}:
        yield signing.place.error(
            "dkim-service",
            f"{signing.name} allows the key only for s={tags['s']}; write s=email, or take s= out",
        )
    flags = _words(tags.get("t"))
    if "y" in flags:
        yield signing.place.warning(
            "dkim-testing",
            f"{signing.name} says t=y, that DKIM is only tried out, so that "
            "receivers may heed no signature; take the y out once mail verifies",
        )
    if "s" in flags:
        yield signing.place.info(
            "dkim-strict",
            f"{signing.name} says t=s: the key signs for {signing.domain} alone "
            "and not for names below it; Postroom's signatures keep to that",
        )
    if odd := flags - _FLAGS:
        yield signing.place.info(
            "dkim-flags", f"{signing.name} says t={':'.join(sorted(odd))}, which receivers pass over"
        )


def _unreadable(signing: Signing, why: str) -> Finding:
    return signing.place.error(
        "dkim-syntax",
        f"the DKIM record at {signing.name} cannot be read: {why}; publish {record_of(signing)}",
    )


def _read(kind: str, text: str) -> Public:
    """Read a published key. Raises Malformed."""
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("p= is no base64, as if it were cut or copied with something else") from error
    if kind == "ed25519":
        if len(data) != _ED25519_BYTES:
            raise Malformed(
                f"an Ed25519 key has {_ED25519_BYTES} bytes, and p= has {len(data)} (RFC 8463 §4)"
            )
        return data
    if kind != "rsa":
        raise Malformed(f"k={kind[:20]} is no kind of key that receivers know; there are rsa and ed25519")
    try:
        key = load_der_public_key(data)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Malformed("p= holds no RSA key, as if it were cut") from error
    if not isinstance(key, RSAPublicKey):
        raise Malformed("p= holds another kind of key than k= says")
    return key


def _is_same(one: Public, other: Public) -> bool:
    if isinstance(one, bytes) or isinstance(other, bytes):
        return one == other
    return one.public_numbers() == other.public_numbers()


def _kind(public: Public) -> str:
    return "ed25519" if isinstance(public, bytes) else "rsa"


def _written(public: Public) -> str:
    if isinstance(public, bytes):
        return base64.b64encode(public).decode()
    return base64.b64encode(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


def _words(value: str | None) -> frozenset[str]:
    return frozenset(filter(None, (each.strip() for each in (value or "").lower().split(":"))))
