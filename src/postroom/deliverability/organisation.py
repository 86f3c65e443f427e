"""Which domain of an organisation a name belongs to, by the Public Suffix List (RFC 7489 §3.2).

The list comes with the library and is read from its file alone. RFC 9989, which replaces RFC 7489, finds the same
domain by asking the DNS upwards; the two differ where a registry publishes `psd=`.
"""

from __future__ import annotations

from functools import lru_cache

from publicsuffixlist import PublicSuffixList


def organisation(domain: str) -> str:
    """Return the organisational domain of a name (in ASCII): itself where there is none above it."""
    name = domain.lower().removesuffix(".")
    return _suffixes().privatesuffix(name) or name


def is_aligned(signed: str, sender: str, *, strict: bool) -> bool:
    """Say whether a domain that was verified speaks for that of From (RFC 7489 §3.1)."""
    if strict:
        return signed.lower() == sender.lower()
    return organisation(signed) == organisation(sender)


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()
